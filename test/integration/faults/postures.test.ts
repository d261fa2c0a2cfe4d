// What a policy lets pass while nobody can say whether a token has been revoked: Redis is stopped, and stays so for
// longer than `max_staleness`.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { describeWith } from '../../support/tools.ts'
import { type MintedToken, openWorld, type World } from './world.ts'

const common = { issuers: ['commons'], audiences: ['gen3'] }
const verifiedForMs = 6000
const policies = {
  default: common,
  verified: { ...common, when_unknown: { allow_verified: `${verifiedForMs}ms` } },
  open: { ...common, when_unknown: 'allow' },
}

describeWith('redis', 'while Redis is stopped', () => {
  let world: World
  let seen: MintedToken
  let unseen: MintedToken
  let newcomer: MintedToken
  let revoked: MintedToken
  /** Performance time of the first answer that Redis was missed in. */
  let unknownSince: number

  beforeAll(async () => {
    world = await openWorld({ policies })
    ;[seen, unseen, newcomer, revoked] = await Promise.all([world.mint(), world.mint(), world.mint(), world.mint()])
    for (const policy of Object.keys(policies)) {
      expect(await check(seen, policy)).toMatchObject({ allowed: true, reason: 'token_valid' })
      expect(await check(revoked, policy)).toMatchObject({ allowed: true })
    }
    await world.revoke(revoked)
    await eventually('the sidecar knows', async () => (await check(revoked, 'default')).reason === 'token_revoked')
    await world.redis.stop()
    await eventually('unknown', async () => (await check(seen, 'default')).reason === 'denylist_unavailable', 10_000)
    unknownSince = performance.now()
  })
  afterAll(() => world?.close())

  const check = ({ token }: MintedToken, policy: string) => world.sidecar.authz.check({ token, policy })

  it('deny, the default, refuses every token as our inability, not as the caller’s fault', async () => {
    expect(await check(seen, 'default')).toMatchObject({
      ...{ allowed: false, http: 'ServiceUnavailable', reason: 'denylist_unavailable' },
    })
  })

  it('allow_verified passes a token that was verified before, says so, and refuses one that was not', async () => {
    expect(await check(seen, 'verified')).toMatchObject({ allowed: true, reason: 'unproven_verified' })
    expect(await check(unseen, 'verified')).toMatchObject({ allowed: false, reason: 'denylist_unavailable' })
    // Being verified now is not having been verified before.
    expect(await check(unseen, 'verified')).toMatchObject({ allowed: false, reason: 'denylist_unavailable' })
  })

  it('allow passes every good token, and says in the metadata that it is unproven', async () => {
    expect(await check(seen, 'open')).toMatchObject({ allowed: true, reason: 'unproven' })
    expect(await check(newcomer, 'open')).toMatchObject({ allowed: true, reason: 'unproven' })
    const forged = `${seen.token.slice(0, -8)}AAAAAAAA`
    expect(await world.sidecar.authz.check({ token: forged, policy: 'open' })).toMatchObject({ allowed: false })
  })

  it.each(Object.keys(policies))('a known revocation is refused under the posture of policy %s', async (policy) => {
    expect(await check(revoked, policy)).toMatchObject({ allowed: false, http: 'Forbidden', reason: 'token_revoked' })
  })

  it('metrics and log show what was let through', async () => {
    const metrics = await world.sidecar.postern.metrics()
    expect(metrics).toMatch(/postern_checks_total\{policy="open",decision="allow",reason="unproven"\} [1-9]/)
    expect(metrics).toMatch(
      /postern_checks_total\{policy="verified",decision="allow",reason="unproven_verified"\} [1-9]/,
    )
    const line = await world.sidecar.postern.logLine(({ reason }) => reason === 'unproven')
    expect(line).toMatchObject({ level: 'warn', policy: 'open' })
  })

  it('allow_verified ends with its time, also for a token that passed until then', async () => {
    await eventually('refused', async () => !(await check(seen, 'verified')).allowed, verifiedForMs + 1000)
    expect(performance.now() - unknownSince).toBeLessThan(verifiedForMs + 1000)
    for (let again = 0; again < 20; again += 1)
      expect(await check(seen, 'verified')).toMatchObject({ reason: 'denylist_unavailable' })
    expect(await check(seen, 'open')).toMatchObject({ allowed: true, reason: 'unproven' })
  })

  it('everything is as before when Redis is back, without a restart', async () => {
    await world.redis.restart()
    for (const policy of Object.keys(policies)) {
      await eventually(policy, async () => (await check(seen, policy)).reason === 'token_valid', 10_000)
      expect(await check(unseen, policy)).toMatchObject({ allowed: true, reason: 'token_valid' })
      expect(await check(revoked, policy)).toMatchObject({ allowed: false, reason: 'token_revoked' })
    }
  })
})
