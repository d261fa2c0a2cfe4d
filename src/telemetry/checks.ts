// What is told of a Check afterwards: counters for all, log lines for what somebody has to know about.

import { denials } from '../check/denials.ts'
import type { Allow, Deny, Verdict } from '../check/verdict.ts'
import type { Clock } from '../clock.ts'
import { claimAt } from '../tokens/profile.ts'
import type { Log, LogFields } from './log.ts'
import type { Metrics } from './metrics.ts'

export function createCheckObserver(deps: { readonly log: Log; readonly metrics: Metrics; readonly clock: Clock }) {
  const { log, metrics, clock } = deps
  const unprovenLoggedAtMs = new Map<string, number>()
  const counts = createVerdictCounts()
  metrics.provide('postern_checks_total', counts.read)
  return (verdict: Verdict, durationMs: number): void => {
    counts.add(verdict)
    metrics.observe('postern_check_duration_seconds', durationMs / 1000)
    if (verdict.decision === 'deny') logDenial(log, verdict)
    else if (verdict.reason === 'unproven' || verdict.reason === 'unproven_verified') logUnproven(verdict)
  }

  /** One line for each policy and posture at a time: an outage at full traffic must not fill the disk. */
  function logUnproven({ reason, policy: { name: policy }, denylistAgeMs }: Allow): void {
    const nowMs = clock.monotonicMs()
    const key = `${policy} ${reason}`
    if (nowMs - (unprovenLoggedAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < UNPROVEN_LOG_EVERY_MS) return
    unprovenLoggedAtMs.set(key, nowMs)
    const age = denylistAgeMs === undefined ? {} : { durationMs: Math.round(denylistAgeMs) }
    log.warn({ policy, reason, ...age }, 'Allowing tokens although it is not proven that they have not been revoked')
  }
}

const UNPROVEN_LOG_EVERY_MS = 10_000

type VerdictLabels = {
  readonly policy: string
  readonly decision: Verdict['decision']
  readonly reason: Verdict['reason']
}

interface Cell {
  readonly labels: VerdictLabels
  value: number
}

/** Plain numbers, read when somebody asks: a labelled counter costs more than the decision it counts. */
function createVerdictCounts() {
  const byPolicy = new Map<string, Map<Verdict['reason'], Cell>>()
  return {
    add({ decision, reason, policy }: Verdict): void {
      const name = policy?.name ?? ''
      const cells = byPolicy.get(name) ?? new Map<Verdict['reason'], Cell>()
      const cell = cells.get(reason) ?? { labels: { policy: name, decision, reason }, value: 0 }
      cell.value += 1
      if (cell.value === 1) byPolicy.set(name, cells.set(reason, cell))
    },
    read: () => [...byPolicy.values()].flatMap((cells) => [...cells.values()]),
  }
}

function logDenial(log: Log, verdict: Deny): void {
  const { reason } = verdict
  // The row, not the reason: everything that the denylist refuses is logged the same way.
  if (denials[reason] === denials.token_revoked) {
    log.warn(tokenFields(verdict), 'Blocking attempt to use a denylisted token')
  } else if (reason === 'policy_unknown') {
    log.error({ reason }, 'Envoy named a policy that is not in the configuration')
  } else if (reason === 'internal_error') {
    log.error({ reason }, 'A Check failed and was denied')
  } else {
    log.debug(tokenFields(verdict), 'Denied')
  }
}

function tokenFields({ reason, policy, token }: Deny): LogFields {
  const known: LogFields = { reason, ...(policy && { policy: policy.name }) }
  if (token === undefined) return known
  const { payload, jti, sub } = token.claims
  return {
    ...known,
    jti,
    azp: stringOrNull(payload['azp']),
    sub: sub ?? null,
    username: stringOrNull(claimAt(payload, ['context', 'user', 'name'])),
    issuer: token.issuer.name,
  }
}

function stringOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
