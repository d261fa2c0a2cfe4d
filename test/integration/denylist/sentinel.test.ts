// The Redis store behind real Sentinels: the port's promises, and what mirrors see while masters change, die, lose the
// last writes, or go on answering although they were deposed.
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { RedisOptions } from '../../../src/denylist/options.ts'
import { StoreUnavailableError } from '../../../src/denylist/port.ts'
import { revocation, revoked, token } from '../../support/denylist/entries.ts'
import { openTestStore, redisOptions } from '../../support/denylist/redis-store.ts'
import { startDenylist, type TestDenylist } from '../../support/denylist/running.ts'
import { roleOf, type SentinelSet, startSentinelSet } from '../../support/denylist/sentinel-set.ts'
import { describeStore } from '../../support/denylist/store-suite.ts'
import { eventually } from '../../support/eventually.ts'
import type { RedisServer } from '../../support/redis.ts'
import { describeWith } from '../../support/tools.ts'

const report = { after: undefined, maxStalenessMs: 5000 }
/** Detection and election, with room for a busy machine. */
const FAILOVER_MS = 20_000
const startMs = { timeout: 40_000 }

describeWith('redis', 'behind Sentinels', () => {
  let set: SentinelSet
  beforeAll(async () => {
    set = await startSentinelSet()
  }, startMs.timeout)
  afterAll(() => set.close())

  describeStore('the Redis store', async () => {
    const options = redisOptions(0, { topology: set.topology })
    return { connect: () => openTestStore(options), close: async () => {} }
  })
})

describeWith('redis', 'a failover by Sentinels', () => {
  let set: SentinelSet
  let redis: RedisOptions
  let running: TestDenylist[] = []

  beforeEach(async () => {
    running = []
    set = await startSentinelSet()
    redis = redisOptions(0, { topology: set.topology })
  }, startMs.timeout)
  afterEach(async () => {
    await Promise.all(running.map((one) => one.close()))
    await set.close()
  })

  async function start(options: Parameters<typeof startDenylist>[0] = {}): Promise<TestDenylist> {
    const one = await startDenylist({ store: { kind: 'redis', redis }, ...options })
    running.push(one)
    return one
  }
  const answers = (one: TestDenylist, id: string, answer: string) =>
    eventually(`${id} is ${answer}`, () => one.denylist.lookup(token(id)) === answer, FAILOVER_MS)
  const recorded = (one: TestDenylist, id: string) =>
    eventually(`${id} is recorded`, async () => (await one.log.record([revocation(id)])).revision, FAILOVER_MS)
  const has = async (server: RedisServer, id: string) =>
    (await server.send('ZSCORE', `{${redis.namespace}}:revoked`, revoked(id).member)) !== null
  async function failure(promise: Promise<unknown>): Promise<StoreUnavailableError> {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (!(error instanceof StoreUnavailableError)) throw new Error('it did not fail as it should', { cause: error })
    return error
  }

  it('that an operator asked for: the new master is followed, nothing is lost', async () => {
    const [, second] = set.servers
    const here = await start()
    const there = await start({ mayWrite: false })
    await recorded(here, 'before')
    await set.sentinels[0]?.send('SENTINEL', 'FAILOVER', set.name)
    await set.untilMaster(second)
    await recorded(here, 'after')
    await answers(there, 'after', 'token_revoked')
    expect(await has(second, 'after')).toBe(true)
    for (const one of running) {
      expect(one.denylist.lookup(token('before'))).toBe('token_revoked')
      await answers(one, 'none', 'clear')
    }
  })

  it('after a crash of the master: the new one is followed and what it never got is added back', async () => {
    const [first, second] = set.servers
    const here = await start()
    const there = await start({ mayWrite: false })
    await recorded(here, 'before')
    await answers(there, 'before', 'token_revoked')
    // The replica has this one…
    await eventually('replicated', () => has(second, 'before'))
    second.freeze()
    // …and never gets that one.
    await recorded(here, 'lost')
    await answers(there, 'lost', 'token_revoked')
    const killedAt = performance.now()
    await first.kill9()
    second.resume()
    await set.untilMaster(second)
    await eventually('added back', () => has(second, 'lost'), FAILOVER_MS)
    const tookS = ((performance.now() - killedAt) / 1000).toFixed(1)
    process.stdout.write(`crash of the master: what only it had is in the new one after ${tookS} s\n`)
    for (const one of running) {
      for (const id of ['before', 'lost']) expect(one.denylist.lookup(token(id))).toBe('token_revoked')
      await answers(one, 'none', 'clear')
    }
    const cold = await start({ mayWrite: false })
    expect(cold.denylist.lookup(token('lost'))).toBe('token_revoked')
  })

  it('leaves a deposed master that still answers: neither its beats nor its writes count', async () => {
    const [first, second] = set.servers
    const store = await openTestStore(redis)
    await store.add([revoked('before')])
    const { dataSet } = await store.beat(report)
    // Nobody converts it into a replica for a while: Sentinels give it some seconds to find out itself.
    first.freeze()
    await set.untilMaster(second)
    for (const sentinel of set.sentinels) sentinel.freeze()
    first.resume()
    await eventually('answers', async () => (await first.send('PING')) === 'PONG')
    expect(await roleOf(first)).toBe('master')
    // With all Sentinels silent there is no majority for anything.
    expect((await failure(store.beat(report))).message).toBe('No majority of the Sentinels names a master')
    for (const sentinel of set.sentinels) sentinel.resume()
    await first.send('SET', `{${redis.namespace}}:epoch`, 'deposed live')
    let deposedStill = 0
    const until = performance.now() + 3000
    while (performance.now() < until) {
      const beat = await store.beat(report).catch(() => undefined)
      if ((await roleOf(first)) === 'master') deposedStill += 1
      if (beat) expect(beat.dataSet.epoch).toBe(dataSet.epoch)
    }
    expect(deposedStill).toBeGreaterThan(0)
    // The connection for writing is still to the deposed one, and finds out by being told no.
    expect(await failure(store.add([revoked('after')]))).toMatchObject({
      message: 'The Redis that took the revocation may not be the master',
      possiblyApplied: true,
    })
    await store.add([revoked('after')])
    expect(await has(second, 'after')).toBe(true)
    await store.close()
  })

  it('is impossible for a minority: a process that reaches only one Sentinel believes nothing', async () => {
    const store = await openTestStore(redis)
    await store.beat(report)
    await store.add([revoked('before')])
    const [, one, other] = set.sentinels
    one?.freeze()
    expect((await store.beat(report)).dataSet.state).toBe('live')
    other?.freeze()
    expect((await failure(store.beat(report))).message).toBe('No majority of the Sentinels names a master')
    expect(await failure(store.add([revoked('a')]))).toMatchObject({ possiblyApplied: true })
    one?.resume()
    await eventually('believed again', () => store.beat(report), FAILOVER_MS)
    await store.close()
  })
})
