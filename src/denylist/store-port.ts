// The port to where revocations are durable: what every store (memory, level, Redis) promises. Types only.
// How its answers become a mirror that may be trusted is the business of mirror-state.ts.
import type { Addition, Entry } from './entries.ts'
import type { Applied } from './port.ts'

/**
 * A place in the feed. The id alone proves nothing: after a failover the same id can be given again. The nonce is
 * drawn by whoever wrote the entry, so two histories never agree on both.
 */
export interface Position {
  readonly id: string
  readonly nonce: string
}

/** Before the first entry of any feed. */
export const ORIGIN: Position = { id: '0-0', nonce: '' }

export function samePosition(a: Position, b: Position): boolean {
  return a.id === b.id && a.nonce === b.nonce
}

/** One change of the data set, chained to the one before it. */
export interface FeedEntry {
  readonly position: Position
  readonly previous: Position
  readonly entry: Entry
  /** The store's time (ms) when it was written; for measuring propagation only. */
  readonly writtenMs: number
}

/**
 * Which data set this is. A change of `epoch` means that data was lost; so does its absence (`''`).
 * `recovering`: it appeared out of nothing a short while ago, and who held the old one is adding that back.
 */
export interface DataSet {
  readonly epoch: string
  readonly state: 'live' | 'recovering'
}

export interface BeatReport {
  /** Position of the mirror; `undefined` before its first snapshot: the answer then has no entries. */
  readonly after: Position | undefined
  readonly maxStalenessMs: number
}

/** Everything here was true at one single moment, on the node that accepts writes. */
export interface Beat {
  readonly dataSet: DataSet
  /** The entries right after `after`, oldest first; perhaps not all of them. */
  readonly entries: readonly FeedEntry[]
  /** The newest entry of the feed. */
  readonly last: Position
  /** The store's clock, in ms. */
  readonly timeMs: number
  /** How many entries the data set has; `Infinity` where a store has not counted them yet. */
  readonly size: number
}

export interface Added {
  /** Position of the newest entry written, or of the feed's end where nothing had to change. */
  readonly revision: string
  /** The store's clock (whole seconds) at that moment; epochs without a score were written with it. */
  readonly seconds: number
}

export interface AddOptions {
  /** Adding back what was lost: a recovering data set then stays so a little longer. */
  readonly healing?: boolean
}

/** Everything the data set had when it was opened is in its pages; later changes may be, too. */
export interface Snapshot {
  readonly dataSet: DataSet
  /** The feed's end, noted before the first page was read. */
  readonly position: Position
  /** Ends early with an error when the connection or the data set changes: pages of two data sets are never mixed. */
  readonly pages: AsyncIterable<readonly Entry[]>
}

/** What the store itself says of some members, at one single moment. */
export interface Answer {
  readonly dataSet: DataSet
  /** In the order asked; `0` where there is none. */
  readonly scores: readonly number[]
}

/**
 * Every method rejects with StoreUnavailableError where the store cannot be reached or refuses, within a bounded time.
 * Nothing is retried inside: the mirror decides.
 */
export interface RevocationStore {
  /** Raises scores, never lowers one. Resolves once that is durable, all of it. */
  add(additions: readonly Addition[], options?: AddOptions): Promise<Added>
  /** Proves what is current and leaves this mirror's line in the registry, as one step. */
  beat(report: BeatReport): Promise<Beat>
  snapshot(): Promise<Snapshot>
  /**
   * Resolves `true` once the feed may have moved on from `after`, `false` after a while without news. Only a hint to
   * beat now: what it sees proves nothing, because it may come from another connection or a deposed master.
   */
  tail(after: Position, signal: AbortSignal): Promise<boolean>
  lookup(questions: readonly Pick<Entry, 'space' | 'member'>[]): Promise<Answer>
  /** How many registered mirrors have `revision`, of those that could still answer without it. */
  applied(revision: string): Promise<Applied>
  /** Removes some entries that expired by the store's clock, epochs `epochRetentionSeconds` after their moment. */
  purge(): Promise<number>
  /** Declares that this data set is what there is: it is no longer recovering. */
  initialise(): Promise<DataSet>
  /** Takes this mirror out of the registry and lets go of everything. Never rejects. */
  close(): Promise<void>
}
