// Follows the feed with blocking reads and wakes the beat when there is news. Only speed: nothing it sees is applied
// or believed, so a tail that hangs, lies or fails costs at most the second until the next beat.
import type { Position, RevocationStore } from './store-port.ts'
import { pause } from './timing.ts'

/** Between two attempts that failed; beats go on meanwhile. */
const RETRY_MS = 1000

export interface TailDeps {
  readonly store: RevocationStore
  readonly position: () => Position | undefined
  /** There is news: beat. */
  readonly wake: () => void
  /** Resolves after the next beat. */
  readonly nextBeat: () => Promise<void>
  readonly signal: AbortSignal
}

export async function followTail({ store, position, wake, nextBeat, signal }: TailDeps): Promise<void> {
  while (!signal.aborted) {
    const after = position()
    if (after === undefined) {
      await nextBeat()
      continue
    }
    try {
      if (!(await store.tail(after, signal)) || signal.aborted) continue
    } catch {
      await pause(RETRY_MS, signal)
      continue
    }
    // Asking again before the beat has moved the position would only give the same news.
    const moved = nextBeat()
    wake()
    await moved
  }
}
