// Two processes on one Redis: what is revoked at one is refused at the other, at once while Redis answers; and what both do
// while it does not: known revocations stay, everything else is our trouble, and nobody has to restart anything.
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuthzClient } from '../support/authz-client.ts'
import { clientsOf, type Postern, posternIssuer, startPostern } from '../support/postern.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import type { TokenClient } from '../support/token-client.ts'
import { createTokenMaker, type TokenMaker } from '../support/token-maker.ts'
import { describeWith } from '../support/tools.ts'

interface Process {
  readonly postern: Postern
  readonly authz: AuthzClient
  readonly tokenService: TokenClient
  close(): Promise<void>
}

let redis: RedisServer
let one: Process
let other: Process
let maker: TokenMaker

const maxStalenessMs = 2_000
/** How much a loaded machine may add to anything that is waited for. */
const loadMs = 10_000

async function startProcess(): Promise<Process> {
  const postern = await startPostern({
    config: (base) => ({
      ...base,
      denylist: {
        ...{ store: 'redis', redis: { url: redis.url }, max_staleness: `${maxStalenessMs}ms` },
        // The data set is new, and nobody's.
        recovery_window: '0s',
      },
    }),
  })
  const { authz, tokenService, close } = clientsOf(postern)
  return {
    ...{ postern, authz, tokenService },
    async close() {
      close()
      await postern.close()
    },
  }
}

const reasonAt = async ({ authz }: Process, token: string) => (await authz.check({ token })).reason

/** Asks without a pause, because milliseconds count. */
async function askedUntil(reason: string, ask: () => Promise<unknown>): Promise<number> {
  const before = performance.now()
  for (;;) {
    const answer = await ask()
    const elapsedMs = performance.now() - before
    if (answer === reason) return elapsedMs
    if (elapsedMs > loadMs) throw new Error(`not ${reason} within ${loadMs} ms but ${String(answer)}`)
  }
}

/** The moment of the last question that was answered with an allow; what is revoked is refused all the time. */
async function lastAllow(
  process: Process,
  { good, revoked }: { readonly good: string; readonly revoked: readonly string[] },
): Promise<number> {
  const giveUpAtMs = performance.now() + maxStalenessMs + loadMs
  let allowedAtMs = performance.now()
  for (;;) {
    for (const token of revoked) expect(await reasonAt(process, token)).toBe('token_revoked')
    const askedAtMs = performance.now()
    const answer = await process.authz.check({ token: good })
    if (!answer.allowed) {
      expect(answer).toMatchObject({ reason: 'denylist_unavailable', code: status.UNAVAILABLE })
      return allowedAtMs
    }
    allowedAtMs = askedAtMs
    expect(askedAtMs).toBeLessThan(giveUpAtMs)
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

describeWith('redis', 'two processes on one Redis', () => {
  beforeAll(async () => {
    redis = await startRedis()
    one = await startProcess()
    other = await startProcess()
    maker = createTokenMaker(posternIssuer, one.postern.key)
  })
  afterAll(async () => {
    await one?.close()
    await other?.close()
    await redis?.close()
  })

  it('refuse at the other what was revoked at one: within 50 ms of the answer, median of 20', async () => {
    const delays: number[] = []
    for (let round = 0; round < 20; round += 1) {
      const token = maker.access()
      for (const process of [one, other]) expect(await reasonAt(process, token)).toBe('token_valid')
      await one.tokenService.revoke({ token })
      delays.push(await askedUntil('token_revoked', () => reasonAt(other, token)))
      expect(await reasonAt(one, token)).toBe('token_revoked')
    }
    const [middle, most] = [median(delays), Math.max(...delays)].map((ms) => ms.toFixed(1))
    process.stdout.write(`revoked at one process, refused at the other: median ${middle} ms, most ${most} ms of 20\n`)
    expect(median(delays)).toBeLessThanOrEqual(50)
  })

  it('refuse it at the other with the first Check after an answer that waited for both', async () => {
    for (let round = 0; round < 5; round += 1) {
      const token = maker.access()
      expect(await reasonAt(other, token)).toBe('token_valid')
      const answer = await one.tokenService.revoke({ token, wait_until_applied: true })
      expect(await reasonAt(other, token)).toBe('token_revoked')
      expect(answer).toMatchObject({ sidecars_applied: 2, sidecars_known: 2 })
    }
  })

  it('know each other’s revocations after a restart', async () => {
    const token = maker.access()
    await other.tokenService.revoke({ token })
    await one.postern.restart()
    expect(await reasonAt(one, token)).toBe('token_revoked')
  })

  describe.each([
    { trouble: 'is stopped', begin: () => redis.stop(), end: () => redis.restart() },
    { trouble: 'does not answer', begin: () => redis.freeze(), end: () => redis.resume() },
  ])('while Redis $trouble', ({ begin, end }) => {
    const revoked: string[] = []
    let good: string

    beforeAll(async () => {
      good = maker.access()
      revoked.splice(0, 2, maker.access(), maker.access())
      const [atOne = '', atOther = ''] = revoked
      await one.tokenService.revoke({ token: atOne, wait_until_applied: true })
      await other.tokenService.revoke({ token: atOther, wait_until_applied: true })
      for (const process of [one, other]) expect(await reasonAt(process, good)).toBe('token_valid')
    })

    it('allow for no longer than max_staleness, then 503; what was revoked stays refused all the time', async () => {
      await begin()
      const goneAtMs = performance.now()
      const lastAllows = await Promise.all([one, other].map((process) => lastAllow(process, { good, revoked })))
      const allowedForMs = lastAllows.map((askedAtMs) => askedAtMs - goneAtMs)
      const most = Math.round(Math.max(...allowedForMs))
      expect(most).toBeLessThanOrEqual(maxStalenessMs)
      process.stdout.write(
        `without Redis: the last allow ${most} ms after it was gone (max_staleness ${maxStalenessMs})\n`,
      )
      for (const process of [one, other]) {
        for (const token of revoked) expect(await reasonAt(process, token)).toBe('token_revoked')
        expect(await process.postern.isReady()).toBe(false)
      }
    })

    it('mint and revoke nothing, and never say they had', async () => {
      const unavailable = { code: status.UNAVAILABLE, reason: 'store_unavailable', domain: 'postern' }
      await expect(one.tokenService.revoke({ token: good })).rejects.toMatchObject(unavailable)
      const apiKey = maker.access({ pur: 'api_key' })
      await expect(other.tokenService.issue({ api_key: { api_key: apiKey } })).rejects.toMatchObject(unavailable)
    })

    it('go on by themselves once it is back', async () => {
      await end()
      for (const process of [one, other]) {
        await expect.poll(() => process.postern.isReady(), { timeout: loadMs }).toBe(true)
        for (const token of revoked) expect(await reasonAt(process, token)).toBe('token_revoked')
      }
      const fresh = maker.access()
      for (const process of [one, other]) expect(await reasonAt(process, fresh)).toBe('token_valid')
      await other.tokenService.revoke({ token: fresh })
      await askedUntil('token_revoked', () => reasonAt(one, fresh))
    })
  })
})
