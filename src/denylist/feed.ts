// The feed of a store inside this process: the last changes, chained, and whoever waits for the next one. Durability is
// the store's business.
import { randomBytes } from 'node:crypto'
import type { Entry } from './entries.ts'
import { type FeedEntry, ORIGIN, type Position, samePosition } from './store-port.ts'
import { createSignal } from './timing.ts'

/** A mirror of the same process follows at once; one that fell so far behind reads a snapshot. */
const KEPT = 10_000

export interface Feed {
  readonly last: Position
  append(entry: Entry, writtenMs: number): void
  /** The entries after a position, at most `limit`; none where it is not (or no longer) part of this feed. */
  after(position: Position, limit: number): readonly FeedEntry[]
  /** Resolves at the next entry. */
  next(): Promise<void>
}

export function createFeed(): Feed {
  let entries: FeedEntry[] = []
  let last = ORIGIN
  let count = 0
  const news = createSignal()

  return {
    get last() {
      return last
    },
    append(entry, writtenMs) {
      count += 1
      const position = { id: `${writtenMs}-${count}`, nonce: randomBytes(8).toString('hex') }
      entries.push({ position, previous: last, entry, writtenMs })
      last = position
      if (entries.length > 2 * KEPT) entries = entries.slice(-KEPT)
      news.fire()
    },
    after(position, limit) {
      if (samePosition(position, last)) return []
      const index = entries.findLastIndex(({ previous }) => samePosition(previous, position))
      return index < 0 ? [] : entries.slice(index, index + limit)
    },
    next: () => news.next(),
  }
}

/** Ids are `<ms>-<count>`; the count alone orders them, because the clock may be set back. */
export function countOf(id: string): number {
  return Number(id.slice(id.indexOf('-') + 1))
}
