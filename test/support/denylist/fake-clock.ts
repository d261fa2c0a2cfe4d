// A clock that a test moves: both hands together, or one alone, as a step or a suspended machine would.
import type { Clock } from '../../../src/clock.ts'

export interface FakeClock extends Clock {
  /** Time passes. */
  pass(ms: number): void
  /** Somebody sets the clock. */
  stepWall(ms: number): void
  /** The machine sleeps: only the wall clock sees it. */
  suspend(ms: number): void
}

/** Well above 0, and not at a whole second. */
export const START_MS = 1_800_000_000_123

export function createFakeClock(startMs = START_MS): FakeClock {
  let wallMs = startMs
  let monotonicMs = 5_000_000.5
  return {
    wallMs: () => wallMs,
    monotonicMs: () => monotonicMs,
    pass(ms) {
      wallMs += ms
      monotonicMs += ms
    },
    stepWall(ms) {
      wallMs += ms
    },
    suspend(ms) {
      wallMs += ms
    },
  }
}
