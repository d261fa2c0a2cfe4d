// One process of the simulation: the real state machine and the real answers, driven step by step as the runner would,
// with clocks of its own. Mutants change one rule each; the simulation has to notice every one of them.
import type { Clock } from '../../../src/clock.ts'
import { createAnswers } from '../../../src/denylist/answers.ts'
import { type Entry, spaces } from '../../../src/denylist/entries.ts'
import { type BeatTicket, createMirrorState, type SnapshotTicket } from '../../../src/denylist/mirror-state.ts'
import { momentOf } from '../../../src/denylist/moment.ts'
import { silentObserver } from '../../../src/denylist/observer.ts'
import type { DenylistRefs, Lookup } from '../../../src/denylist/port.ts'
import type { Beat, Position, RevocationStore } from '../../../src/denylist/store-port.ts'
import type { SimStore } from './sim-store.ts'

export const MAX_STALENESS_MS = 5000

export const mutants = [
  'snapshot before the feed position is noted',
  'an empty read taken as fresh',
  'age counted from the arrival of a beat',
  'stream ids trusted after a failover',
  'healing off',
  'a known hit forgotten when stale',
  'expiry by the local clock',
  'a recovering data set trusted',
  'age by the monotonic clock alone',
  'a late answer taken for a new one',
] as const
export type Mutant = (typeof mutants)[number]

interface BeatUnderWay {
  readonly ticket: BeatTicket
  answer?: Beat
  /** Executed on a node that is no longer asked: its answer may still arrive. */
  node?: number
}

interface SnapshotUnderWay {
  readonly ticket: SnapshotTicket
  readonly node: number
  readonly keys: readonly string[]
  next: number
}

/** Never called: the mirror answers alone here. */
const noStore: RevocationStore = {
  add: () => Promise.reject(new Error('unused')),
  beat: () => Promise.reject(new Error('unused')),
  snapshot: () => Promise.reject(new Error('unused')),
  tail: () => Promise.reject(new Error('unused')),
  lookup: () => Promise.reject(new Error('unused')),
  applied: () => Promise.reject(new Error('unused')),
  purge: () => Promise.reject(new Error('unused')),
  initialise: () => Promise.reject(new Error('unused')),
  close: () => Promise.resolve(),
}

const PAGE = 2

export type SimProcess = ReturnType<typeof createSimProcess>

export function createSimProcess(deps: {
  store: SimStore
  nowMs: () => number
  mayHeal: boolean
  /** Which of its clocks may err; the other one is right, as the guarantee presumes. */
  clockFault: 'wall steps' | 'machine sleeps'
  mutant: Mutant | undefined
}) {
  const { store, nowMs, mutant } = deps
  const mayHeal = deps.mayHeal && mutant !== 'healing off'
  let wallOffsetMs = 0
  let sleptMs = 0
  const clock: Clock = {
    wallMs: () => nowMs() + wallOffsetMs,
    monotonicMs: () => 5_000_000 + nowMs() - sleptMs - 1_000_000_000_000,
  }
  const start = () =>
    createMirrorState({
      maxStalenessMs: MAX_STALENESS_MS,
      maxEntries: 1000,
      epochRetentionSeconds: 3600,
      seed: [1, 3, 5],
      keep: true,
    })

  let state = start()
  let answers = view()
  let beats: BeatUnderWay[] = []
  let snapshot: SnapshotUnderWay | undefined

  function view() {
    return createAnswers({
      state,
      store: noStore,
      clock: mutant === 'age by the monotonic clock alone' ? { ...clock, wallMs: () => 0 } : clock,
      observer: silentObserver,
      maxStalenessMs: MAX_STALENESS_MS,
      lookupTimeoutMs: 100,
      isClosed: () => false,
    })
  }

  const now = () => momentOf(clock)

  function sentAt() {
    const moment = now()
    return mutant === 'age by the monotonic clock alone' ? { ...moment, wallMs: 0 } : moment
  }

  /** What the mutant's rule would make of an answer. */
  function distort(answer: Beat, ticket: BeatTicket): Beat {
    if (mutant === 'an empty read taken as fresh' && answer.entries.length === 0 && ticket.after)
      return { ...answer, last: ticket.after }
    if (mutant === 'stream ids trusted after a failover')
      return {
        ...answer,
        last: bare(answer.last),
        entries: answer.entries.map((one) => ({ ...one, position: bare(one.position), previous: bare(one.previous) })),
      }
    if (mutant === 'expiry by the local clock') return { ...answer, timeMs: clock.wallMs() }
    if (mutant === 'a recovering data set trusted') return { ...answer, dataSet: { ...answer.dataSet, state: 'live' } }
    return answer
  }

  const noted = () => (mutant === 'stream ids trusted after a failover' ? bare(store.last) : store.last)

  function begin(): void {
    const ticket = state.snapshotBegun({ dataSet: store.dataSet(), position: noted() }, now())
    snapshot = { ticket, node: store.node, keys: store.keys(), next: 0 }
  }

  function readPage(one: SnapshotUnderWay): void {
    const page = one.keys.slice(one.next, one.next + PAGE).flatMap((key) => store.entry(key) ?? [])
    one.next += PAGE
    state.snapshotPage(one.ticket, page, now())
    if (one.next < one.keys.length) return
    snapshot = undefined
    if (store.dataSet().epoch !== one.ticket.dataSet.epoch) return
    if (mutant === 'snapshot before the feed position is noted') Object.assign(one.ticket, { position: noted() })
    state.snapshotDone(one.ticket)
  }

  return {
    sendBeat(): void {
      if (snapshot !== undefined || state.needsSnapshot || beats.length >= 3) return
      beats.push({ ticket: state.beatSent(sentAt()) })
    },
    /** The store executes one of the beats that were sent. */
    executeBeat(which: number): void {
      const waiting = beats.filter(({ answer }) => answer === undefined)
      const one = waiting[which % Math.max(1, waiting.length)]
      if (one) one.answer = store.beat(one.ticket.after)
    },
    /** One of the answers arrives, in any order. */
    deliverBeat(which: number): void {
      const answered = beats.filter(({ answer }) => answer !== undefined)
      const one = answered[which % Math.max(1, answered.length)]
      if (one?.answer === undefined) return
      beats = beats.filter((other) => other !== one)
      let { ticket } = one
      if (mutant === 'age counted from the arrival of a beat') Object.assign(ticket, { sentAt: sentAt() })
      if (mutant === 'a late answer taken for a new one') ticket = state.beatSent(sentAt())
      state.beatAnswered(ticket, distort(one.answer, ticket), now())
      state.sweep(now(), 1000)
    },
    snapshotStep(): void {
      if (snapshot === undefined) {
        if (state.needsSnapshot) begin()
      } else if (snapshot.node !== store.node) snapshot = undefined
      else readPage(snapshot)
    },
    heal(): void {
      if (!mayHeal || state.healed || state.position === undefined) return
      const missing: Entry[] = []
      for (const space of spaces)
        state.unconfirmed(space, state.sizeOf(space), 1000, now(), (entry) => missing.push(entry))
      const { generation } = state
      if (missing.length === 0) state.healingDone(generation)
      else {
        store.add(missing)
        state.gaveBack()
      }
    },
    /** Recorded by this process, and answered. */
    holdOwn: (entry: Entry): void => state.holdOwn(entry),
    restart(): void {
      state = start()
      answers = view()
      beats = []
      snapshot = undefined
    },
    stepWall(ms: number): void {
      if (deps.clockFault === 'wall steps') wallOffsetMs += ms
    },
    /** Time that only the wall clock sees; the caller lets it pass. */
    sleep(ms: number): void {
      if (deps.clockFault === 'machine sleeps') sleptMs += ms
    },
    lookup(refs: DenylistRefs): Lookup {
      const isStale = !state.isFresh(clock.monotonicMs(), clock.wallMs())
      if (mutant === 'a known hit forgotten when stale' && isStale) return 'unknown'
      return answers.lookup(refs)
    },
    get mayHeal() {
      return mayHeal
    },
  }
}

function bare(position: Position): Position {
  return { id: position.id, nonce: '' }
}
