// What is read off the running parts when metrics are scraped.
import type { Denylist, DenylistStatus } from '../denylist/port.ts'
import type { RefreshingKeyRing } from '../tokens/key-ring.ts'
import type { Metrics } from './metrics.ts'

export interface GaugeSources {
  readonly denylist: Denylist
  /** Key rings by the name of their issuer. */
  readonly rings: ReadonlyMap<string, RefreshingKeyRing>
  readonly cache: { readonly size: number }
  readonly authorization: { readonly inFlight: number }
}

const denylistStates: readonly DenylistStatus['state'][] = ['starting', 'live', 'stale', 'recovering']

export function provideGauges(metrics: Metrics, { denylist, rings, cache, authorization }: GaugeSources): void {
  const one = (value: number) => [{ labels: {}, value }]
  const perIssuer = (read: (ring: RefreshingKeyRing) => number) => () =>
    [...rings].map(([issuer, ring]) => ({ labels: { issuer }, value: read(ring) }))

  metrics.provide('postern_checks_in_flight', () => one(authorization.inFlight))
  metrics.provide('postern_verified_cache_entries', () => one(cache.size))
  metrics.provide('postern_denylist_entries', () => one(denylist.status().entries))
  metrics.provide('postern_denylist_age_seconds', () => one(seconds(denylist.status().ageMs)))
  metrics.provide('postern_denylist_state', () => {
    const { state } = denylist.status()
    return denylistStates.map((name) => ({ labels: { state: name }, value: name === state ? 1 : 0 }))
  })
  metrics.provide(
    'postern_issuer_keys',
    perIssuer((ring) => ring.status().keys),
  )
  metrics.provide(
    'postern_issuer_keys_age_seconds',
    perIssuer((ring) => seconds(ring.status().ageMs)),
  )
  metrics.provide(
    'postern_issuer_key_load_failures_total',
    perIssuer((ring) => ring.status().failures),
  )
}

function seconds(ms: number | undefined): number {
  return ms === undefined ? Number.NaN : ms / 1000
}
