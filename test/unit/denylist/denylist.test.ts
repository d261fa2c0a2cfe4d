// The denylist as a Check and the revocation service see it, over a store that a test breaks and mends.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Clock } from '../../../src/clock.ts'
import { connectMemoryStore, createMemoryData } from '../../../src/denylist/memory.ts'
import { StoreUnavailableError } from '../../../src/denylist/port.ts'
import { ISSUER, revocation, token } from '../../support/denylist/entries.ts'
import { createFaultyStore } from '../../support/denylist/faulty-store.ts'
import { startDenylist, type TestDenylist } from '../../support/denylist/running.ts'

/** Real promises, faked time: both clocks follow the timers that vitest moves. */
const clock: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() }

function setUp() {
  const data = createMemoryData({ clock, epochRetentionSeconds: 3_000_000 })
  const stores = [createFaultyStore(connectMemoryStore(data)), createFaultyStore(connectMemoryStore(data))] as const
  return { data, stores }
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('the denylist', () => {
  let running: TestDenylist[] = []

  async function start(...[options, more]: Parameters<typeof startDenylist>): Promise<TestDenylist> {
    const starting = startDenylist(options, { clock, ...more })
    await pass(100)
    const one = await starting
    running.push(one)
    return one
  }

  beforeEach(() => {
    vi.useFakeTimers({ now: 1_800_000_000_000 })
    running = []
  })
  afterEach(async () => {
    const closing = Promise.all(running.map((one) => one.close()))
    await pass(6000)
    await closing
    vi.useRealTimers()
  })

  it('calls clear what nobody revoked, and knows a revocation as soon as record resolves', async () => {
    const { denylist, log } = await start()
    expect(denylist.lookup(token('a'))).toBe('clear')
    const recorded = log.record([revocation('a')])
    await pass(0)
    expect((await recorded).revision).not.toBe('')
    expect(denylist.lookup(token('a'))).toBe('token_revoked')
    expect(denylist.lookup(token('b'))).toBe('clear')
  })

  it('tells the other mirror through the feed, at once and not with the next beat', async () => {
    const { stores } = setUp()
    const here = await start({}, { store: stores[0] })
    const there = await start({}, { store: stores[1] })
    const recorded = here.log.record([revocation('a')])
    await pass(20)
    await recorded
    expect(there.denylist.lookup(token('a'))).toBe('token_revoked')
    expect(there.counted.propagatedMs).toHaveLength(1)
  })

  it('denies by epoch every token up to the moment of the call and none after', async () => {
    const { denylist, log } = await start()
    const recorded = log.record([{ dimension: 'subject', issuer: ISSUER, id: 'u1', plusSeconds: 0 }])
    await pass(0)
    const { recordedAt } = await recorded
    expect(log.storeSeconds()).toBe(recordedAt)
    expect(denylist.lookup(token('a', { subject: 'u1', issuedAt: recordedAt }))).toBe('subject_revoked')
    expect(denylist.lookup(token('a', { subject: 'u1', issuedAt: recordedAt + 1 }))).toBe('clear')
  })

  it('keeps a signing key revoked for ever', async () => {
    const { denylist, log } = await start()
    const recorded = log.record([{ dimension: 'key_id', issuer: ISSUER, id: 'key-1' }])
    await pass(0)
    await recorded
    await pass(60_000)
    expect(denylist.lookup(token('a'))).toBe('key_revoked')
  })

  it.each(['fails', 'hangs'] as const)(
    'answers while the store %s for less than max_staleness, then says unknown, and knows what it knew',
    async (fault) => {
      const { stores } = setUp()
      const { denylist, log, ready } = await start({ maxStalenessMs: 5000 }, { store: stores[0] })
      const recorded = log.record([revocation('a')])
      await pass(2000)
      await recorded
      stores[0].mode = fault
      await pass(3800)
      expect(denylist.lookup(token('b'))).toBe('clear')
      expect(ready()).toBe(true)
      await pass(2200)
      expect(denylist.lookup(token('b'))).toBe('unknown')
      expect(denylist.lookup(token('a'))).toBe('token_revoked')
      expect(denylist.status().state).toBe('stale')
      expect(ready()).toBe(false)
    },
  )

  it.each(['fails', 'hangs'] as const)(
    'recovers by itself after the store %s, with what was revoked meanwhile',
    async (fault) => {
      const { stores } = setUp()
      const there = await start({}, { store: stores[0] })
      const here = await start({}, { store: stores[1] })
      stores[0].mode = fault
      await pass(10_000)
      const recorded = here.log.record([revocation('a')])
      await pass(0)
      await recorded
      expect(there.denylist.lookup(token('a'))).toBe('unknown')
      stores[0].mode = 'works'
      await pass(3000)
      expect(there.denylist.lookup(token('a'))).toBe('token_revoked')
      expect(there.denylist.lookup(token('b'))).toBe('clear')
      expect(there.denylist.status()).toMatchObject({ state: 'live', unknownSinceMs: undefined, entries: 1 })
    },
  )

  it('says since when it has been unknown: from the end of the last proof', async () => {
    const { stores } = setUp()
    const { denylist } = await start({ maxStalenessMs: 5000 }, { store: stores[0] })
    stores[0].mode = 'fails'
    const { ageMs = Number.NaN } = denylist.status()
    const expected = clock.wallMs() - ageMs + 5000
    await pass(60_000)
    expect(Math.abs((denylist.status().unknownSinceMs ?? 0) - expected)).toBeLessThan(50)
  })

  it('starts without a store, says unknown, and needs no restart', async () => {
    const { stores } = setUp()
    stores[0].mode = 'fails'
    const { denylist } = await start({}, { store: stores[0] })
    expect(denylist.lookup(token('b'))).toBe('unknown')
    expect(denylist.status().state).toBe('starting')
    stores[0].mode = 'works'
    await pass(2500)
    expect(denylist.lookup(token('b'))).toBe('clear')
  })

  it('does not answer a revocation that the store did not take', async () => {
    const { stores } = setUp()
    const { denylist, log } = await start({}, { store: stores[0] })
    stores[0].mode = 'fails'
    await expect(log.record([revocation('a')])).rejects.toThrow(StoreUnavailableError)
    expect(denylist.lookup(token('a'))).toBe('clear')
  })

  it('reports how many mirrors have a revision, once all have it', async () => {
    const { stores } = setUp()
    const here = await start({}, { store: stores[0] })
    await start({}, { store: stores[1] })
    const recorded = here.log.record([revocation('a')])
    await pass(0)
    const applied = here.log.waitUntilApplied((await recorded).revision)
    await pass(200)
    expect(await applied).toEqual({ sidecarsApplied: 2, sidecarsKnown: 2 })
  })

  it('stops waiting for a mirror once that can no longer answer', async () => {
    const { stores } = setUp()
    const here = await start({}, { store: stores[0] })
    const there = await start({ maxStalenessMs: 3000 }, { store: stores[1] })
    stores[1].mode = 'hangs'
    const recorded = here.log.record([revocation('a')])
    await pass(0)
    const applied = here.log.waitUntilApplied((await recorded).revision)
    await pass(3500)
    expect(await applied).toEqual({ sidecarsApplied: 1, sidecarsKnown: 2 })
    expect(there.denylist.lookup(token('a'))).toBe('unknown')
  })

  it('calls nothing clear once it is closed', async () => {
    const one = await start()
    await one.close()
    expect(one.denylist.lookup(token('b'))).toBe('unknown')
    expect(one.ready()).toBe(false)
    await expect(one.log.record([revocation('a')])).rejects.toThrow(StoreUnavailableError)
  })

  it('goes through a burst in order and loses nothing', async () => {
    const { stores } = setUp()
    const here = await start({}, { store: stores[0] })
    const there = await start({}, { store: stores[1] })
    const recorded = Promise.all(Array.from({ length: 5000 }, (_, i) => here.log.record([revocation(`burst${i}`)])))
    await pass(500)
    await recorded
    for (let i = 0; i < 5000; i += 1) expect(there.denylist.lookup(token(`burst${i}`))).toBe('token_revoked')
    expect(there.counted.losses).toEqual([])
  })

  describe('in lookup mode', () => {
    it('asks the store for every check and keeps nothing', async () => {
      const { stores } = setUp()
      const here = await start({}, { store: stores[0] })
      const asking = await start({ mode: 'lookup' }, { store: stores[1] })
      const recorded = here.log.record([revocation('a')])
      await pass(0)
      await recorded
      const answers = await Promise.all(['a', 'b'].map(async (id) => asking.denylist.consult(token(id))))
      expect(answers.map((answer) => answer?.lookup)).toEqual(['token_revoked', 'clear'])
      expect(asking.denylist.lookup(token('a'), answers[0])).toBe('token_revoked')
      expect(asking.denylist.lookup(token('b'), answers[1])).toBe('clear')
      expect(asking.denylist.lookup(token('b'))).toBe('unknown')
      expect(asking.denylist.status()).toMatchObject({ state: 'live', entries: 0 })
    })

    it('does not believe an answer for longer than max_staleness', async () => {
      const { denylist } = await start({ mode: 'lookup' })
      const answer = await denylist.consult(token('b'))
      expect(denylist.lookup(token('b'), answer)).toBe('clear')
      await pass(2001)
      expect(denylist.lookup(token('b'), answer)).toBe('unknown')
    })

    it('says unknown soon when the store hangs', async () => {
      const { stores } = setUp()
      const { denylist } = await start({ mode: 'lookup' }, { store: stores[0] })
      stores[0].mode = 'hangs'
      const asked = denylist.consult(token('b'))
      await pass(300)
      expect(denylist.lookup(token('b'), await asked)).toBe('unknown')
    })
  })

  describe('with more entries than fit', () => {
    it('asks the store about what it does not hold, and answers alone again when everything fits', async () => {
      const { stores, data } = setUp()
      const seconds = Math.floor(clock.wallMs() / 1000)
      const here = await start({}, { store: stores[0] })
      const small = await start({ maxEntries: 10 }, { store: stores[1] })
      const recorded = here.log.record(Array.from({ length: 20 }, (_, i) => revocation(`o${i}`, seconds + 30)))
      await pass(100)
      await recorded
      for (let i = 0; i < 20; i += 1) {
        const refs = token(`o${i}`)
        expect(small.denylist.lookup(refs, await small.denylist.consult(refs))).toBe('token_revoked')
      }
      expect(small.denylist.lookup(token('b'), await small.denylist.consult(token('b')))).toBe('clear')
      expect(small.denylist.lookup(token('b'))).toBe('unknown')
      expect(small.denylist.status()).toMatchObject({ state: 'live', entries: 10 })
      await pass(45_000)
      expect(data.keep.size()).toBe(0)
      expect(small.denylist.consult(token('b'))).toBeUndefined()
      expect(small.denylist.lookup(token('b'))).toBe('clear')
    })
  })
})
