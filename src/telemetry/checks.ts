// What is told of a Check afterwards: counters for all, log lines for what somebody has to know about.

import { denials } from '../check/denials.ts'
import type { Deny, Verdict } from '../check/verdict.ts'
import { claimAt } from '../tokens/profile.ts'
import type { Log, LogFields } from './log.ts'
import type { Metrics } from './metrics.ts'

export function createCheckObserver(deps: { readonly log: Log; readonly metrics: Metrics }) {
  const { log, metrics } = deps
  return (verdict: Verdict, durationMs: number): void => {
    const { decision, reason } = verdict
    metrics.increment('postern_checks_total', { policy: verdict.policy?.name ?? '', decision, reason })
    metrics.observe('postern_check_duration_seconds', { decision }, durationMs / 1000)
    if (verdict.decision === 'deny') logDenial(log, verdict)
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
