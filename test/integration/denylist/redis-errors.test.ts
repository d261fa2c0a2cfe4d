// What Redis refuses is said in constant words, tried again without a restart, and never taken for an answer.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../../src/denylist/port.ts'
import type { RevocationStore } from '../../../src/denylist/store-port.ts'
import { revoked } from '../../support/denylist/entries.ts'
import { openTestStore, redisOptions, silentLog } from '../../support/denylist/redis-store.ts'
import { freePort } from '../../support/ports.ts'
import { type RedisConfig, type RedisServer, startRedis } from '../../support/redis.ts'
import { describeWith } from '../../support/tools.ts'

const report = { after: undefined, maxStalenessMs: 5000 }

describeWith('redis', 'a Redis that refuses', () => {
  let closing: (() => Promise<void>)[] = []
  beforeEach(() => {
    closing = []
  })
  afterEach(async () => {
    for (const close of closing.reverse()) await close()
  })

  async function server(config: RedisConfig = {}): Promise<RedisServer> {
    const one = await startRedis({ config })
    closing.push(() => one.close())
    return one
  }
  async function open(...args: Parameters<typeof openTestStore>): Promise<RevocationStore> {
    const store = await openTestStore(...args)
    closing.push(() => store.close())
    return store
  }
  async function failure(promise: Promise<unknown>): Promise<StoreUnavailableError> {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (!(error instanceof StoreUnavailableError)) throw new Error('it did not fail as it should', { cause: error })
    return error
  }

  it('a wrong password', async () => {
    const { port } = await server({ requirepass: 'right' })
    const wrong = await open(redisOptions(port, { password: 'wrong' }))
    expect(await failure(wrong.beat(report))).toMatchObject({
      message: 'Redis refused the user name or password',
      possiblyApplied: false,
    })
    const none = await open(redisOptions(port))
    expect((await failure(none.beat(report))).message).toBe('Redis needs a password')
    const right = await open(redisOptions(port, { password: 'right' }))
    expect((await right.beat(report)).dataSet.state).toBe('live')
  })

  it('a port where nobody listens: nothing was applied', async () => {
    const store = await open(redisOptions(await freePort()))
    expect(await failure(store.add([revoked('a')]))).toMatchObject({
      message: 'Redis cannot be reached: connection refused',
      possiblyApplied: false,
    })
  })

  it('a read-only replica', async () => {
    const master = await server()
    const replica = await server({ replicaof: `127.0.0.1 ${master.port}` })
    const store = await open(redisOptions(replica.port))
    expect((await failure(store.beat(report))).message).toBe('Redis is a read-only replica, the master is needed')
    expect((await failure(store.add([revoked('a')]))).message).toBe(
      'Redis is a read-only replica, the master is needed',
    )
  })

  it('a user without a permission', async () => {
    const { port } = await server({ user: ['default off', 'weak on >pw ~* +ping +info +evalsha +eval +get +time'] })
    const store = await open(redisOptions(port, { username: 'weak', password: 'pw' }))
    expect((await failure(store.beat(report))).message).toBe('The Redis user lacks a permission, see docs/redis.md')
  })

  it('memory that is used up: said, nothing lost, and over when there is room', async () => {
    const one = await server()
    const store = await open(redisOptions(one.port))
    await store.add([revoked('a')])
    await one.send('CONFIG', 'SET', 'maxmemory', '1mb')
    expect((await failure(store.add([revoked('b')]))).message).toBe('Redis is out of memory')
    expect((await store.lookup([revoked('a')])).scores[0]).toBeGreaterThan(0)
    await one.send('CONFIG', 'SET', 'maxmemory', '0')
    await store.add([revoked('b')])
  })

  it('one that does not answer: the revocation may have been applied', async () => {
    const one = await server()
    const store = await open(redisOptions(one.port, { commandTimeoutMs: 200 }))
    await store.add([revoked('a')])
    one.freeze()
    expect((await failure(store.add([revoked('b')]))).possiblyApplied).toBe(true)
    one.resume()
    await store.add([revoked('b')])
  })

  it('scripts that were flushed are sent again', async () => {
    const one = await server()
    const store = await open(redisOptions(one.port))
    await store.add([revoked('a')])
    await one.send('SCRIPT', 'FLUSH')
    await store.add([revoked('b')])
    expect((await store.beat(report)).size).toBe(2)
  })

  describe('its settings', () => {
    const evicting = { 'maxmemory-policy': 'allkeys-lru' }
    const forgetting = { appendonly: 'no', save: '' }

    it.each([
      ['eviction', evicting, 'Redis may evict revocations: set maxmemory-policy to noeviction'],
      ['no persistence', forgetting, 'Redis does not save to disk: a restart loses what no mirror holds'],
    ] as [string, RedisConfig, string][])(
      'with %s are warned of, and refused when strict',
      async (_, config, words) => {
        const { port } = await server(config)
        const warnings: string[] = []
        const log = { ...silentLog, warn: (_fields: object, message: string) => void warnings.push(message) }
        const store = await open(redisOptions(port), { log })
        await store.beat(report)
        expect(warnings).toContain(words)
        await expect(openTestStore(redisOptions(port, { strict: true }))).rejects.toThrow(words)
      },
    )
  })

  describe('replicas', () => {
    it('that are too few make a revocation fail as possibly applied, also when it is repeated', async () => {
      const { port } = await server()
      const store = await open(redisOptions(port, { minReplicas: 1 }))
      for (let attempt = 0; attempt < 2; attempt += 1)
        expect(await failure(store.add([revoked('a')]))).toMatchObject({
          message: 'Too few Redis replicas have the revocation',
          possiblyApplied: true,
        })
    })

    it('that stand still make even a repeated revocation wait for them', async () => {
      const master = await server()
      const replica = await server({ replicaof: `127.0.0.1 ${master.port}` })
      const store = await open(redisOptions(master.port, { minReplicas: 1 }))
      const until = performance.now() + 10_000
      while (performance.now() < until) {
        const done = await store.add([revoked('first')]).catch(() => undefined)
        if (done) break
      }
      replica.freeze()
      expect((await failure(store.add([revoked('a')]))).possiblyApplied).toBe(true)
      expect((await failure(store.add([revoked('a')]))).possiblyApplied).toBe(true)
      replica.resume()
      expect((await store.add([revoked('a')])).revision).not.toBe('')
    })
  })
})
