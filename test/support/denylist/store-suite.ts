// The promises of the store port, as tests that run against every store. Each test gets stores on a data set of its own.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Entry } from '../../../src/denylist/entries.ts'
import { ORIGIN, type Position, type RevocationStore } from '../../../src/denylist/store-port.ts'
import { notBefore, plain, revoked } from './entries.ts'

export interface StoreUnderTest {
  /** One mirror's connection to the data set. */
  connect(): Promise<RevocationStore>
  close(): Promise<void>
}

const maxStalenessMs = 5000

export function describeStore(title: string, create: () => Promise<StoreUnderTest>): void {
  describe(title, () => {
    let subject: StoreUnderTest
    let store: RevocationStore

    beforeEach(async () => {
      subject = await create()
      store = await subject.connect()
    })
    afterEach(async () => {
      await store.close()
      await subject.close()
    })

    const beat = (after?: Position) => store.beat({ after, maxStalenessMs })

    async function everything(): Promise<readonly string[]> {
      const entries: Entry[] = []
      for await (const page of (await store.snapshot()).pages) entries.push(...page)
      return plain(entries)
    }

    it('has nothing at first, and names its data set', async () => {
      const first = await beat()
      expect(first.dataSet.epoch).not.toBe('')
      expect(first).toMatchObject({ entries: [], last: ORIGIN })
      expect(await everything()).toEqual([])
      const second = await beat()
      expect(second.dataSet.epoch).toBe(first.dataSet.epoch)
      expect(second.size).toBe(0)
    })

    it('keeps what was added and gives it to a snapshot and to the feed', async () => {
      await beat()
      const entries = [revoked('a'), revoked('key', Number.POSITIVE_INFINITY), notBefore('s', 1_800_000_000)]
      const { revision } = await store.add(entries)
      expect(await everything()).toEqual(plain(entries))
      const after = await beat(ORIGIN)
      expect(plain(after.entries.map(({ entry }) => entry))).toEqual(plain(entries))
      expect(after.last.id).toBe(revision)
      expect(after.dataSet.state).toBe('live')
    })

    it('chains each feed entry to the one before it, with a nonce of its own', async () => {
      await store.add([revoked('a'), revoked('b')])
      await store.add([revoked('c')])
      const { entries, last } = await beat(ORIGIN)
      expect(entries.map(({ previous }) => previous)).toEqual([ORIGIN, entries[0]?.position, entries[1]?.position])
      expect(entries.at(-1)?.position).toEqual(last)
      expect(new Set(entries.map(({ position }) => position.nonce)).size).toBe(3)
    })

    it('gives only what comes after a position', async () => {
      await store.add([revoked('a')])
      const { last } = await beat(ORIGIN)
      expect((await beat(last)).entries).toEqual([])
      await store.add([revoked('b')])
      expect((await beat(last)).entries.map(({ entry }) => plain([entry]))).toEqual([plain([revoked('b')])])
    })

    it('raises a score and never lowers it; what changes nothing is not in the feed', async () => {
      await store.add([revoked('a', 2_000)])
      const before = await beat(ORIGIN)
      const again = await store.add([revoked('a', 1_000)])
      expect(again.revision).toBe(before.last.id)
      expect((await beat(before.last)).entries).toEqual([])
      await store.add([revoked('a', 3_000), revoked('a', 2_500)])
      expect(await everything()).toEqual(plain([revoked('a', 3_000)]))
      await store.add([revoked('a', Number.POSITIVE_INFINITY)])
      await store.add([revoked('a', 4_000)])
      expect(await everything()).toEqual(plain([revoked('a', Number.POSITIVE_INFINITY)]))
    })

    it('gives epochs the time of the moment, by its own clock', async () => {
      const { member } = notBefore('s', 0)
      const { seconds } = await store.add([{ space: 'not_before', member, plusSeconds: 30 }])
      const { timeMs } = await beat()
      expect(Math.abs(timeMs / 1000 - seconds)).toBeLessThan(5)
      expect(await everything()).toEqual(plain([notBefore('s', seconds + 30)]))
    })

    it('answers questions in the order asked, 0 for what is not there', async () => {
      await store.add([revoked('a', 5_000), notBefore('s', 7_000), revoked('k', Number.POSITIVE_INFINITY)])
      const questions = [notBefore('s', 0), revoked('a'), revoked('none'), notBefore('none', 0), revoked('k')]
      const { scores } = await store.lookup(questions)
      expect(scores).toEqual([7_000, 5_000, 0, 0, Number.POSITIVE_INFINITY])
      expect((await store.lookup([])).scores).toEqual([])
    })

    it('wakes a tail when there is news, and at once when there has been', async () => {
      const ending = new AbortController()
      await beat()
      const waiting = store.tail(ORIGIN, ending.signal)
      await store.add([revoked('a')])
      expect(await waiting).toBe(true)
      expect(await store.tail(ORIGIN, ending.signal)).toBe(true)
    })

    it('lets a tail end when it is told to', async () => {
      const ending = new AbortController()
      await beat()
      const waiting = store.tail(ORIGIN, ending.signal).catch(() => false)
      ending.abort()
      expect(await waiting).toBe(false)
    })

    it('pages through thousands of entries, all of them once it is quiet', async () => {
      const entries = Array.from({ length: 3_000 }, (_, i) => revoked(`t${i}`, 1_000_000 + i))
      for (let at = 0; at < entries.length; at += 500) await store.add(entries.slice(at, at + 500))
      expect(new Set(await everything())).toEqual(new Set(plain(entries)))
    })

    it('has in its snapshot or in the feed after it whatever is added while the snapshot is read', async () => {
      await store.add(Array.from({ length: 2_000 }, (_, i) => revoked(`old${i}`)))
      const snapshot = await store.snapshot()
      const seen = new Set<string>()
      let added = 0
      for await (const page of snapshot.pages) {
        for (const line of plain(page)) seen.add(line)
        await store.add([revoked(`new${added}`)])
        added += 1
      }
      for (const { entry } of (await beat(snapshot.position)).entries) for (const line of plain([entry])) seen.add(line)
      for (let i = 0; i < added; i += 1) expect(seen).toContain(plain([revoked(`new${i}`)])[0])
    })

    it('removes what is over and nothing else', async () => {
      const seconds = Math.floor((await beat()).timeMs / 1000)
      const staying = [
        revoked('now', seconds + 100),
        revoked('key', Number.POSITIVE_INFINITY),
        notBefore('s', seconds - 50),
      ]
      await store.add([revoked('over', seconds - 10), notBefore('old', seconds - 200), ...staying])
      expect(await store.purge()).toBe(2)
      expect(await everything()).toEqual(plain(staying))
      expect(await store.purge()).toBe(0)
    })

    it('keeps many additions made at once, each acknowledged', async () => {
      const all = Array.from({ length: 50 }, (_, i) => revoked(`p${i}`))
      const answers = await Promise.all(all.map((entry) => store.add([entry])))
      expect(await everything()).toEqual(plain(all))
      expect(answers).toHaveLength(50)
    })

    it('counts a mirror as having a revision once it says so, and not one that left', async () => {
      const { revision } = await store.add([revoked('a')])
      const { last } = await beat(ORIGIN)
      let answered = false
      const waiting = store.applied(revision).then((applied) => {
        answered = true
        return applied
      })
      await beat(ORIGIN)
      expect(answered).toBe(false)
      await beat(last)
      expect(await waiting).toEqual({ sidecarsApplied: 1, sidecarsKnown: 1 })
      await store.close()
      store = await subject.connect()
      expect(await store.applied(revision)).toEqual({ sidecarsApplied: 0, sidecarsKnown: 0 })
    })

    it('declares a data set live', async () => {
      const { dataSet } = await beat()
      expect(await store.initialise()).toEqual({ epoch: dataSet.epoch, state: 'live' })
      expect((await beat()).dataSet).toEqual({ epoch: dataSet.epoch, state: 'live' })
    })
  })
}
