// The Redis store on a real Cluster: the port's promises on every master, and what mirrors see while the slot of their
// keys moves and its master dies.
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { RedisOptions } from '../../../src/denylist/options.ts'
import { clusterSlot } from '../../../src/denylist/redis/cluster-slot.ts'
import { type RedisCluster, startCluster } from '../../support/denylist/cluster.ts'
import { revocation, revoked, token } from '../../support/denylist/entries.ts'
import { openTestStore, redisOptions } from '../../support/denylist/redis-store.ts'
import { startDenylist, type TestDenylist } from '../../support/denylist/running.ts'
import { describeStore } from '../../support/denylist/store-suite.ts'
import { eventually } from '../../support/eventually.ts'
import { type RedisServer, startRedis } from '../../support/redis.ts'
import { describeWith } from '../../support/tools.ts'

/** Detection and election, with room for a busy machine. */
const FAILOVER_MS = 20_000
const START_MS = 40_000

describeWith('redis', 'on a Redis Cluster', () => {
  let cluster: RedisCluster
  let redis: RedisOptions
  let running: TestDenylist[] = []

  beforeAll(async () => {
    cluster = await startCluster()
  }, START_MS)
  afterAll(() => cluster.close())
  beforeEach(() => {
    running = []
    redis = optionsFor(0)
  })
  afterEach(async () => {
    await Promise.all(running.map((one) => one.close()))
  })

  /** Keys that the master of this number holds. */
  function optionsFor(master: number): RedisOptions {
    const { from = 0, to = 0 } = cluster.ranges[master] ?? {}
    for (;;) {
      const namespace = `test-${randomUUID()}`
      const slot = clusterSlot(`{${namespace}}:feed`)
      if (slot >= from && slot <= to) return redisOptions(0, { topology: cluster.topology, namespace })
    }
  }
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

  describeStore('the Redis store', async () => {
    // Each test on another slot, and so on any of the masters.
    const options = redisOptions(0, { topology: cluster.topology })
    return { connect: () => openTestStore(options), close: async () => {} }
  })

  it('the slot is the one that Redis computes', async () => {
    for (const key of [`{${redis.namespace}}:feed`, '{postern}:revoked', 'plain'])
      expect(await cluster.masters[0].send('CLUSTER', 'KEYSLOT', key)).toBe(clusterSlot(key))
  })

  it('a slot that moves to another master is followed, with everything in it', async () => {
    const [first, second] = cluster.masters
    const here = await start()
    const there = await start({ mayWrite: false })
    await recorded(here, 'before')
    await cluster.moveSlot(clusterSlot(`{${redis.namespace}}:feed`), first, second)
    await recorded(here, 'after')
    await answers(there, 'after', 'token_revoked')
    expect(await has(second, 'before')).toBe(true)
    expect(await has(second, 'after')).toBe(true)
    for (const one of running) {
      expect(one.denylist.lookup(token('before'))).toBe('token_revoked')
      await answers(one, 'none', 'clear')
      expect(one.counted.losses).toEqual([])
    }
  })

  it('while half of the keys have moved nothing is proven, and nothing is taken for lost', async () => {
    const [first, second] = cluster.masters
    const slot = clusterSlot(`{${redis.namespace}}:feed`)
    const here = await start()
    await recorded(here, 'before')
    const [firstId, secondId] = await Promise.all([first, second].map((one) => one.send('CLUSTER', 'MYID')))
    await second.send('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(firstId))
    await first.send('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(secondId))
    await first.send('MIGRATE', '127.0.0.1', second.port, `{${redis.namespace}}:epoch`, 0, 2000)
    await expect(here.log.record([revocation('during')])).rejects.toThrow('The keys are being moved')
    await answers(here, 'none', 'unknown')
    expect(here.denylist.lookup(token('before'))).toBe('token_revoked')
    await cluster.moveSlot(slot, first, second)
    await answers(here, 'none', 'clear')
    expect(here.counted.losses).toEqual([])
    expect(await has(second, 'before')).toBe(true)
  })

  it('a crash of the master: its replica is followed and what that never got is added back', async () => {
    const [first] = cluster.masters
    const { replica } = cluster
    const here = await start()
    const there = await start({ mayWrite: false })
    await recorded(here, 'before')
    await first.send('WAIT', 1, 2000)
    await answers(there, 'before', 'token_revoked')
    replica.freeze()
    await recorded(here, 'lost')
    await answers(there, 'lost', 'token_revoked')
    const killedAt = performance.now()
    await first.kill9()
    replica.resume()
    await eventually('promoted', async () => String(await replica.send('ROLE')).startsWith('master'), FAILOVER_MS)
    await eventually('added back', () => has(replica, 'lost'), FAILOVER_MS)
    const tookS = ((performance.now() - killedAt) / 1000).toFixed(1)
    process.stdout.write(`crash of the Cluster's master: what only it had is in the new one after ${tookS} s\n`)
    for (const one of running) {
      for (const id of ['before', 'lost']) expect(one.denylist.lookup(token(id))).toBe('token_revoked')
      await answers(one, 'none', 'clear')
    }
    // The old one comes back as a replica, and is not believed.
    await first.restart()
    await cluster.untilWhole()
    await recorded(here, 'after')
    const cold = await start({ mayWrite: false })
    for (const id of ['before', 'lost', 'after']) expect(cold.denylist.lookup(token(id))).toBe('token_revoked')
    await cluster.restore()
  })

  it('a master that was cut off and goes on answering is not believed', async () => {
    const [first] = cluster.masters
    const { replica } = cluster
    const here = await start()
    await recorded(here, 'before')
    first.freeze()
    await eventually('promoted', async () => String(await replica.send('ROLE')).startsWith('master'), FAILOVER_MS)
    await recorded(here, 'after')
    first.resume()
    await answers(here, 'none', 'clear')
    expect(await has(replica, 'after')).toBe(true)
    const later = await start({ mayWrite: false })
    expect(later.denylist.lookup(token('after'))).toBe('token_revoked')
  })
})

describeWith('redis', 'a Cluster that is set up wrongly', () => {
  it(
    'answers while it is down: refused, strict or not',
    async () => {
      const cluster = await startCluster({ 'cluster-allow-reads-when-down': 'yes' })
      try {
        await expect(openTestStore(redisOptions(0, { topology: cluster.topology }))).rejects.toThrow(
          'The Redis Cluster answers while it is down: set cluster-allow-reads-when-down to no',
        )
      } finally {
        await cluster.close()
      }
    },
    START_MS,
  )

  it('is no Cluster, or is one where a single server was configured', async () => {
    const single = await startRedis()
    const clustered = await startRedis({ config: { 'cluster-enabled': 'yes' } })
    try {
      const nodes = [{ host: '127.0.0.1', port: single.port }]
      const store = await openTestStore(redisOptions(0, { topology: { kind: 'cluster', nodes } }))
      await expect(store.beat({ after: undefined, maxStalenessMs: 5000 })).rejects.toThrow(
        'Redis is not a Cluster: give its address as url',
      )
      await store.close()
      await expect(openTestStore(redisOptions(clustered.port))).rejects.toThrow(
        'This Redis is a Cluster: give its addresses under cluster',
      )
    } finally {
      await Promise.all([single.close(), clustered.close()])
    }
  })
})
