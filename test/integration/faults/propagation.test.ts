// How long a revocation takes between two real processes while Checks are running: measured from outside, and as the
// processes measure it themselves. And what `wait_until_applied` says, also of a process that does not answer.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { describeWith } from '../../support/tools.ts'
import { type MintedToken, maxStalenessMs, openWorld, type World } from './world.ts'

const revocations = 1000
/** Revocations under way at a time: the machine is shared with the processes that are measured. */
const width = 2
/** Between two Checks of a token that is not revoked, for as long as revocations are measured. */
const checkEveryMs = 5

describeWith('redis', 'between a token service and a sidecar', () => {
  let world: World

  beforeAll(async () => {
    world = await openWorld()
  })
  afterAll(() => world?.close())

  const isRefused = async ({ token }: MintedToken) => {
    const { allowed, reason } = await world.sidecar.authz.check({ token })
    return !allowed && reason === 'token_revoked'
  }

  it(`${revocations} revocations are refused at the sidecar soon after they were acknowledged`, async () => {
    const tokens = await inTurns(revocations, 8, () => world.mint())
    const good = await world.mint()
    let isMeasuring = true
    let checks = 0
    const running = (async () => {
      while (isMeasuring) {
        expect(await world.sidecar.authz.check({ token: good.token })).toMatchObject({ allowed: true })
        checks += 1
        await sleep(checkEveryMs)
      }
    })()
    const startedAt = performance.now()
    const tookMs = await inTurns(revocations, width, async () => {
      const token = tokens.pop()
      if (token === undefined) throw new Error('There are no tokens left')
      await world.revoke(token)
      const acknowledgedAt = performance.now()
      while (!(await isRefused(token))) expect(performance.now() - acknowledgedAt).toBeLessThan(maxStalenessMs)
      return performance.now() - acknowledgedAt
    })
    const seconds = (performance.now() - startedAt) / 1000
    isMeasuring = false
    await running
    process.stdout.write(
      `\nRevoke acknowledged → first refusal received from the sidecar, one Check included: ${summary(tookMs)}; ` +
        `${tookMs.length} revocations in ${seconds.toFixed(1)} s, ${Math.round(checks / seconds)} other Checks a second\n`,
    )
    expect(tookMs.length).toBe(revocations)
    expect(Math.max(...tookMs)).toBeLessThan(maxStalenessMs)
  }, 120_000)

  it('the sidecar’s own histogram has measured every one of them', async () => {
    const { count, sum } = await propagation(world)
    process.stdout.write(`as measured by the sidecar: ${count} entries, mean ${((sum / count) * 1000).toFixed(1)} ms\n`)
    expect(count).toBeGreaterThanOrEqual(revocations)
    expect(sum / count).toBeLessThan(maxStalenessMs / 1000)
  })

  it('and it goes on measuring while nobody revokes, without the denylist growing', async () => {
    const before = await propagation(world)
    const entries = await world.redis.send('ZCARD', '{postern}:revoked')
    await eventually('two more', async () => (await propagation(world)).count >= before.count + 2, 15_000)
    expect(await world.redis.send('ZCARD', '{postern}:revoked')).toBe(entries)
  })

  describe('wait_until_applied', () => {
    const revokeAndWait = async ({ token }: MintedToken) => {
      const startedAt = performance.now()
      const answer = await world.issuer.tokenService.revoke({ token, wait_until_applied: true })
      return { ...answer, tookMs: performance.now() - startedAt }
    }

    it('answers when both have it, and says two of two', async () => {
      const token = await world.mint()
      expect(await world.sidecar.authz.check({ token: token.token })).toMatchObject({ allowed: true })
      expect(await revokeAndWait(token)).toMatchObject({ sidecars_applied: 2, sidecars_known: 2 })
      expect(await isRefused(token)).toBe(true)
    })

    it('answers when a sidecar that is stopped can no longer answer without it, and says one of two', async () => {
      const token = await world.mint()
      expect(await world.sidecar.authz.check({ token: token.token })).toMatchObject({ allowed: true })
      world.sidecar.postern.signal('SIGSTOP')
      const { sidecars_applied, sidecars_known, tookMs } = await revokeAndWait(token)
      // From here on it must not be allowed by anybody: also not by the one that did not hear of it.
      const question = world.sidecar.authz.check({ token: token.token })
      world.sidecar.postern.signal('SIGCONT')
      process.stdout.write(`\nwait_until_applied with a stopped sidecar: ${sidecars_applied} of ${sidecars_known}, `)
      process.stdout.write(`after ${(tookMs / 1000).toFixed(1)} s (max_staleness ${maxStalenessMs / 1000} s)\n`)
      expect({ sidecars_applied, sidecars_known }).toEqual({ sidecars_applied: 1, sidecars_known: 2 })
      expect(tookMs).toBeGreaterThan(maxStalenessMs - 1500)
      expect(tookMs).toBeLessThan(maxStalenessMs + 2000)
      expect((await question).allowed).toBe(false)
      await eventually('refused as revoked', () => isRefused(token))
    })

    it('does not wait for a sidecar that ended in order', async () => {
      await world.sidecar.postern.stop()
      expect(await revokeAndWait(await world.mint())).toMatchObject({ sidecars_applied: 1, sidecars_known: 1 })
    })
  })
})

/** `count` results, `width` at a time. */
async function inTurns<T>(count: number, width: number, make: () => Promise<T>): Promise<T[]> {
  const made: T[] = []
  let begun = 0
  const worker = async () => {
    while (begun < count) {
      begun += 1
      made.push(await make())
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  return made
}

async function propagation({ sidecar }: World): Promise<{ readonly count: number; readonly sum: number }> {
  const text = await sidecar.postern.metrics()
  const read = (suffix: string) => {
    const match = new RegExp(`^postern_revocation_propagation_seconds_${suffix} (\\S+)$`, 'm').exec(text)
    return Number(match?.[1] ?? Number.NaN)
  }
  return { count: read('count'), sum: read('sum') }
}

function summary(valuesMs: readonly number[]): string {
  const sorted = valuesMs.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return `p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, max ${at(1).toFixed(1)} ms`
}
