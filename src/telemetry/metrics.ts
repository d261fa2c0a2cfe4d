// Every metric there is, in one table, and the registry that serves them. Labels take values from enums and names of
// the configuration only, never from a request or a token. docs/metrics.md is generated from the table.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds, in the unit that the name ends with. */
  readonly buckets?: readonly number[]
}

/** From 50 µs, where a Check that needs no signature ends, to the seconds of one that waited for a key. */
const CHECK_SECONDS = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5]

/** From a script on the same machine to an outage; `max_staleness` is 5 s where nobody says otherwise. */
const STORE_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export const metricTable = {
  postern_checks_total: {
    type: 'counter',
    help: 'Checks answered, by policy and by the reason of the verdict (docs/denials.md)',
    labels: ['policy', 'decision', 'reason'],
  },
  postern_check_duration_seconds: {
    type: 'histogram',
    help: 'Time from a decoded gRPC message to its answer',
    labels: [],
    buckets: CHECK_SECONDS,
  },
  postern_checks_in_flight: { type: 'gauge', help: 'Checks in progress', labels: [] },
  postern_verified_cache_entries: { type: 'gauge', help: 'Credential texts remembered as verified', labels: [] },
  postern_denylist_entries: { type: 'gauge', help: 'Revocations held by this process', labels: [] },
  postern_denylist_age_seconds: {
    type: 'gauge',
    help: 'Age of the last proof that the local copy of the denylist is complete; NaN before the first',
    labels: [],
  },
  postern_denylist_state: { type: 'gauge', help: '1 for the state that the denylist is in', labels: ['state'] },
  postern_revocation_propagation_seconds: {
    type: 'histogram',
    help: 'Time from the writing of a revocation to its being applied by this process, never understated. Measured also while nobody revokes, by an entry that token services on Redis write every few seconds',
    labels: [],
    buckets: STORE_SECONDS,
  },
  postern_denylist_beats_total: {
    type: 'counter',
    help: 'Attempts to prove that the local copy is fresh, by outcome: fresh; behind (more to fetch); lost or broken (see data losses); quarantined (a data set that recovers); ignored (too late); failed',
    labels: ['outcome'],
  },
  postern_denylist_beat_duration_seconds: {
    type: 'histogram',
    help: 'Duration of the attempts that were answered',
    labels: [],
    buckets: STORE_SECONDS,
  },
  postern_denylist_snapshots_total: {
    type: 'counter',
    help: 'Readings of the whole denylist, by outcome (done or failed)',
    labels: ['outcome'],
  },
  postern_denylist_snapshot_duration_seconds: {
    type: 'histogram',
    help: 'Duration of the readings that were done',
    labels: [],
    buckets: STORE_SECONDS,
  },
  postern_denylist_data_losses_total: {
    type: 'counter',
    help: 'The store was seen to be another one (lost) or to have another history (broken) than before. Nothing known here was forgotten',
    labels: ['kind'],
  },
  postern_denylist_healed_entries_total: {
    type: 'counter',
    help: 'Revocations that this process added back to the store',
    labels: [],
  },
  postern_denylist_consultations_total: {
    type: 'counter',
    help: 'Questions to the store for single Checks, in lookup mode or above max_entries, by outcome (answered or failed)',
    labels: ['outcome'],
  },
  postern_denylist_consultation_duration_seconds: {
    type: 'histogram',
    help: 'Duration of these questions',
    labels: [],
    buckets: STORE_SECONDS,
  },
  postern_issuer_keys: { type: 'gauge', help: 'Usable verification keys of an issuer', labels: ['issuer'] },
  postern_issuer_keys_age_seconds: {
    type: 'gauge',
    help: 'Time since the keys of an issuer were last loaded; NaN before the first',
    labels: ['issuer'],
  },
  postern_issuer_key_load_failures_total: {
    type: 'counter',
    help: 'Failed attempts to load the keys of an issuer',
    labels: ['issuer'],
  },
  postern_token_calls_total: {
    type: 'counter',
    help: 'Calls to the token service, by method, caller and result (ok or the reason of the error)',
    labels: ['method', 'caller', 'result'],
  },
} as const satisfies Readonly<Record<string, MetricRow>>

export type MetricName = keyof typeof metricTable
type NamesOf<Type extends MetricRow['type']> = {
  [Name in MetricName]: (typeof metricTable)[Name]['type'] extends Type ? Name : never
}[MetricName]
type LabelsOf<Name extends MetricName> = Readonly<Record<(typeof metricTable)[Name]['labels'][number], string>>

export interface Metrics {
  increment<Name extends NamesOf<'counter'>>(name: Name, labels: LabelsOf<Name>, by?: number): void
  observe(name: NamesOf<'histogram'>, value: number): void
  /** Read when scraped. A counter read so must never go down. */
  provide<Name extends NamesOf<'gauge' | 'counter'>>(
    name: Name,
    read: () => readonly { readonly labels: LabelsOf<Name>; readonly value: number }[],
  ): void
  /** Prometheus text exposition format. */
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const counters = new Map<string, Counter>()
  const gauges = new Map<string, Gauge>()
  const histograms = new Map<string, Histogram>()
  const providers = new Map<string, () => readonly { labels: Record<string, string>; value: number }[]>()

  for (const [name, { type, help, labels, ...row }] of Object.entries<MetricRow>(metricTable)) {
    const common = { name, help, labelNames: [...labels], registers: [registry] }
    if (type === 'counter') counters.set(name, new Counter(common))
    else if (type === 'gauge') gauges.set(name, new Gauge(common))
    else histograms.set(name, new Histogram({ ...common, buckets: [...(row.buckets ?? [])] }))
  }

  function pull(): void {
    for (const [name, read] of providers) {
      gauges.get(name)?.reset()
      counters.get(name)?.reset()
      for (const { labels, value } of read()) {
        gauges.get(name)?.set(labels, value)
        counters.get(name)?.inc(labels, value)
      }
    }
  }

  return {
    increment: (name, labels, by = 1) => counters.get(name)?.inc(labels, by),
    observe: (name, value) => histograms.get(name)?.observe(value),
    provide: (name, read) => void providers.set(name, read),
    async scrape() {
      pull()
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}
