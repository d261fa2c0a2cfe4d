// A clock that stands still until a test moves it. Both readings start well above zero.
import type { Clock } from '../../../src/clock.ts'

export interface FakeClock extends Clock {
  /** Time passes: both readings move. */
  advance(ms: number): void
  /** Somebody sets the clock, or the machine slept: only the wall clock moves, in either direction. */
  stepWall(ms: number): void
}

/** 2026-02-02; the moment at which tokens of test/support/tokens.ts are fresh. */
export const START_MS = 1_770_000_000_000
const MONOTONIC_START_MS = 5_000_000

export function createFakeClock(startMs = START_MS): FakeClock {
  let wallMs = startMs
  let monotonicMs = MONOTONIC_START_MS
  return {
    wallMs: () => wallMs,
    monotonicMs: () => monotonicMs,
    advance(ms) {
      wallMs += ms
      monotonicMs += ms
    },
    stepWall(ms) {
      wallMs += ms
    },
  }
}
