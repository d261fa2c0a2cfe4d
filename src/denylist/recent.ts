// The entries that came last, in a ring: what a store that lost its newest writes is told first.
import type { Entry } from './entries.ts'

/** One batch. More than that in the second or two that a failover can lose is healed with the rest. */
const KEPT = 500

export interface Recent {
  note(entry: Entry): void
  /** Newest first. */
  list(): readonly Entry[]
}

export function createRecent(): Recent {
  const ring: Entry[] = []
  let next = 0
  return {
    note(entry) {
      ring[next] = entry
      next = (next + 1) % KEPT
    },
    list: () => [...ring.slice(0, next).reverse(), ...ring.slice(next).reverse()],
  }
}
