// The mirror as a state machine: what is known, how far along the feed, and how fresh. Times are arguments, answers of
// the store are arguments: no timer, no I/O, no clock. When to ask the store is the runner's business (mirror.ts).
import type { Entry, Space } from './entries.ts'
import type { Moment } from './moment.ts'
import type { DenylistRefs, Lookup } from './port.ts'
import { createProof } from './proof.ts'
import { createRecent } from './recent.ts'
import { type Beat, type DataSet, type FeedEntry, type Position, type Snapshot, samePosition } from './store-port.ts'
import { ABSENT, createTable, type Table } from './table.ts'
import type { TableSeed } from './table-index.ts'

export interface MirrorOptions {
  readonly maxStalenessMs: number
  /** Of both spaces together. */
  readonly maxEntries: number
  readonly epochRetentionSeconds: number
  readonly seed: TableSeed
  /** `false` in lookup mode: beats prove what data set this is, but nothing is kept. */
  readonly keep: boolean
}

/** A beat on its way. Only the newest one counts; answers that come after a later one was sent are ignored. */
export interface BeatTicket {
  /** Counts the beats: what was written before a beat was sent is in its answer, or lost. */
  readonly serial: number
  readonly after: Position | undefined
  readonly sentAt: Moment
}

/** A snapshot being read. A new one makes the older void. */
export type SnapshotTicket = Pick<Snapshot, 'dataSet' | 'position'>

/**
 * `fresh`: everything up to its moment is applied. `behind`: there is more, beat again. `lost`: another data set.
 * `broken`: the feed does not continue what is held. `quarantined`: applied, but not trusted yet. `ignored`: late.
 */
export type BeatOutcome = 'fresh' | 'behind' | 'lost' | 'broken' | 'quarantined' | 'ignored'

/** Past the bound, the store is asked per Check; back in the mirror only with some room, so that it does not flap. */
const FITS_AGAIN = 0.9

export type MirrorState = ReturnType<typeof createMirrorState>

export function createMirrorState(options: MirrorOptions) {
  const { maxStalenessMs, maxEntries, epochRetentionSeconds, keep } = options
  const revoked = createTable(options.seed)
  const notBefore = createTable(options.seed)
  const tables: Readonly<Record<Space, Table>> = { revoked, not_before: notBefore }
  /** Added to a score, the second until which the entry is kept. */
  const kept: Readonly<Record<Space, number>> = { revoked: 0, not_before: epochRetentionSeconds }

  const proof = createProof()
  let dataSet: DataSet | undefined
  /** Where the feed has been followed to; `undefined`: a snapshot is needed. */
  let position: Position | undefined
  /** A snapshot was taken and nothing since has been left out: what is absent here was absent there. */
  let complete = false
  /** Held everything, freshly, when the data set before this one was lost: may answer while this one recovers. */
  let trusted = false
  /** There was no room for an entry: the store has to be asked until a snapshot fits again. */
  let overflow = false
  /** The same, of the snapshot being read. */
  let noRoom = false
  let outstanding: BeatTicket | undefined
  let reading: SnapshotTicket | undefined
  /** The data set and chain that the marks of the tables speak of. */
  let generation = 0
  let healed = true
  let beatSerial = 0
  /** The newest beat whose answer was applied to the end of the feed. */
  let caughtUpSerial = 0
  /** The newest beat sent before entries were last added back. */
  let gaveAtSerial = 0
  /** Written by this process and answered, but not yet seen in the feed. */
  let unseen: { readonly entry: Entry; readonly serial: number }[] = []
  /** The store's clock as of the last beat, and the monotonic moment at which that beat's answer was here. */
  let storeTime: { readonly ms: number; readonly atMonotonicMs: number } | undefined
  const recent = createRecent()
  const sweepCursors: Record<Space, number> = { revoked: 0, not_before: 0 }

  function size(): number {
    return revoked.size + notBefore.size
  }

  /** `false`: there was no room. An entry that is known is raised even then. */
  function hold(entry: Entry, confirmed: boolean): boolean {
    const table = tables[entry.space]
    if (size() >= maxEntries && table.score(entry.member) === ABSENT) return false
    table.raise(entry.member, entry.score, confirmed)
    return true
  }

  function holdConfirmed(entry: Entry): void {
    if (!hold(entry, true)) overflowed()
  }

  function overflowed(): void {
    noRoom = true
    overflow = true
    complete = false
  }

  /** Nothing is forgotten; but what the store has is to be learnt again. */
  function forgetChain(): void {
    position = undefined
    unseen = []
    healAnew()
    revoked.unconfirmAll()
    notBefore.unconfirmAll()
  }

  function changeDataSet(next: DataSet, now: Moment): void {
    if (dataSet !== undefined) {
      // A mirror that was stale may have missed what only others can add back.
      trusted = complete && proof.ageMs(now.monotonicMs, now.wallMs) <= maxStalenessMs
      forgetChain()
    }
    dataSet = next
  }

  function isRecovering(): boolean {
    return dataSet !== undefined && (dataSet.state === 'recovering' || dataSet.epoch === '')
  }

  /** Applies what continues the chain; `false`: something is missing in between, or this is another history. */
  function follow(entries: readonly FeedEntry[]): boolean {
    for (const { position: next, previous, entry } of entries) {
      if (position === undefined || !samePosition(previous, position)) return false
      holdConfirmed(entry)
      recent.note(entry)
      position = next
    }
    return true
  }

  function prove(sentAt: Moment): BeatOutcome {
    if (isRecovering() && !trusted) return 'quarantined'
    proof.give(sentAt)
    return 'fresh'
  }

  /** Marks stay: they are of this chain. Whoever is healing begins again. */
  function healAnew(): void {
    generation += 1
    healed = false
  }

  /**
   * A failover can lose a write before this mirror has followed the feed to it: nothing breaks then, it is just not
   * there. So what was answered here has to turn up in the feed.
   */
  function ownWereLost(serial: number): boolean {
    const due = unseen.filter((one) => one.serial < serial)
    if (due.length === 0) return false
    unseen = unseen.filter((one) => one.serial >= serial)
    // What there was no room for, or what is over by now, is not held: about that nothing can be said.
    return due.some(({ entry: { space, member } }) => {
      return tables[space].score(member) !== ABSENT && !tables[space].isConfirmed(member)
    })
  }

  function applyBeat(beat: Beat, { sentAt, serial }: BeatTicket): BeatOutcome {
    if (!keep) return prove(sentAt)
    if (position === undefined) return 'behind'
    const continued = follow(beat.entries)
    const caughtUp = samePosition(position, beat.last)
    // No entries, and yet not at the end: ids went backwards, or the entries between were trimmed.
    if (!continued || (!caughtUp && beat.entries.length === 0)) {
      forgetChain()
      return 'broken'
    }
    if (overflow && beat.size <= maxEntries * FITS_AGAIN) {
      forgetChain()
      return 'behind'
    }
    if (!caughtUp) return 'behind'
    caughtUpSerial = serial
    if (ownWereLost(serial)) healAnew()
    return prove(sentAt)
  }

  function ageMs(monotonicMs: number, wallMs: number): number {
    return proof.ageMs(monotonicMs, wallMs)
  }

  /** The second that both clocks have passed: what is due before it is over for everybody. */
  function passedSeconds(now: Moment): number {
    return storeTime === undefined ? 0 : Math.floor(Math.min(now.wallMs, storeTime.ms) / 1000)
  }

  return {
    /** Known revocations, however old the knowledge. No allocation. */
    hit(refs: DenylistRefs): Lookup | undefined {
      const { marks, epochs } = refs
      for (let i = 0; i < marks.length; i += 1) {
        const mark = marks[i]
        if (mark !== undefined && revoked.score(mark.member) !== ABSENT) return mark.reason
      }
      for (let i = 0; i < epochs.length; i += 1) {
        const epoch = epochs[i]
        if (epoch === undefined) continue
        const score = notBefore.score(epoch.member)
        if (score !== ABSENT && epoch.issuedAt <= score) return epoch.reason
      }
      return undefined
    },

    /** May what is not held be called clear, at this moment? */
    isFresh(monotonicMs: number, wallMs: number): boolean {
      return ageMs(monotonicMs, wallMs) <= maxStalenessMs
    },
    ageMs,

    /** Not everything fits here, or nothing is kept: what is absent here says nothing, the store has to be asked. */
    get asksStore() {
      return overflow || !keep
    },
    /** The mirror answers alone. */
    get complete() {
      return complete
    },
    get dataSet() {
      return dataSet
    },
    /** The data set recovers, and this mirror has no right to answer while it does. */
    get quarantined() {
      return isRecovering() && !trusted
    },
    get position() {
      return position
    },
    get size() {
      return size()
    },
    get bytes() {
      return revoked.bytes + notBefore.bytes
    },
    get generation() {
      return generation
    },
    /** Something held may be missing in the store. */
    get healed() {
      return healed
    },
    /**
     * The store's clock, never ahead of it: an answer was written before it arrived. A token issued with a later `iat`
     * than the store's clock could slip through a "revoke all" of that second.
     */
    storeSeconds(now: Moment): number | undefined {
      if (storeTime === undefined) return undefined
      return Math.floor((storeTime.ms + now.monotonicMs - storeTime.atMonotonicMs) / 1000)
    },
    get needsSnapshot() {
      return keep && dataSet !== undefined && position === undefined
    },

    beatSent(sentAt: Moment): BeatTicket {
      beatSerial += 1
      outstanding = { serial: beatSerial, after: position, sentAt }
      return outstanding
    },
    beatAnswered(ticket: BeatTicket, beat: Beat, now: Moment): BeatOutcome {
      if (ticket !== outstanding) return 'ignored'
      outstanding = undefined
      storeTime = { ms: beat.timeMs, atMonotonicMs: now.monotonicMs }
      if (dataSet?.epoch !== beat.dataSet.epoch) {
        const first = dataSet === undefined
        changeDataSet(beat.dataSet, now)
        return first ? 'behind' : 'lost'
      }
      dataSet = beat.dataSet
      return applyBeat(beat, ticket)
    },

    /**
     * A snapshot starts over, and so do the marks: those of an earlier one that failed half-way may be of a master
     * that is gone.
     */
    snapshotBegun(snapshot: SnapshotTicket, now: Moment): SnapshotTicket {
      outstanding = undefined
      if (dataSet?.epoch !== snapshot.dataSet.epoch) changeDataSet(snapshot.dataSet, now)
      forgetChain()
      noRoom = false
      reading = snapshot
      return snapshot
    },
    /** `false`: it does not fit, or is void; the rest need not be read. */
    snapshotPage(ticket: SnapshotTicket, entries: readonly Entry[], now: Moment): boolean {
      if (ticket !== reading) return false
      const passed = passedSeconds(now)
      for (const entry of entries) if (entry.score + kept[entry.space] >= passed) holdConfirmed(entry)
      return !noRoom
    },
    /** The feed goes on from where the snapshot noted its end. `false`: it is void. */
    snapshotDone(ticket: SnapshotTicket): boolean {
      if (ticket !== reading) return false
      reading = undefined
      position = ticket.position
      overflow = noRoom
      complete = !noRoom
      return true
    },

    /**
     * What this process itself has just made durable. Not confirmed: the data set may have been lost between the
     * writing and now; the feed will confirm it.
     */
    holdOwn(entry: Entry): void {
      recent.note(entry)
      if (keep) unseen.push({ entry, serial: beatSerial })
      if (!hold(entry, false)) overflowed()
    },

    /** The newest of what the store may lack. */
    recentUnconfirmed(now: Moment): readonly Entry[] {
      const passed = passedSeconds(now)
      return recent
        .list()
        .filter((entry) => entry.score + kept[entry.space] >= passed && !tables[entry.space].isConfirmed(entry.member))
    },
    /** Entries that the store may lack: `Table.unconfirmed`, without those that are over. */
    unconfirmed(space: Space, cursor: number, count: number, now: Moment, found: (entry: Entry) => void): number {
      const passed = passedSeconds(now)
      return tables[space].unconfirmed(cursor, count, (member, score) => {
        if (score + kept[space] >= passed) found({ space, member, score })
      })
    },
    /** Missing entries were added back. They count as there once the feed has shown them. */
    gaveBack(): void {
      gaveAtSerial = beatSerial
    },
    /**
     * A walk over all entries found nothing missing. `false`: what was added back may have been lost again, so walk
     * once more after the next beat; or the data set changed.
     */
    healingDone(ofGeneration: number): boolean {
      if (ofGeneration !== generation || caughtUpSerial <= gaveAtSerial) return false
      healed = true
      return true
    },
    sizeOf: (space: Space) => tables[space].size,

    /** Drops some of what is over by both clocks. Bounded, so that it never pauses a Check. */
    sweep(now: Moment, budget: number): void {
      for (const space of ['revoked', 'not_before'] as const) {
        const cursor = sweepCursors[space]
        const start = cursor === 0 ? tables[space].size : cursor
        sweepCursors[space] = tables[space].removeBelow(start, budget, passedSeconds(now) - kept[space])
      }
    },
    visit: (space: Space, cursor: number, count: number, found: (member: Buffer, score: number) => void): number =>
      tables[space].visit(cursor, count, found),
  }
}
