// Elapsed time that a paused process cannot be fooled by: both clocks, whichever says more. Pure.
import type { Clock } from '../clock.ts'

/**
 * The monotonic clock does not see a suspended machine; the wall clock sees it, but may be set back. Together they
 * never say less than what passed, unless both fail at once.
 */
export interface Moment {
  readonly monotonicMs: number
  readonly wallMs: number
}

export function momentOf(clock: Clock): Moment {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() }
}

export function elapsedMs(since: Moment, monotonicMs: number, wallMs: number): number {
  return Math.max(0, monotonicMs - since.monotonicMs, wallMs - since.wallMs)
}
