// What becomes of a good token while it is not proven that the denylist is fresh: the posture `when_unknown` of its
// policy. A known revocation never comes here.
import type { Posture } from './policy.ts'
import type { AllowReason } from './verdict.ts'

export interface Outage {
  /** Wall time (ms) since when answers have been unknown. */
  readonly sinceMs: number
  /** Wall time (ms) at which the token was verified. */
  readonly verifiedAtMs: number
  readonly nowMs: number
}

/** `undefined`: denied. */
export function allowUnproven(
  posture: Posture,
  { sinceMs, verifiedAtMs, nowMs }: Outage,
): Extract<AllowReason, 'unproven' | 'unproven_verified'> | undefined {
  if (posture.kind === 'allow') return 'unproven'
  if (posture.kind === 'deny') return undefined
  const lastedMs = nowMs - sinceMs
  // A clock that stepped back must not stretch the time that was granted.
  return lastedMs >= 0 && lastedMs <= posture.forMs && verifiedAtMs < sinceMs ? 'unproven_verified' : undefined
}
