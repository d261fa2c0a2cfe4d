// The last proof of freshness: when the beat behind it was sent. Pure. Whether a beat proves anything is decided in
// mirror-state.ts.
import { elapsedMs, type Moment } from './moment.ts'

export function createProof() {
  let sentAt: Moment | undefined
  return {
    /** Counts from before the beat was sent: its answer was true at some moment after that, we cannot know which. */
    give(moment: Moment): void {
      sentAt = moment
    },
    /** `Infinity` before the first. No allocation. */
    ageMs(monotonicMs: number, wallMs: number): number {
      return sentAt === undefined ? Number.POSITIVE_INFINITY : elapsedMs(sentAt, monotonicMs, wallMs)
    },
    get sentAt() {
      return sentAt
    },
  }
}
