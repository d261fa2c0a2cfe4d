// A store for the simulation: what Redis does, step by step and at once, and everything that can happen to it: lose all,
// fail over to an older copy of itself, trim its feed. Ids are given as Redis gives them, so they can go backwards.
import type { Entry } from '../../../src/denylist/entries.ts'
import { type Beat, type DataSet, type FeedEntry, ORIGIN, type Position } from '../../../src/denylist/store-port.ts'

export const RECOVERY_MS = 30_000
/** Small, so that mirrors fall behind a beat. */
const ENTRIES_PER_BEAT = 3

interface Contents {
  readonly epoch: string
  readonly recoveringUntilMs: number
  readonly scores: ReadonlyMap<string, Entry>
  readonly feed: readonly FeedEntry[]
  readonly last: Position
}

export type SimStore = ReturnType<typeof createSimStore>

export function createSimStore(nowMs: () => number) {
  let epochs = 0
  let nonces = 0
  /** The node's clock runs apart from real time after a failover. */
  let skewMs = 0
  /** Another node answers: connections of before are cut. */
  let node = 0
  let contents: Contents = { ...empty(), recoveringUntilMs: 0 }
  /** Older contents, as an asynchronous replica would have them; newest last. */
  const copies: Contents[] = []

  function empty(): Contents {
    epochs += 1
    const recoveringUntilMs = nowMs() + skewMs + RECOVERY_MS
    return { epoch: `epoch-${epochs}`, recoveringUntilMs, scores: new Map(), feed: [], last: ORIGIN }
  }

  function timeMs(): number {
    return nowMs() + skewMs
  }

  function dataSet(): DataSet {
    return { epoch: contents.epoch, state: timeMs() < contents.recoveringUntilMs ? 'recovering' : 'live' }
  }

  function nextId(last: string): string {
    const [ms = 0, sequence = 0] = last.split('-').map(Number)
    return timeMs() > ms ? `${timeMs()}-0` : `${ms}-${sequence + 1}`
  }

  return {
    timeMs,
    dataSet,
    get node() {
      return node
    },
    get last() {
      return contents.last
    },
    score: (key: string): number => contents.scores.get(key)?.score ?? 0,
    keys: (): readonly string[] => [...contents.scores.keys()],
    entry: (key: string): Entry | undefined => contents.scores.get(key),

    add(entries: readonly Entry[]): void {
      copies.push(contents)
      if (copies.length > 6) copies.shift()
      const scores = new Map(contents.scores)
      const feed = [...contents.feed]
      let { last } = contents
      for (const entry of entries) {
        const key = keyOf(entry)
        if ((scores.get(key)?.score ?? 0) >= entry.score) continue
        scores.set(key, entry)
        nonces += 1
        const position = { id: nextId(last.id), nonce: `n${nonces}` }
        feed.push({ position, previous: last, entry, writtenMs: timeMs() })
        last = position
      }
      contents = { ...contents, scores, feed, last }
    },

    beat(after: Position | undefined): Beat {
      // By id alone, as XRANGE does: a position of another history gets entries, too.
      const later = after === undefined ? [] : contents.feed.filter(({ position }) => isLater(position.id, after.id))
      return {
        dataSet: dataSet(),
        entries: later.slice(0, ENTRIES_PER_BEAT),
        last: contents.last,
        timeMs: timeMs(),
        size: contents.scores.size,
      }
    },

    /** All of it is gone; the next who asks makes a new data set. */
    loseAll(): void {
      contents = empty()
      copies.length = 0
    },
    /** Another node takes over, `back` writes behind, with a clock of its own. */
    failOver(back: number, clockMs: number): void {
      node += 1
      skewMs = clockMs
      for (let i = 0; i < back; i += 1) contents = copies.pop() ?? contents
      copies.length = 0
    },
    trim(keep: number): void {
      contents = { ...contents, feed: keep === 0 ? contents.feed.slice(-1) : contents.feed.slice(-keep) }
    },
  }
}

export function keyOf({ space, member }: Pick<Entry, 'space' | 'member'>): string {
  return `${space} ${member.toString('hex')}`
}

function isLater(a: string, b: string): boolean {
  const [aMs = 0, aSequence = 0] = a.split('-').map(Number)
  const [bMs = 0, bSequence = 0] = b.split('-').map(Number)
  return aMs > bMs || (aMs === bMs && aSequence > bSequence)
}
