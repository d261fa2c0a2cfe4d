// Mirrors of several processes over one real Redis: what they see while it works, stalls, dies, comes back and forgets.
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { RedisOptions } from '../../../src/denylist/options.ts'
import { StoreUnavailableError } from '../../../src/denylist/port.ts'
import { revocation, token } from '../../support/denylist/entries.ts'
import { openTestStore, redisOptions } from '../../support/denylist/redis-store.ts'
import { startDenylist, type TestDenylist } from '../../support/denylist/running.ts'
import { eventually } from '../../support/eventually.ts'
import { type RedisServer, startRedis } from '../../support/redis.ts'
import { describeWith } from '../../support/tools.ts'

describeWith('redis', 'mirrors on one Redis', () => {
  let server: RedisServer
  let redis: RedisOptions
  let running: TestDenylist[] = []

  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.close())
  beforeEach(() => {
    redis = redisOptions(server.port)
    running = []
  })
  afterEach(async () => {
    await Promise.all(running.map((one) => one.close()))
  })

  async function start(options: Parameters<typeof startDenylist>[0] = {}): Promise<TestDenylist> {
    const one = await startDenylist({ store: { kind: 'redis', redis }, ...options })
    running.push(one)
    return one
  }
  const becomes = (one: TestDenylist, id: string, answer: string, withinMs = 5000) =>
    eventually(`${id} is ${answer}`, () => one.denylist.lookup(token(id)) === answer, withinMs)

  it('a revocation at one is refused at the other within 50 ms (median of 20)', async () => {
    const here = await start()
    const there = await start()
    const tookMs: number[] = []
    for (let i = 0; i < 20; i += 1) {
      await here.log.record([revocation(`fast${i}`)])
      expect(here.denylist.lookup(token(`fast${i}`))).toBe('token_revoked')
      const acknowledged = performance.now()
      while (there.denylist.lookup(token(`fast${i}`)) !== 'token_revoked') await new Promise(setImmediate)
      tookMs.push(performance.now() - acknowledged)
    }
    const median = tookMs.sort((a, b) => a - b)[10] ?? Number.NaN
    process.stdout.write(`revocation seen by the other mirror after ${median.toFixed(1)} ms (median of 20)\n`)
    expect(median).toBeLessThan(50)
  })

  it('a process that starts later knows what was revoked before', async () => {
    const here = await start()
    await here.log.record([revocation('a')])
    const later = await start()
    expect(later.denylist.lookup(token('a'))).toBe('token_revoked')
    expect(later.denylist.lookup(token('b'))).toBe('clear')
  })

  it('waiting until it is applied answers when both have it, and says so', async () => {
    const here = await start()
    const there = await start()
    const { revision } = await here.log.record([revocation('a')])
    expect(await here.log.waitUntilApplied(revision)).toEqual({ sidecarsApplied: 2, sidecarsKnown: 2 })
    expect(there.denylist.lookup(token('a'))).toBe('token_revoked')
  })

  it('a stall shorter than max_staleness is not seen; a longer one is, and mends itself', async () => {
    const { denylist, log, counted } = await start({ maxStalenessMs: 3000 })
    await log.record([revocation('a')])
    server.freeze()
    try {
      const frozenAt = performance.now()
      while (performance.now() - frozenAt < 1500) {
        expect(denylist.lookup(token('b'))).toBe('clear')
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await eventually('unknown', () => denylist.lookup(token('b')) === 'unknown', 4000)
      expect(performance.now() - frozenAt).toBeLessThan(3500)
      expect(denylist.lookup(token('a'))).toBe('token_revoked')
      const failed = await log.record([revocation('c')]).catch((error: unknown) => error)
      expect(failed).toBeInstanceOf(StoreUnavailableError)
    } finally {
      server.resume()
    }
    await eventually('clear', () => denylist.lookup(token('b')) === 'clear', 5000)
    expect(counted.losses).toEqual([])
  })

  it('killed and started again with its data: caught up without a restart of ours', async () => {
    const here = await start()
    const there = await start()
    await here.log.record([revocation('a')])
    await server.kill9()
    await server.restart()
    await eventually('recorded', async () => (await here.log.record([revocation('b')])).revision)
    await becomes(there, 'b', 'token_revoked')
    expect(there.denylist.lookup(token('a'))).toBe('token_revoked')
    await becomes(there, 'c', 'clear')
  })

  it('started again empty: what was revoked stays refused, and is in Redis again', async () => {
    const here = await start()
    const there = await start({ mayWrite: false })
    await here.log.record(Array.from({ length: 1200 }, (_, i) => revocation(`kept${i}`)))
    await becomes(there, 'kept1199', 'token_revoked')
    await server.restart({ emptied: true })
    await eventually(
      'loss noticed',
      () => here.counted.losses.includes('lost') && there.counted.losses.includes('lost'),
    )
    expect(there.denylist.lookup(token('kept7'))).toBe('token_revoked')
    await eventually('healed', () => here.counted.healed >= 1200, 10_000)
    expect(await server.send('ZCARD', `{${redis.namespace}}:revoked`)).toBe(1200)
    const later = await start({ mayWrite: false })
    expect(later.denylist.lookup(token('kept7'))).toBe('token_revoked')
    expect(there.counted.healed).toBe(0)
  })

  it('a feed that was deleted, or trimmed away while nobody looked, is no loss', async () => {
    const here = await start()
    await here.log.record([revocation('a')])
    await server.send('DEL', `{${redis.namespace}}:feed`)
    await here.log.record([revocation('b')])
    const later = await start()
    for (const id of ['a', 'b']) {
      await becomes(here, id, 'token_revoked')
      await becomes(later, id, 'token_revoked')
    }
    await becomes(here, 'c', 'clear')
  })

  it('a data set out of nothing is not trusted by a cold process until its window has passed', async () => {
    const cold = await start({ recoveryWindowMs: 2000 })
    expect(cold.denylist.status().state).toBe('recovering')
    expect(cold.denylist.lookup(token('b'))).toBe('unknown')
    await becomes(cold, 'b', 'clear', 5000)
  })

  it('a data set declared new is trusted at once', async () => {
    const store = await openTestStore(redis, { recoveryWindowMs: 30_000 })
    expect((await store.initialise()).state).toBe('live')
    await store.close()
    const cold = await start({ recoveryWindowMs: 30_000 })
    await becomes(cold, 'b', 'clear', 1000)
  })

  it('a process that may only read neither makes an epoch nor answers without one', async () => {
    const sidecar = await start({ mayWrite: false })
    expect(sidecar.denylist.lookup(token('b'))).toBe('unknown')
    expect(await server.send('EXISTS', `{${redis.namespace}}:epoch`)).toBe(0)
    await start()
    await becomes(sidecar, 'b', 'clear')
  })

  it('lookup mode sees a revocation with its next question', async () => {
    const here = await start()
    const asking = await start({ mode: 'lookup' })
    await here.log.record([revocation('a')])
    expect((await asking.denylist.consult(token('a')))?.lookup).toBe('token_revoked')
    const clear = await asking.denylist.consult(token('b'))
    expect(asking.denylist.lookup(token('b'), clear)).toBe('clear')
  })

  it('more entries than fit: Redis is asked, nothing is allowed by mistake', async () => {
    const here = await start()
    const small = await start({ maxEntries: 10 })
    await here.log.record(Array.from({ length: 30 }, (_, i) => revocation(`o${i}`)))
    await eventually('overflow', () => small.denylist.consult(token('b')) !== undefined)
    for (let i = 0; i < 30; i += 1) {
      const refs = token(`o${i}`)
      expect(small.denylist.lookup(refs, await small.denylist.consult(refs))).toBe('token_revoked')
    }
    expect(small.denylist.lookup(token('b'), await small.denylist.consult(token('b')))).toBe('clear')
  })
})
