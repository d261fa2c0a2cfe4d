// The mirror as a state machine: what counts as a proof of freshness, what is never forgotten, what starts it over.
import { describe, expect, it } from 'vitest'
import type { Entry } from '../../../src/denylist/entries.ts'
import { createMirrorState, type MirrorOptions } from '../../../src/denylist/mirror-state.ts'
import { momentOf } from '../../../src/denylist/moment.ts'
import type { Beat, DataSet, FeedEntry, Position } from '../../../src/denylist/store-port.ts'
import { ORIGIN } from '../../../src/denylist/store-port.ts'
import { randomSeed } from '../../../src/denylist/table-index.ts'
import { notBefore, plain, revoked, token } from '../../support/denylist/entries.ts'
import { createFakeClock } from '../../support/denylist/fake-clock.ts'

const live: DataSet = { epoch: 'epoch-1', state: 'live' }

/** A history of the feed: each entry after the one before it. */
function history(name: string, entries: readonly Entry[], from: Position = ORIGIN): readonly FeedEntry[] {
  let previous = from
  return entries.map((entry, i) => {
    const position = { id: `${Number.parseInt(previous.id, 10) + i + 1}-0`, nonce: `${name}${i}` }
    const feedEntry = { position, previous, entry, writtenMs: 0 }
    previous = position
    return feedEntry
  })
}

function setUp(options: Partial<MirrorOptions> = {}) {
  const clock = createFakeClock()
  const state = createMirrorState({
    maxStalenessMs: 5000,
    maxEntries: 1000,
    epochRetentionSeconds: 1000,
    seed: randomSeed(),
    keep: true,
    ...options,
  })
  const now = () => momentOf(clock)

  function beatWith(answer: Partial<Beat>, travelMs = 0) {
    const ticket = state.beatSent(now())
    clock.pass(travelMs)
    const last = answer.entries?.at(-1)?.position ?? state.position ?? ORIGIN
    return state.beatAnswered(
      ticket,
      { dataSet: live, entries: [], last, timeMs: clock.wallMs(), size: 0, ...answer },
      now(),
    )
  }
  function snapshot(entries: readonly Entry[] = [], position: Position = ORIGIN, dataSet: DataSet = live) {
    const ticket = state.snapshotBegun({ dataSet, position }, now())
    state.snapshotPage(ticket, entries, now())
    return state.snapshotDone(ticket)
  }
  /** Live, with these entries. */
  function begin(entries: readonly Entry[] = []) {
    beatWith({})
    snapshot(entries)
    expect(beatWith({})).toBe('fresh')
  }
  const isFresh = () => state.isFresh(clock.monotonicMs(), clock.wallMs())
  const missing = () => {
    const found: Entry[] = []
    for (const space of ['revoked', 'not_before'] as const)
      state.unconfirmed(space, state.sizeOf(space), 1000, now(), (entry) => found.push(entry))
    return plain(found)
  }
  return { clock, state, now, beatWith, snapshot, begin, isFresh, missing }
}

describe('freshness', () => {
  it('needs a data set, a snapshot and a beat after it', () => {
    const { state, beatWith, snapshot, isFresh } = setUp()
    expect(state.needsSnapshot).toBe(false)
    expect(beatWith({})).toBe('behind')
    expect(state.needsSnapshot).toBe(true)
    expect(isFresh()).toBe(false)
    snapshot()
    expect(state.complete).toBe(true)
    expect(isFresh()).toBe(false)
    expect(beatWith({})).toBe('fresh')
    expect(isFresh()).toBe(true)
  })

  it('counts from before the beat was sent, not from its answer', () => {
    const { clock, begin, beatWith, isFresh } = setUp()
    begin()
    clock.pass(4000)
    expect(beatWith({}, 3000)).toBe('fresh')
    clock.pass(2000)
    expect(isFresh()).toBe(true)
    clock.pass(1)
    expect(isFresh()).toBe(false)
  })

  it.each([
    ['time passes', (clock: ReturnType<typeof createFakeClock>) => clock.pass(5001)],
    ['the machine sleeps, which the monotonic clock does not see', (clock) => clock.suspend(5001)],
    [
      'the wall clock is set back while time passes',
      (clock) => {
        clock.stepWall(-3_600_000)
        clock.pass(5001)
      },
    ],
  ] as [string, (clock: ReturnType<typeof createFakeClock>) => void][])('ends when %s', (_, move) => {
    const { clock, begin, isFresh } = setUp()
    begin()
    clock.pass(0)
    expect(isFresh()).toBe(true)
    move(clock)
    expect(isFresh()).toBe(false)
  })

  it('is not given by a beat that shows more than was applied', () => {
    const { begin, beatWith, isFresh, clock } = setUp()
    begin()
    const [first, second] = history('a', [revoked('a'), revoked('b')])
    if (!first || !second) throw new Error('no history')
    clock.pass(5001)
    expect(beatWith({ entries: [first], last: second.position })).toBe('behind')
    expect(isFresh()).toBe(false)
    expect(beatWith({ entries: [second] })).toBe('fresh')
    expect(isFresh()).toBe(true)
  })

  it('is not given by the late answer of a beat that was given up', () => {
    const { state, now, begin, beatWith, clock, isFresh } = setUp()
    begin()
    const late = state.beatSent(now())
    beatWith({})
    clock.pass(5001)
    const answer = { dataSet: live, entries: [], last: ORIGIN, timeMs: clock.wallMs(), size: 0 }
    expect(state.beatAnswered(late, answer, now())).toBe('ignored')
    expect(isFresh()).toBe(false)
  })
})

describe('a known revocation', () => {
  it('is a hit for the reason it was asked for, fresh or not', () => {
    const { state, clock, begin } = setUp()
    begin([revoked('a'), notBefore('u1', 1_800_000_000)])
    expect(state.hit(token('a'))).toBe('token_revoked')
    expect(state.hit(token('b', { subject: 'u1' }))).toBe('subject_revoked')
    expect(state.hit(token('b', { subject: 'u1', issuedAt: 1_800_000_001 }))).toBeUndefined()
    expect(state.hit(token('b', { subject: 'u2' }))).toBeUndefined()
    clock.pass(1_000_000)
    expect(state.hit(token('a'))).toBe('token_revoked')
  })

  it('that this process recorded itself is a hit at once', () => {
    const { state, begin } = setUp()
    begin()
    state.holdOwn(revoked('own'))
    expect(state.hit(token('own'))).toBe('token_revoked')
  })

  it.each([
    ['only the own clock is past its end', (clock: ReturnType<typeof createFakeClock>) => clock.stepWall(20_000), 0],
    ['only the store’s clock is past its end', () => {}, 20_000],
  ] as [string, (clock: ReturnType<typeof createFakeClock>) => void, number][])(
    'stays while %s',
    (_, step, storeAhead) => {
      const { state, clock, now, begin, beatWith } = setUp()
      const seconds = Math.floor(clock.wallMs() / 1000)
      begin([revoked('a', seconds + 10)])
      const storeMs = clock.wallMs()
      step(clock)
      beatWith({ timeMs: storeMs + storeAhead })
      state.sweep(now(), 1000)
      expect(state.hit(token('a'))).toBe('token_revoked')
    },
  )

  it('is dropped when both clocks are past its end; epochs when their retention is over, too', () => {
    const { state, clock, now, begin, beatWith } = setUp()
    const seconds = Math.floor(clock.wallMs() / 1000)
    begin([revoked('a', seconds + 10), notBefore('u1', seconds), revoked('key', Number.POSITIVE_INFINITY)])
    clock.pass(12_000)
    beatWith({})
    state.sweep(now(), 1000)
    expect(state.hit(token('a'))).toBeUndefined()
    expect(state.hit(token('b', { subject: 'u1', issuedAt: seconds }))).toBe('subject_revoked')
    clock.pass(1_000_000)
    beatWith({})
    state.sweep(now(), 1000)
    expect(state.size).toBe(1)
  })
})

describe('the chain', () => {
  it('is followed entry by entry', () => {
    const { state, begin, beatWith } = setUp()
    begin()
    expect(beatWith({ entries: history('a', [revoked('a'), notBefore('u1', 1_900_000_000)]) })).toBe('fresh')
    expect(state.hit(token('a'))).toBe('token_revoked')
    expect(state.hit(token('b', { subject: 'u1' }))).toBe('subject_revoked')
  })

  const [held] = history('a', [revoked('a')])
  const [elsewhere, next] = history('b', [revoked('b'), revoked('c')])
  if (!held || !elsewhere || !next) throw new Error('no history')

  it.each([
    ['an id that goes backwards', { entries: [], last: ORIGIN }],
    ['the same id with another nonce', { entries: [], last: elsewhere.position }],
    ['an entry after another one with the same id', { entries: [next] }],
    ['a gap', { entries: [{ ...next, previous: { id: '900-0', nonce: 'x' } }] }],
  ] as [string, Partial<Beat>][])(
    'breaks at %s: nothing is forgotten, nothing is proven, all is read anew',
    (_, answer) => {
      const { state, clock, begin, beatWith, isFresh } = setUp()
      begin()
      beatWith({ entries: [held] })
      clock.pass(5001)
      expect(beatWith(answer)).toBe('broken')
      expect(isFresh()).toBe(false)
      expect(state.needsSnapshot).toBe(true)
      expect(state.hit(token('a'))).toBe('token_revoked')
    },
  )

  it('once broken shows what the store lacks', () => {
    const { state, begin, beatWith, snapshot, missing, now } = setUp()
    begin([revoked('old')])
    beatWith({ entries: [held] })
    beatWith({ entries: [], last: ORIGIN })
    snapshot([revoked('old')])
    expect(missing()).toEqual(plain([revoked('a')]))
    expect(plain(state.recentUnconfirmed(now()))).toEqual(plain([revoked('a')]))
    const { generation } = state
    beatWith({})
    state.gaveBack()
    expect(state.healingDone(generation)).toBe(false)
    beatWith({ entries: history('healed', [revoked('a')]) })
    expect(missing()).toEqual([])
    expect(state.healingDone(generation)).toBe(true)
    expect(state.healed).toBe(true)
  })

  it('does not take for present what a snapshot of a lost master showed', () => {
    const { state, begin, beatWith, snapshot, missing, now } = setUp()
    begin([revoked('a')])
    beatWith({ entries: [], last: { id: '9-0', nonce: 'other' } })
    const failed = state.snapshotBegun({ dataSet: live, position: ORIGIN }, now())
    state.snapshotPage(failed, [revoked('a')], now())
    snapshot([])
    expect(state.snapshotDone(failed)).toBe(false)
    expect(missing()).toEqual(plain([revoked('a')]))
  })

  it('has a lower score in the store shown as missing', () => {
    const { begin, beatWith, snapshot, missing } = setUp()
    begin([revoked('a', 4_000_000_100)])
    beatWith({ entries: [], last: { id: '9-0', nonce: 'other' } })
    snapshot([revoked('a', 4_000_000_000)])
    expect(missing()).toEqual(plain([revoked('a', 4_000_000_100)]))
  })
})

describe('another data set', () => {
  const recovering: DataSet = { epoch: 'epoch-2', state: 'recovering' }

  it('is noticed, nothing is forgotten, and a mirror that was fresh goes on answering', () => {
    const { state, begin, beatWith, snapshot, isFresh, clock, missing } = setUp()
    begin([revoked('a')])
    expect(beatWith({ dataSet: recovering, last: ORIGIN })).toBe('lost')
    expect(isFresh()).toBe(true)
    snapshot([], ORIGIN, recovering)
    expect(missing()).toEqual(plain([revoked('a')]))
    clock.pass(4000)
    expect(beatWith({ dataSet: recovering })).toBe('fresh')
    clock.pass(4000)
    expect(isFresh()).toBe(true)
    expect(state.hit(token('a'))).toBe('token_revoked')
  })

  it.each([['was stale', 5001]])('is not trusted while it recovers by a mirror that %s', (_, ms) => {
    const { state, begin, beatWith, snapshot, isFresh, clock } = setUp()
    begin([revoked('a')])
    clock.pass(ms)
    expect(beatWith({ dataSet: recovering, last: ORIGIN })).toBe('lost')
    snapshot([], ORIGIN, recovering)
    expect(beatWith({ dataSet: recovering })).toBe('quarantined')
    expect(isFresh()).toBe(false)
    expect(state.quarantined).toBe(true)
    expect(beatWith({ dataSet: { ...recovering, state: 'live' } })).toBe('fresh')
    expect(isFresh()).toBe(true)
  })

  it.each([
    ['recovers', recovering],
    ['has no epoch', { epoch: '', state: 'live' }],
  ] as [string, DataSet][])('that %s is not trusted by a mirror without a copy', (_, dataSet) => {
    const { beatWith, snapshot, isFresh } = setUp()
    beatWith({ dataSet })
    snapshot([], ORIGIN, dataSet)
    expect(beatWith({ dataSet })).toBe('quarantined')
    expect(isFresh()).toBe(false)
  })

  it('is not healed by what was given to the one before it', () => {
    const { state, begin, beatWith, snapshot, missing } = setUp()
    begin([revoked('a')])
    const { generation } = state
    beatWith({ dataSet: recovering, last: ORIGIN })
    snapshot([], ORIGIN, recovering)
    beatWith({ dataSet: recovering })
    expect(state.healingDone(generation)).toBe(false)
    expect(missing()).toEqual(plain([revoked('a')]))
    expect(state.healed).toBe(false)
  })
})

describe('a write of this process', () => {
  it('that the feed shows is confirmed', () => {
    const { state, begin, beatWith, missing } = setUp()
    begin()
    state.healingDone(state.generation)
    state.holdOwn(revoked('own'))
    beatWith({ entries: history('a', [revoked('own')]) })
    expect(missing()).toEqual([])
    expect(state.healed).toBe(true)
  })

  it('that a failover lost before the feed showed it is noticed, though the chain is whole', () => {
    const { state, begin, beatWith, missing, now } = setUp()
    begin()
    state.healingDone(state.generation)
    state.holdOwn(revoked('own'))
    expect(beatWith({})).toBe('fresh')
    expect(state.healed).toBe(false)
    expect(missing()).toEqual(plain([revoked('own')]))
    expect(plain(state.recentUnconfirmed(now()))).toEqual(plain([revoked('own')]))
  })

  it('is not missed by a beat that was sent before it', () => {
    const { state, clock, now, begin } = setUp()
    begin()
    state.healingDone(state.generation)
    const ticket = state.beatSent(now())
    state.holdOwn(revoked('own'))
    const answer = { dataSet: live, entries: [], last: ORIGIN, timeMs: clock.wallMs(), size: 0 }
    expect(state.beatAnswered(ticket, answer, now())).toBe('fresh')
    expect(state.healed).toBe(true)
  })
})

describe('more entries than there is room for', () => {
  const many = Array.from({ length: 12 }, (_, i) => revoked(`m${i}`))

  it('make the store be asked; what is known stays a hit', () => {
    const { state, begin, beatWith } = setUp({ maxEntries: 10 })
    begin(many.slice(0, 10))
    expect(state.asksStore).toBe(false)
    beatWith({ entries: history('o', many.slice(10)), size: 12 })
    expect(state.asksStore).toBe(true)
    expect(state.complete).toBe(false)
    expect(state.size).toBe(10)
    expect(state.hit(token('m3'))).toBe('token_revoked')
    expect(state.hit(token('m11'))).toBeUndefined()
  })

  it('still raise what is known', () => {
    const { state, begin, beatWith, missing } = setUp({ maxEntries: 1 })
    begin([notBefore('u1', 1_000)])
    beatWith({ entries: history('o', [notBefore('u1', 2_000_000_000)]), size: 1 })
    expect(state.asksStore).toBe(false)
    expect(state.hit(token('b', { subject: 'u1' }))).toBe('subject_revoked')
    expect(missing()).toEqual([])
  })

  it('end a snapshot early, and a later one that fits brings the mirror back', () => {
    const { state, beatWith, snapshot, now } = setUp({ maxEntries: 10 })
    beatWith({ size: 12 })
    const ticket = state.snapshotBegun({ dataSet: live, position: ORIGIN }, now())
    expect(state.snapshotPage(ticket, many, now())).toBe(false)
    state.snapshotDone(ticket)
    expect(state.asksStore).toBe(true)
    expect(state.needsSnapshot).toBe(false)
    expect(beatWith({ size: 10 })).toBe('fresh')
    expect(state.asksStore).toBe(true)
    beatWith({ size: 9 })
    expect(state.needsSnapshot).toBe(true)
    expect(state.asksStore).toBe(true)
    snapshot(many.slice(0, 9))
    expect(state.asksStore).toBe(false)
    expect(state.complete).toBe(true)
  })
})

describe('the store’s clock', () => {
  it('is never ahead of what the store last said, and goes on with the monotonic clock', () => {
    const { state, clock, now, beatWith } = setUp()
    expect(state.storeSeconds(now())).toBeUndefined()
    beatWith({ timeMs: 1_700_000_000_900 }, 300)
    expect(state.storeSeconds(now())).toBe(1_700_000_000)
    clock.pass(100)
    expect(state.storeSeconds(now())).toBe(1_700_000_001)
    clock.stepWall(86_400_000)
    expect(state.storeSeconds(now())).toBe(1_700_000_001)
  })
})
