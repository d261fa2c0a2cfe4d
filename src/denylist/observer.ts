// What the denylist tells whoever counts: outcomes and durations, no member and no id. What becomes a metric is the
// business of telemetry.
import type { BeatOutcome } from './mirror-state.ts'

export interface DenylistObserver {
  /** A beat was answered, or failed. */
  beat(outcome: BeatOutcome | 'failed', durationMs: number): void
  /** A snapshot was read to its end, or not. */
  snapshot(outcome: 'done' | 'failed', durationMs: number, entries: number): void
  /** Time from the writing of a feed entry to its being applied here; too long by at most one round trip. */
  propagated(durationMs: number): void
  /** The data set changed, or its history did: acknowledged revocations may be missing in the store. */
  dataLoss(kind: 'lost' | 'broken'): void
  /** Entries were added back to the store. */
  healed(entries: number): void
  /** The store was asked for one Check. */
  consulted(outcome: 'answered' | 'failed', durationMs: number): void
}

export const silentObserver: DenylistObserver = {
  beat() {},
  snapshot() {},
  propagated() {},
  dataLoss() {},
  healed() {},
  consulted() {},
}
