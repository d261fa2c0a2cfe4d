// The pipeline: the order of its steps, what is judged after the last await, and what a cached token is still asked.
import { describe, expect, it } from 'vitest'
import { type DecideDeps, decide, deny } from '../../../src/check/decide.ts'
import type { Examined } from '../../../src/check/examine.ts'
import type { CompiledPolicy } from '../../../src/check/policy.ts'
import type { Verdict } from '../../../src/check/verdict.ts'
import type { Consultation } from '../../../src/denylist/port.ts'
import { memberOf } from '../../../src/denylist/vocabulary.ts'
import { createVerifiedCache } from '../../../src/tokens/verified-cache.ts'
import { tokenVerifier } from '../../../src/tokens/verifier.ts'
import { inputOf, type RequestPlan } from '../../support/check-request.ts'
import { createFakeClock, START_MS } from '../../support/fakes/clock.ts'
import { createFakeDenylist } from '../../support/fakes/denylist.ts'
import { createFakeKeyRing } from '../../support/fakes/key-ring.ts'
import { cookiePolicy, policiesOf, policyOf } from '../../support/policies.ts'
import {
  type Claims,
  commons,
  foreignKey,
  ISSUER,
  issuersByIss,
  mint,
  NOW,
  ownKey,
  taskClaims,
  validClaims,
} from '../../support/tokens.ts'

const FAR_MS = START_MS + 10_000
const HOUR_MS = 3_600_000

function setUp(...changes: readonly Partial<CompiledPolicy>[]) {
  const clock = createFakeClock()
  const denylist = createFakeDenylist()
  const keys = createFakeKeyRing(ownKey())
  const issuers = issuersByIss(commons({ keys }))
  const policies = (changes.length === 0 ? [{}] : changes).map((change) => policyOf({ issuers, ...change }))
  let verifications = 0
  const deps: DecideDeps = {
    policies: policiesOf(...policies),
    denylist,
    clock,
    cache: createVerifiedCache<CompiledPolicy, Examined>({ maxEntries: 100, maxBytes: 1_000_000 }),
    verifier: {
      verify(token, expectations) {
        verifications += 1
        return tokenVerifier.verify(token, expectations)
      },
    },
  }
  return {
    clock,
    denylist,
    keys,
    deps,
    policies,
    get verifications() {
      return verifications
    },
    /** At once: nothing has to be fetched or asked. */
    check(plan: RequestPlan, deadlineMs = FAR_MS): Verdict {
      const verdict = decide(inputOf(plan), deadlineMs, deps)
      if (verdict instanceof Promise) throw new Error('something was waited for')
      return verdict
    },
    wait: (plan: RequestPlan, deadlineMs = FAR_MS) => Promise.resolve(decide(inputOf(plan), deadlineMs, deps)),
  }
}

const bearing = (token: string, more: RequestPlan = {}): RequestPlan => ({
  ...more,
  headers: [['authorization', `Bearer ${token}`], ...(more.headers ?? [])],
})
const bearer = (claims: Claims = {}, more: RequestPlan = {}): RequestPlan => bearing(mint(claims), more)

const outcome = ({ decision, reason }: Verdict): string => `${decision} ${reason}`

describe('an allowed request', () => {
  it('says why, under which policy, by which credential, and how old the denylist was', () => {
    const { check, policies } = setUp()
    expect(check(bearer())).toMatchObject({
      decision: 'allow',
      reason: 'token_valid',
      policy: policies[0],
      credential: 'bearer',
      admission: { token: { claims: { jti: validClaims.jti } } },
      leashMs: undefined,
      denylistAgeMs: 250,
    })
  })

  it('by a cookie says so', () => {
    const { issuers } = policyOf()
    const { cookie, credentials } = cookiePolicy()
    const { check } = setUp({ issuers, cookie, credentials })
    expect(check({ headers: [['cookie', `access_token=${mint()}`]] })).toMatchObject({ credential: 'cookie' })
  })

  it('of an anonymous policy has no identity and asks nobody', () => {
    const { check, denylist } = setUp({ anonymous: true })
    expect(check({})).toMatchObject({
      decision: 'allow',
      reason: 'anonymous',
      credential: undefined,
      admission: undefined,
      denylistAgeMs: undefined,
    })
    expect(denylist.lookups).toEqual([])
  })
})

describe('each step has its denial', () => {
  it.each<readonly [string, Partial<CompiledPolicy>, RequestPlan]>([
    ['policy_unknown', {}, bearer({}, { policy: 'missing' })],
    ['credential_missing', {}, {}],
    ['credential_malformed', { anonymous: true }, bearing('blah')],
    ['issuer_unknown', {}, bearer({ iss: 'https://elsewhere.example' })],
    ['signature_invalid', {}, bearing(mint({}, { key: { ...foreignKey(), kid: ownKey().kid } }))],
    ['claims_invalid', {}, bearer({ jti: undefined })],
    ['claims_invalid', {}, bearer({ context: [] })],
    ['claims_invalid', {}, bearer({ sub: 'x'.repeat(1025) })],
    ['token_expired', {}, bearer({ exp: NOW })],
    ['token_not_yet_valid', {}, bearer({ nbf: NOW + 31 })],
    ['lifetime_exceeded', {}, bearer({ iat: 0 })],
    ['purpose_refused', {}, bearer({ pur: 'refresh' })],
    ['audience_mismatch', {}, bearer(taskClaims)],
    ['scope_missing', { scopes: ['admin'] }, bearer()],
  ])('%s', (reason, policy, plan) => {
    expect(outcome(setUp(policy).check(plan))).toBe(`deny ${reason}`)
  })

  it('names the token once it is known to be genuine, and not before', () => {
    const { check } = setUp({ scopes: ['admin'] })
    expect(check(bearer())).toMatchObject({ reason: 'scope_missing', token: { claims: { sub: '42' } } })
    expect(check(bearer({ exp: NOW }))).toMatchObject({ reason: 'token_expired', token: { claims: { sub: '42' } } })
    const forged = mint({}, { key: { ...foreignKey(), kid: ownKey().kid } })
    expect(check(bearing(forged))).toMatchObject({ reason: 'signature_invalid', token: undefined })
  })

  it('keeps what was known of the request', () => {
    const { check, policies } = setUp()
    expect(check({ method: 'PUT' })).toMatchObject({ policy: policies[0], input: { method: 'PUT' } })
    expect(check({ policy: 'missing' })).toMatchObject({ policy: undefined, input: { method: 'GET' } })
    expect(deny('internal_error')).toEqual({
      decision: 'deny',
      reason: 'internal_error',
      policy: undefined,
      input: undefined,
      token: undefined,
      denylistAgeMs: undefined,
    })
  })

  it('in order: the token is judged before its times, these before its admission, that before the denylist', () => {
    const { check, denylist } = setUp({ scopes: ['admin'] })
    denylist.revoke(memberOf('jti', ISSUER, validClaims.jti))
    denylist.setFresh(false)
    expect(outcome(check(bearer({ exp: NOW })))).toBe('deny token_expired')
    expect(outcome(check(bearer()))).toBe('deny scope_missing')
    expect(outcome(check(bearer({ scope: ['admin'] })))).toBe('deny token_revoked')
    expect(outcome(check(bearer({ scope: ['admin'], jti: 'another' })))).toBe('deny denylist_unavailable')
  })
})

describe('preflight', () => {
  const preflight = {
    method: 'OPTIONS',
    headers: [
      ['origin', 'https://portal.example'],
      ['access-control-request-method', 'PUT'],
    ],
  } as const

  it('is allowed without identity where the policy says so, and only there', () => {
    expect(setUp({ preflight: true }).check(preflight)).toMatchObject({
      decision: 'allow',
      reason: 'preflight',
      credential: undefined,
      admission: undefined,
    })
    expect(outcome(setUp().check(preflight))).toBe('deny credential_missing')
  })

  it('is one by all three of its marks', () => {
    const { check } = setUp({ preflight: true })
    const [origin, method] = preflight.headers
    for (const plan of [
      { ...preflight, method: 'GET' },
      { ...preflight, method: 'options' },
      { ...preflight, headers: [origin] },
      { ...preflight, headers: [method] },
      { ...preflight, headers: [] },
    ]) {
      expect(outcome(check(plan))).toBe('deny credential_missing')
    }
  })

  it('gives no identity even to a request that carries a token', () => {
    const { check } = setUp({ preflight: true })
    expect(check(bearer({}, preflight))).toMatchObject({ reason: 'preflight', admission: undefined })
  })
})

describe('the denylist', () => {
  it.each<readonly [string, 'jti' | 'key_id' | 'transaction', string, Claims]>([
    ['token_revoked', 'jti', validClaims.jti, {}],
    ['api_key_revoked', 'jti', validClaims.context.api_key.jti, {}],
    ['key_revoked', 'key_id', ownKey().kid, {}],
    ['transaction_revoked', 'transaction', 't-1', { txn: 't-1' }],
  ])('%s: a hit denies, also while its freshness is unknown', (reason, dimension, id, claims) => {
    const { check, denylist } = setUp()
    denylist.revoke(memberOf(dimension, ISSUER, id))
    expect(outcome(check(bearer(claims)))).toBe(`deny ${reason}`)
    denylist.setFresh(false)
    expect(outcome(check(bearer(claims)))).toBe(`deny ${reason}`)
  })

  it.each<readonly [string, 'subject' | 'client_id', string]>([
    ['subject_revoked', 'subject', '42'],
    ['client_revoked', 'client_id', 'my-client'],
  ])("%s: every token issued up to the epoch, by its own or its root's time", (reason, dimension, id) => {
    const { check, denylist } = setUp()
    const plan = (rootIat: number) =>
      bearer({ azp: 'my-client', context: { api_key: { ...validClaims.context.api_key, iat: rootIat } } })
    denylist.revokeBefore(memberOf(dimension, ISSUER, id), NOW - 1)
    expect(outcome(check(plan(NOW)))).toBe('allow token_valid')
    expect(outcome(check(plan(NOW - 1)))).toBe(`deny ${reason}`)
    denylist.revokeBefore(memberOf(dimension, ISSUER, id), NOW)
    expect(outcome(check(plan(NOW)))).toBe(`deny ${reason}`)
  })

  it('of another issuer does not concern this token', () => {
    const { check, denylist } = setUp()
    denylist.revoke(memberOf('jti', 'https://elsewhere.example', validClaims.jti))
    expect(outcome(check(bearer()))).toBe('allow token_valid')
  })

  it("of unknown freshness is our trouble, not the caller's", () => {
    const { check, denylist } = setUp()
    denylist.setFresh(false)
    denylist.setAgeMs(7000)
    expect(check(bearer())).toMatchObject({ decision: 'deny', reason: 'denylist_unavailable', denylistAgeMs: 7000 })
  })

  it('is asked at every use, whatever spelling or signature the token comes in', () => {
    const { check, denylist } = setUp()
    const [first, second] = [mint(), mint()]
    expect(first).not.toBe(second)
    expect(outcome(check(bearing(first)))).toBe('allow token_valid')
    denylist.revoke(memberOf('jti', ISSUER, validClaims.jti))
    expect(outcome(check(bearing(first)))).toBe('deny token_revoked')
    expect(outcome(check(bearing(second)))).toBe('deny token_revoked')
  })

  it('refuses a revoked token as before when it comes by another carrier', () => {
    const { issuers } = policyOf()
    const { cookie, credentials } = cookiePolicy()
    const { check, denylist } = setUp({ issuers, cookie, credentials })
    denylist.revoke(memberOf('jti', ISSUER, validClaims.jti))
    expect(outcome(check({ headers: [['cookie', `access_token=${mint()}`]] }))).toBe('deny token_revoked')
  })

  it('may have to be asked over the network, and is then asked again with what came of it', async () => {
    const { wait, denylist, clock } = setUp()
    const askedAt = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() }
    for (const [lookup, result] of [
      ['clear', 'allow token_valid'],
      ['unknown', 'deny denylist_unavailable'],
      ['token_revoked', 'deny token_revoked'],
    ] as const) {
      denylist.onConsult(async () => ({ lookup, askedAt }))
      expect(outcome(await wait(bearer()))).toBe(result)
      expect(denylist.lookups.at(-1)?.consultation).toEqual({ lookup, askedAt })
    }
  })

  it('that knows a revocation itself by now wins over a store that said clear', async () => {
    const { wait, denylist, clock } = setUp()
    const askedAt = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() }
    denylist.onConsult(async (): Promise<Consultation> => {
      denylist.revoke(memberOf('jti', ISSUER, validClaims.jti))
      return { lookup: 'clear', askedAt }
    })
    expect(outcome(await wait(bearer()))).toBe('deny token_revoked')
  })
})

describe('while freshness is unknown', () => {
  const MINUTE_MS = 60_000
  const verified = { whenUnknown: { kind: 'allow_verified', forMs: 5 * MINUTE_MS } } as const
  const allow = { whenUnknown: { kind: 'allow' } } as const
  const plan = bearer()

  /** The verdict that long into an outage, for a token seen before it or not. */
  function during(policy: Partial<CompiledPolicy>, seen: 'before' | 'never', forMs: number): string {
    const { check, denylist, clock } = setUp(policy)
    if (seen === 'before') check(plan, Infinity)
    clock.advance(1000)
    denylist.setFresh(false, clock.wallMs())
    clock.advance(forMs)
    return outcome(check(plan, Infinity))
  }

  it.each<readonly [string, Partial<CompiledPolicy>, 'before' | 'never', number, string]>([
    ['deny', {}, 'before', 1, 'deny denylist_unavailable'],
    ['allow_verified, seen before', verified, 'before', 1, 'allow unproven_verified'],
    ['allow_verified, seen before, at the end', verified, 'before', 5 * MINUTE_MS, 'allow unproven_verified'],
    ['allow_verified, seen before, past the end', verified, 'before', 5 * MINUTE_MS + 1, 'deny denylist_unavailable'],
    ['allow_verified, never seen', verified, 'never', 1, 'deny denylist_unavailable'],
    ['allow, seen before', allow, 'before', 30 * MINUTE_MS, 'allow unproven'],
    ['allow, never seen', allow, 'never', 30 * MINUTE_MS, 'allow unproven'],
    ['allow, expired', allow, 'before', 60 * MINUTE_MS, 'deny token_expired'],
  ])('%s', (_, policy, seen, forMs, verdict) => {
    expect(during(policy, seen, forMs)).toBe(verdict)
  })

  it.each([verified, allow])('a known revocation is refused under $whenUnknown.kind', (policy) => {
    const { check, denylist, clock } = setUp(policy)
    check(plan)
    clock.advance(1000)
    denylist.setFresh(false, clock.wallMs())
    denylist.revoke(memberOf('jti', ISSUER, validClaims.jti))
    expect(outcome(check(plan))).toBe('deny token_revoked')
  })

  it('a token that was first seen then, and refused, is refused the second time as well', () => {
    const { check, denylist, clock } = setUp(verified)
    denylist.setFresh(false, clock.wallMs())
    for (let at = 0; at < 3; at += 1) {
      clock.advance(1000)
      expect(outcome(check(plan))).toBe('deny denylist_unavailable')
    }
  })

  it('and nobody can say since when, nothing is granted: else it would be granted for ever', () => {
    const { check, denylist, clock } = setUp(verified)
    check(plan)
    denylist.setFresh(false)
    for (let at = 0; at < 3; at += 1) {
      clock.advance(1000)
      expect(outcome(check(plan))).toBe('deny denylist_unavailable')
    }
  })

  it('what is allowed is told from what is proven', () => {
    const { check, denylist, clock } = setUp(allow)
    const proven = check(plan)
    denylist.setFresh(false, clock.wallMs())
    expect([proven.reason, check(plan).reason]).toEqual(['token_valid', 'unproven'])
  })
})

describe('after the last await', () => {
  /** A request whose key has to be fetched; `meanwhile` happens while it is. */
  async function whileKeysAreFetched(
    meanwhile: (at: ReturnType<typeof setUp>) => void,
    plan = bearer(),
    deadlineMs = FAR_MS,
  ) {
    const at = setUp()
    at.keys.remove(ownKey().kid)
    at.keys.onRefresh(async () => {
      at.keys.put(ownKey())
      meanwhile(at)
    })
    return at.wait(plan, deadlineMs)
  }

  it('a token that was good all the time is allowed', async () => {
    expect(outcome(await whileKeysAreFetched(() => {}))).toBe('allow token_valid')
  })

  it('a token that expired meanwhile is denied', async () => {
    const plan = bearer({ exp: NOW + 2 })
    expect(outcome(await whileKeysAreFetched(({ clock }) => clock.advance(1999), plan))).toBe('allow token_valid')
    expect(outcome(await whileKeysAreFetched(({ clock }) => clock.advance(2000), plan))).toBe('deny token_expired')
  })

  it('a token that was revoked meanwhile is denied', async () => {
    const revoked = await whileKeysAreFetched(({ denylist }) =>
      denylist.revoke(memberOf('jti', ISSUER, validClaims.jti)),
    )
    expect(outcome(revoked)).toBe('deny token_revoked')
  })

  it('a denylist that grew stale meanwhile is asked as it is then', async () => {
    const stale = await whileKeysAreFetched(({ denylist }) => denylist.setFresh(false))
    expect(outcome(stale)).toBe('deny denylist_unavailable')
  })

  it('a deadline that passed meanwhile is a denial, whatever else would be said', async () => {
    const late = (ms: number, plan?: RequestPlan) =>
      whileKeysAreFetched(({ clock }) => clock.advance(ms), plan, START_MS + 500)
    expect(outcome(await late(499))).toBe('allow token_valid')
    expect(outcome(await late(500))).toBe('deny deadline_exceeded')
    expect(outcome(await late(60_000, bearer({ exp: NOW + 1 })))).toBe('deny deadline_exceeded')
  })

  it('a deadline that passed while the store was asked is one as well', async () => {
    const { wait, denylist, clock } = setUp()
    denylist.onConsult(async () => {
      clock.advance(500)
      return { lookup: 'clear', askedAt: { monotonicMs: 0, wallMs: 0 } }
    })
    expect(outcome(await wait(bearer(), START_MS + 500))).toBe('deny deadline_exceeded')
  })

  it("a key that could not be had is our trouble or the token's, as the ring says", async () => {
    expect(outcome(await whileKeysAreFetched(({ keys }) => keys.remove(ownKey().kid)))).toBe('deny key_unknown')
    expect(outcome(await whileKeysAreFetched(({ keys }) => keys.setUnavailable(true)))).toBe('deny keys_unavailable')
  })

  it("an exception is nobody's allow: it rejects", async () => {
    const { wait, denylist } = setUp()
    denylist.onConsult(() => Promise.reject(new Error('broken')))
    await expect(wait(bearer())).rejects.toThrow('broken')
  })
})

describe('a token seen before', () => {
  it('costs no second verification', () => {
    const at = setUp()
    const plan = bearer()
    at.check(plan)
    at.check(plan)
    expect(at.verifications).toBe(1)
  })

  it('costs none either when it was refused for what never changes', () => {
    const at = setUp({ scopes: ['admin'] })
    const plan = bearer()
    expect([outcome(at.check(plan)), outcome(at.check(plan))]).toEqual(['deny scope_missing', 'deny scope_missing'])
    expect(at.verifications).toBe(1)
  })

  it('is refused the second it expires', () => {
    const { check, clock } = setUp()
    const plan = bearer()
    clock.advance(HOUR_MS - 1)
    expect(outcome(check(plan, Infinity))).toBe('allow token_valid')
    clock.advance(1)
    expect(outcome(check(plan, Infinity))).toBe('deny token_expired')
  })

  it('is judged by the moment in both directions: a clock set back makes it not yet valid', () => {
    const { check, clock } = setUp()
    const plan = bearer()
    check(plan)
    clock.stepWall(-31_000)
    expect(outcome(check(plan))).toBe('deny token_not_yet_valid')
  })

  it('is verified again when the keys of its issuer change, and refused when its own is gone', () => {
    const at = setUp()
    const plan = bearer()
    at.check(plan)
    at.keys.put(foreignKey())
    expect(outcome(at.check(plan))).toBe('allow token_valid')
    expect(at.verifications).toBe(2)
    at.keys.remove(ownKey().kid)
    expect(outcome(at.check(plan))).toBe('deny key_unknown')
  })

  it('is refused when its key is published no more', () => {
    const at = setUp()
    const plan = bearer()
    at.check(plan)
    at.keys.put(ownKey(), { published: false })
    expect(outcome(at.check(plan))).toBe('deny key_unknown')
  })

  it('is our trouble when the keys grew too old', () => {
    const at = setUp()
    const plan = bearer()
    at.check(plan)
    at.keys.setUnavailable(true)
    expect(outcome(at.check(plan))).toBe('deny keys_unavailable')
  })

  it('under one policy says nothing under another', () => {
    const at = setUp({ name: 'lax' }, { name: 'strict', scopes: ['admin'] }, { name: 'foreign', issuers: new Map() })
    const token = mint()
    expect(outcome(at.check(bearing(token, { policy: 'lax' })))).toBe('allow token_valid')
    expect(outcome(at.check(bearing(token, { policy: 'strict' })))).toBe('deny scope_missing')
    expect(outcome(at.check(bearing(token, { policy: 'foreign' })))).toBe('deny issuer_unknown')
    expect(outcome(at.check(bearing(token, { policy: 'lax' })))).toBe('allow token_valid')
  })

  it('as a cookie still needs its CSRF token', () => {
    const { issuers } = policyOf()
    const { cookie, credentials } = cookiePolicy()
    const { check } = setUp({ issuers, cookie, credentials })
    const headers = [['cookie', `access_token=${mint()}`]] as const
    expect(outcome(check({ headers }))).toBe('allow token_valid')
    expect(outcome(check({ headers, method: 'POST' }))).toBe('deny csrf_failed')
  })
})

describe('the leash', () => {
  const leashOf = (policy: Partial<CompiledPolicy>, plan = bearer(), afterMs = 0): number | string | undefined => {
    const { check, clock } = setUp(policy)
    clock.advance(afterMs)
    const verdict = check(plan, Infinity)
    return verdict.decision === 'allow' ? verdict.leashMs : verdict.reason
  }
  const leash = (tokenExpiry: boolean, atMostMs?: number) => ({ leash: { tokenExpiry, atMostMs } })

  it('is not there where the policy has none', () => {
    expect(leashOf({})).toBeUndefined()
    expect(leashOf({ anonymous: true }, {})).toBeUndefined()
  })

  it.each([
    ['the expiry of the token', leash(true), HOUR_MS],
    ['a duration', leash(false, 900_000), 900_000],
    ['the duration where it is the smaller', leash(true, 900_000), 900_000],
    ['the expiry where it is the smaller', leash(true, 2 * HOUR_MS), HOUR_MS],
    ['a day where neither is said', leash(false), 24 * HOUR_MS],
    ['a day where more is said', leash(false, 100 * HOUR_MS), 24 * HOUR_MS],
    ['one millisecond at least', leash(false, 1), 1],
  ])('is %s', (_, policy, ms) => {
    expect(leashOf(policy)).toBe(ms)
  })

  it('is a day for a token that lives longer', () => {
    expect(leashOf(leash(true), bearer({ exp: NOW + 30 * 86_400, context: {} }))).toBe(24 * HOUR_MS)
  })

  it('shrinks with the life of the token, to one millisecond, and then is a denial', () => {
    expect(leashOf(leash(true), bearer(), HOUR_MS - 1500)).toBe(1500)
    expect(leashOf(leash(true), bearer(), HOUR_MS - 1)).toBe(1)
    expect(leashOf(leash(true), bearer(), HOUR_MS)).toBe('token_expired')
    expect(leashOf(leash(true), bearer(), HOUR_MS + 1)).toBe('token_expired')
  })

  it('is a positive integer up to a day for every moment and every leash, or a denial', () => {
    for (const afterMs of [0, 0.25, 1, 999.999, 1800_000.5, HOUR_MS - 1, HOUR_MS - 0.001, HOUR_MS, HOUR_MS * 2]) {
      for (const policy of [leash(true), leash(true, 1), leash(true, 0.5), leash(false, 1.5), leash(false, 1e12)]) {
        const ms = leashOf(policy, bearer(), afterMs)
        if (typeof ms === 'number') {
          expect(Number.isInteger(ms)).toBe(true)
          expect(ms).toBeGreaterThanOrEqual(1)
          expect(ms).toBeLessThanOrEqual(24 * HOUR_MS)
        } else expect(ms).toBe('token_expired')
      }
    }
  })

  it('holds requests without identity as well, by the duration: they have no token to outlive', () => {
    expect(leashOf({ anonymous: true, ...leash(true, 900_000) }, {})).toBe(900_000)
    expect(leashOf({ anonymous: true, ...leash(true, 100 * HOUR_MS) }, {})).toBe(24 * HOUR_MS)
    expect(leashOf({ anonymous: true, ...leash(true) }, {})).toBeUndefined()
  })
})
