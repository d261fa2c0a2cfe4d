// The guarantee of docs/revocation.md while Redis, the network or a process fails. The same two processes live through
// all of it: nothing is ever restarted. Each test prints what somebody asking ten times a second was answered.

import { setTimeout as sleep } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { describeWith } from '../../support/tools.ts'
import { startWitness, type Witness } from './witness.ts'
import { maxStalenessMs, openWorld, recoveryWindowMs, type World } from './world.ts'

/** A restart of Redis, a busy machine: what comes on top of the stated bounds. */
const slackMs = 2000
/** The last proof before a fault may be that old already. */
const pollSlackMs = 1500
/** After a loss the newest entries are added back at once, all others after a random wait of up to 3 s. */
const healedWithinMs = 5000
/** Instead of a minute: with `max_staleness` of 3 s, nothing changes after the fourth second. */
const stallMs = 15_000

describeWith('redis', 'a token service, a sidecar and', () => {
  let world: World
  let witness: Witness
  let pids: readonly number[]
  let good: Awaited<ReturnType<Witness['watch']>>
  let revoked: typeof good

  beforeAll(async () => {
    world = await openWorld()
    pids = [world.issuer.postern.pid, world.sidecar.postern.pid]
  })
  afterAll(() => world?.close())

  beforeEach(async () => {
    witness = startWitness(world)
    good = await witness.watch('good')
    revoked = await witness.watch('revoked')
    await settled()
    await witness.revoke(revoked)
    await eventually('both refuse it', () => witness.of('sidecar', revoked).includes('revoked'))
  })

  afterEach(() => witness.end())

  /** Both processes answer from a fresh mirror. */
  async function settled(withinMs = 10_000): Promise<number> {
    const from = performance.now()
    for (const node of ['issuer', 'sidecar'] as const)
      await eventually(`${node} allows`, () => witness.of(node, good, from).includes('allow'), withinMs)
    return performance.now()
  }

  /** What has to hold after every fault. */
  async function finish(title: string): Promise<void> {
    await settled()
    await sleep(500)
    await witness.end()
    witness.print(title)
    expect(witness.wrongAllows()).toEqual([])
    // Known at both before the fault began: refused as revoked, whatever else was unknown.
    for (const node of ['issuer', 'sidecar'] as const) {
      const answers = witness.of(node, revoked, revoked.revokedAt)
      expect(new Set(answers.slice(answers.indexOf('revoked'))), node).toEqual(new Set(['revoked']))
    }
    expect(await world.isStored(revoked)).toBe(true)
    expect([world.issuer.postern.pid, world.sidecar.postern.pid]).toEqual(pids)
  }

  const unavailable = { code: status.UNAVAILABLE, reason: 'store_unavailable' }
  const answersOfBoth = (from: number, to: number) =>
    new Set((['issuer', 'sidecar'] as const).flatMap((node) => witness.of(node, good, from, to)))

  it('a Redis that is killed and comes back empty, soon: nobody notices, and it is told what it lost', async () => {
    const from = witness.note('redis: kill -9')
    await world.redis.kill9()
    await sleep(500)
    await world.redis.restart({ emptied: true })
    const back = witness.note('redis: back, empty')
    await eventually('stored again', () => world.isStored(revoked), healedWithinMs)
    const stored = witness.note('revocation stored again')
    await finish('Redis killed with -9, back empty within max_staleness')
    expect(stored - back).toBeLessThan(healedWithinMs)
    expect(answersOfBoth(from, stored)).toEqual(new Set(['allow']))
  })

  it('a Redis that is killed and comes back empty, late: 503 until the recovery window is over', async () => {
    const from = witness.note('redis: kill -9')
    await world.redis.kill9()
    await sleep(maxStalenessMs + 2000)
    await world.redis.restart({ emptied: true })
    const back = witness.note('redis: back, empty')
    await eventually('stored again', () => world.isStored(revoked), healedWithinMs)
    witness.note('revocation stored again')
    const recovered = await settled(recoveryWindowMs * 2 + slackMs)
    witness.note('fresh again')
    await finish('Redis killed with -9, back empty later than max_staleness')
    expect(answersOfBoth(from + maxStalenessMs, back)).toEqual(new Set(['503']))
    expect(recovered - back).toBeGreaterThan(recoveryWindowMs - slackMs)
  })

  it('FLUSHALL: nobody notices, and what was lost is added back', async () => {
    const from = witness.note('FLUSHALL')
    await world.redis.send('FLUSHALL')
    expect(await world.isStored(revoked)).toBe(false)
    await eventually('stored again', () => world.isStored(revoked), healedWithinMs)
    const stored = witness.note('revocation stored again')
    await finish('FLUSHALL')
    expect(answersOfBoth(from, stored)).toEqual(new Set(['allow']))
  })

  it('a network that carries nothing: 503 after max_staleness, no revocation acknowledged', async () => {
    const victim = await world.mint()
    const from = witness.note('network: stall')
    for (const { network } of [world.issuer, world.sidecar]) network.stall()
    await expect(world.revoke(victim)).rejects.toMatchObject(unavailable)
    witness.note('Revoke: UNAVAILABLE')
    await sleep(stallMs - (performance.now() - from))
    for (const { network } of [world.issuer, world.sidecar]) network.resume()
    const back = witness.note('network: back')
    const recovered = await settled()
    witness.note('fresh again')
    await finish(`Network to Redis stalled for ${stallMs / 1000} s (max_staleness ${maxStalenessMs / 1000} s)`)
    expect(recovered - back).toBeLessThan(maxStalenessMs)
    expect(answersOfBoth(from + maxStalenessMs, back)).toEqual(new Set(['503']))
  })

  it('answers of Redis that take 300 ms: Checks are as before, a revocation takes longer', async () => {
    const from = witness.note('network: +300 ms')
    for (const { network } of [world.issuer, world.sidecar]) network.delay(300)
    await sleep(maxStalenessMs + 1000)
    const late = await witness.watch('late')
    await eventually('allowed', () => witness.of('sidecar', late).includes('allow'))
    await witness.revoke(late)
    await eventually('refused', () => witness.of('sidecar', late).includes('revoked'))
    const refused = witness.note('late refused at the sidecar')
    const revokedAt = late.revokedAt ?? Number.NaN
    for (const { network } of [world.issuer, world.sidecar]) network.resume()
    await finish('300 ms of latency')
    expect(refused - revokedAt).toBeLessThan(maxStalenessMs)
    expect(answersOfBoth(from, refused)).toEqual(new Set(['allow']))
  })

  let whileOutOfMemory: ReadonlySet<string> = new Set()

  it('a Redis out of memory: Revoke is never OK, known revocations stay refused', async () => {
    const victim = await world.mint()
    const from = witness.note('redis: out of memory')
    await world.redis.send('CONFIG', 'SET', 'maxmemory', '1mb')
    await expect(world.revoke(victim)).rejects.toMatchObject(unavailable)
    witness.note('Revoke: UNAVAILABLE')
    await sleep(maxStalenessMs + 2000)
    await expect(world.revoke(victim)).rejects.toMatchObject(unavailable)
    const until = witness.note('Revoke: UNAVAILABLE')
    await world.redis.send('CONFIG', 'SET', 'maxmemory', '0')
    const back = witness.note('redis: has room')
    const recovered = await settled()
    await finish('Redis out of memory under noeviction')
    expect(recovered - back).toBeLessThan(maxStalenessMs)
    expect(await world.isStored(victim)).toBe(false)
    expect(answersOfBoth(from, from + maxStalenessMs - pollSlackMs)).toEqual(new Set(['allow']))
    whileOutOfMemory = answersOfBoth(from, until)
  })

  it('a Redis out of memory: Checks go on', () => {
    expect(whileOutOfMemory).toEqual(new Set(['allow']))
  })

  it('a feed that was trimmed while the sidecar was cut off: read anew, nothing missed', async () => {
    const missed = await witness.watch('missed')
    await eventually('allowed', () => witness.of('sidecar', missed).includes('allow'))
    witness.note('sidecar: cut off')
    world.sidecar.network.cut()
    await witness.revoke(missed)
    for (let more = 0; more < 20; more += 1) await world.revoke(await world.mint())
    await world.redis.send('XTRIM', '{postern}:feed', 'MAXLEN', 1)
    witness.note('feed trimmed')
    await sleep(1000)
    world.sidecar.network.resume()
    const back = witness.note('sidecar: back')
    await eventually('refused', () => witness.of('sidecar', missed).includes('revoked'))
    const refused = witness.note('missed refused at the sidecar')
    await finish('Feed trimmed while the sidecar was cut off')
    expect(refused - back).toBeLessThan(maxStalenessMs)
  })

  it('connections that are dead without saying so: new ones are made in time', async () => {
    const later = await witness.watch('later')
    await eventually('allowed', () => witness.of('sidecar', later).includes('allow'))
    const from = witness.note('sidecar: half open')
    world.sidecar.network.halfOpen()
    await witness.revoke(later)
    await eventually('refused', () => witness.of('sidecar', later).includes('revoked'))
    const refused = witness.note('later refused at the sidecar')
    await finish('Connections of the sidecar dead without notice')
    expect(refused - from).toBeLessThan(maxStalenessMs)
    expect(new Set(witness.of('sidecar', good, from, refused))).toEqual(new Set(['allow']))
  })

  it('a sidecar that was paused: its first answer is no stale allow', async () => {
    const meanwhile = await witness.watch('meanwhile')
    await eventually('allowed', () => witness.of('sidecar', meanwhile).includes('allow'))
    const stopped = witness.note('sidecar: SIGSTOP')
    world.sidecar.postern.signal('SIGSTOP')
    await witness.revoke(meanwhile)
    await sleep(maxStalenessMs + 1500)
    // Waiting in its socket, so that it is answered before anything else can be learnt.
    const questions = Array.from({ length: 20 }, () =>
      world.sidecar.authz.check({ token: meanwhile.token }, { withinMs: 9000 }),
    )
    await sleep(100)
    world.sidecar.postern.signal('SIGCONT')
    const resumed = witness.note('sidecar: SIGCONT')
    const reasons = (await Promise.all(questions)).map(({ allowed, reason }) => ({ allowed, reason }))
    await finish(`Sidecar paused for ${((resumed - stopped) / 1000).toFixed(1)} s`)
    for (const reason of reasons) expect(reason.allowed, JSON.stringify(reason)).toBe(false)
    const seen = witness.observations.find(({ sentAt, node, token, answeredAt }) => {
      return node === 'sidecar' && token === meanwhile && sentAt > stopped - 200 && answeredAt > resumed
    })
    expect(['revoked', '503']).toContain(seen?.outcome)
  })
})
