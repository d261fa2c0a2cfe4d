// One Check from bytes to bytes. The promise above all others: for any input whatsoever the answer is an allow if and
// only if the pipeline said allow, and carries a non-zero status otherwise; it never throws and never rejects.
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DecideDeps } from '../../../src/check/decide.ts'
import type { Examined } from '../../../src/check/examine.ts'
import type { CompiledPolicy } from '../../../src/check/policy.ts'
import type { Verdict } from '../../../src/check/verdict.ts'
import { memberOf } from '../../../src/denylist/vocabulary.ts'
import { createAuthorization } from '../../../src/server/authorization.ts'
import type { Expectations, TokenVerifier } from '../../../src/tokens/port.ts'
import { createVerifiedCache } from '../../../src/tokens/verified-cache.ts'
import { tokenVerifier } from '../../../src/tokens/verifier.ts'
import { checkRequest, headerEncodings, type RequestPlan, tcpCheckRequest } from '../../support/check-request.ts'
import { type Answer, readAnswer } from '../../support/check-response.ts'
import { decodeCheckRequest, member } from '../../support/envoy-protos.ts'
import { createFakeClock, START_MS } from '../../support/fakes/clock.ts'
import { createFakeDenylist } from '../../support/fakes/denylist.ts'
import { createFakeKeyRing } from '../../support/fakes/key-ring.ts'
import { cookiePolicy, policiesOf } from '../../support/policies.ts'
import {
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

const TIMEOUT_MS = 1000
const CONCURRENT = 3

function setUp(policyChanges: Partial<CompiledPolicy> = {}) {
  const clock = createFakeClock()
  const denylist = createFakeDenylist()
  const keys = createFakeKeyRing(ownKey())
  const policy = cookiePolicy({ name: 'default', issuers: issuersByIss(commons({ keys })), ...policyChanges })
  const observed: { verdict: Verdict; durationMs: number }[] = []
  const pipeline: DecideDeps = {
    policies: policiesOf(policy),
    denylist,
    clock,
    cache: createVerifiedCache<CompiledPolicy, Examined>({ maxEntries: 100, maxBytes: 1_000_000 }),
    verifier: tokenVerifier,
  }
  const replaced: { pipeline: () => DecideDeps; observe: (verdict: Verdict) => void } = {
    pipeline: () => pipeline,
    observe: () => {},
  }
  const authorization = createAuthorization({
    current: () => replaced.pipeline(),
    clock,
    limits: { concurrentChecks: CONCURRENT, checkTimeoutMs: TIMEOUT_MS },
    observe(verdict, durationMs) {
      observed.push({ verdict, durationMs })
      replaced.observe(verdict)
    },
  })
  return {
    authorization,
    clock,
    denylist,
    keys,
    observed,
    pipeline,
    replaced,
    verifyWith(verify: TokenVerifier['verify']) {
      replaced.pipeline = () => ({ ...pipeline, verifier: { verify } })
    },
    /** Time passes until there is an answer, which is no longer than a Check may take. */
    async answer(bytes: Uint8Array, deadlineMs = Number.POSITIVE_INFINITY): Promise<Answer> {
      const checking = authorization.check(bytes, deadlineMs)
      if (checking instanceof Promise) await vi.advanceTimersByTimeAsync(TIMEOUT_MS)
      return readAnswer(await checking)
    },
  }
}

const bearing = (token: string, more: RequestPlan = {}): Uint8Array =>
  checkRequest({ ...more, headers: [['authorization', `Bearer ${token}`], ...(more.headers ?? [])] })

const said = ({ allowed, http, metadata }: Answer): unknown[] => [allowed, http, metadata['reason']]

const never = () => new Promise<never>(() => {})

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('a Check', () => {
  it('is answered at once where nothing has to be fetched', () => {
    const { authorization, observed } = setUp()
    const answer = authorization.check(bearing(mint()), Number.POSITIVE_INFINITY)
    expect(answer).toBeInstanceOf(Uint8Array)
    expect(answer instanceof Promise ? undefined : said(readAnswer(answer))).toEqual([true, undefined, 'token_valid'])
    expect(observed).toMatchObject([{ verdict: { decision: 'allow', reason: 'token_valid' }, durationMs: 0 }])
  })

  it('that waits for a key is answered when it is there, and tells how long that took', async () => {
    const { answer, keys, clock, observed } = setUp()
    keys.remove(ownKey().kid)
    keys.onRefresh(async () => {
      clock.advance(40)
      keys.put(ownKey())
    })
    expect(said(await answer(bearing(mint())))).toEqual([true, undefined, 'token_valid'])
    expect(observed).toMatchObject([{ durationMs: 40 }])
  })

  it.each([
    ['no bytes', Buffer.alloc(0)],
    ['bytes that are nothing', Buffer.from('hello')],
    ['a TCP connection', tcpCheckRequest()],
  ])('of %s is answered by a denial, not by an error', async (_, bytes) => {
    expect(said(await setUp().answer(bytes))).toEqual([false, 400, 'request_malformed'])
  })

  it('takes the configuration of its moment: a reload between two, never within one', async () => {
    const { answer, replaced, pipeline, keys } = setUp()
    const token = mint()
    expect((await answer(bearing(token))).allowed).toBe(true)
    const stricter = cookiePolicy({ name: 'default', issuers: issuersByIss(commons({ keys })), scopes: ['admin'] })
    replaced.pipeline = () => ({ ...pipeline, policies: policiesOf(stricter) })
    expect(said(await answer(bearing(token)))).toEqual([false, 403, 'scope_missing'])
  })
})

describe('an accident', () => {
  it.each<readonly [string, (at: ReturnType<typeof setUp>) => void]>([
    [
      'the configuration cannot be had',
      ({ replaced }) => {
        replaced.pipeline = broken
      },
    ],
    ['the verifier throws', ({ verifyWith }) => verifyWith(broken)],
    ['the verifier rejects', ({ verifyWith }) => verifyWith(() => Promise.reject(new Error('broken')))],
    ['the verifier rejects with nothing', ({ verifyWith }) => verifyWith(() => Promise.reject(undefined))],
    ['the verifier says yes and gives nothing', ({ verifyWith }) => verifyWith(() => JSON.parse('{"ok":true}'))],
    ['the verifier gives nothing at all', ({ verifyWith }) => verifyWith(() => JSON.parse('null'))],
    [
      'a key ring throws',
      ({ keys }) => {
        keys.find = broken
      },
    ],
    [
      'a refresh of keys rejects',
      ({ keys }) => {
        keys.remove(ownKey().kid)
        keys.onRefresh(() => Promise.reject(new Error('broken')))
      },
    ],
    [
      'the denylist throws',
      ({ denylist }) => {
        denylist.lookup = broken
      },
    ],
    [
      'the denylist has no status',
      ({ denylist }) => {
        denylist.status = broken
      },
    ],
    ['the denylist cannot be asked', ({ denylist }) => denylist.onConsult(broken)],
    ['asking the denylist rejects', ({ denylist }) => denylist.onConsult(() => Promise.reject(new Error('broken')))],
    [
      'the denylist says what nobody knows',
      ({ denylist }) => {
        denylist.lookup = () => JSON.parse('"maybe"')
      },
    ],
    [
      'the denylist says nothing',
      ({ denylist }) => {
        denylist.lookup = () => JSON.parse('null')
      },
    ],
    [
      'who is told of the verdict throws',
      ({ replaced }) => {
        replaced.observe = broken
      },
    ],
  ])('is a denial: %s', async (_, breakIt) => {
    const at = setUp()
    breakIt(at)
    const answer = await at.answer(bearing(mint()))
    expect(said(answer)).toEqual([false, 503, 'internal_error'])
    expect(at.authorization.inFlight).toBe(0)
  })

  it('tells nobody outside what it was', async () => {
    const at = setUp()
    at.verifyWith(() => {
      throw new Error('c2VjcmV0')
    })
    const bytes = at.authorization.check(bearing(mint()), Number.POSITIVE_INFINITY)
    expect(Buffer.from(await bytes).includes('c2VjcmV0')).toBe(false)
  })

  it('is told as one, also where it happened while the answer was written', async () => {
    const at = setUp()
    at.denylist.lookup = () => JSON.parse('"maybe"')
    await at.answer(bearing(mint()))
    expect(at.observed).toMatchObject([{ verdict: { decision: 'deny', reason: 'internal_error' } }])
  })
})

function broken(): never {
  throw new Error('broken')
}

describe('the deadline', () => {
  it('is a denial when the verifier never answers, after the time that a Check may take', async () => {
    const { authorization, verifyWith } = setUp()
    verifyWith(never)
    let answer: Answer | undefined
    void Promise.resolve(authorization.check(bearing(mint()), Number.POSITIVE_INFINITY)).then((bytes) => {
      answer = readAnswer(bytes)
    })
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS - 1)
    expect(answer).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(answer && said(answer)).toEqual([false, 503, 'deadline_exceeded'])
  })

  it('is a denial when the store never answers', async () => {
    const { answer, denylist } = setUp()
    denylist.onConsult(never)
    expect(said(await answer(bearing(mint())))).toEqual([false, 503, 'deadline_exceeded'])
  })

  it.each([
    [100, 80],
    [500, 400],
    [1000, 800],
    [60_000, TIMEOUT_MS],
  ])('of a caller who waits %i ms is kept with a margin: the denial comes after %i', async (waitsMs, answeredMs) => {
    const { authorization, verifyWith } = setUp()
    verifyWith(never)
    let answered = false
    void Promise.resolve(authorization.check(bearing(mint()), START_MS + waitsMs)).then(() => {
      answered = true
    })
    await vi.advanceTimersByTimeAsync(answeredMs - 1)
    expect(answered).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(answered).toBe(true)
  })

  it.each([START_MS - 1000, START_MS, START_MS + 20, Number.NEGATIVE_INFINITY, 0])(
    'that has passed already (%d) is a denial for a token, known or not',
    async (deadlineMs) => {
      const { answer } = setUp()
      const token = mint()
      expect(said(await answer(bearing(token), deadlineMs))).toEqual([false, 503, 'deadline_exceeded'])
      expect((await answer(bearing(token))).allowed).toBe(true)
      expect(said(await answer(bearing(token), deadlineMs))).toEqual([false, 503, 'deadline_exceeded'])
    },
  )

  it('that is no number denies rather than waits for ever', async () => {
    const { answer, verifyWith } = setUp()
    verifyWith(never)
    expect((await answer(bearing(mint()), Number.NaN)).allowed).toBe(false)
  })

  it('that passed is the answer, and a yes that comes later changes nothing', async () => {
    const { authorization, verifyWith, observed } = setUp()
    let settle: (() => void) | undefined
    verifyWith(async (token: string, expectations: Expectations) => {
      await new Promise<void>((resolve) => {
        settle = resolve
      })
      return tokenVerifier.verify(token, expectations)
    })
    const checking = authorization.check(bearing(mint()), Number.POSITIVE_INFINITY)
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS)
    expect(readAnswer(await checking).allowed).toBe(false)
    settle?.()
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS)
    expect(observed.map(({ verdict }) => verdict.reason)).toEqual(['deadline_exceeded'])
    expect(authorization.inFlight).toBe(0)
  })
})

describe('overload', () => {
  it('beyond the bound is a denial at once, and over when others are answered', async () => {
    const at = setUp()
    at.verifyWith(never)
    const waiting = Array.from({ length: CONCURRENT }, () =>
      at.authorization.check(bearing(mint()), Number.POSITIVE_INFINITY),
    )
    expect(at.authorization.inFlight).toBe(CONCURRENT)
    const refused = at.authorization.check(bearing(mint()), Number.POSITIVE_INFINITY)
    expect(refused instanceof Promise ? undefined : said(readAnswer(refused))).toEqual([false, 503, 'overloaded'])
    expect(at.authorization.inFlight).toBe(CONCURRENT)
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS)
    await Promise.all(waiting)
    expect(at.authorization.inFlight).toBe(0)
    at.replaced.pipeline = () => at.pipeline
    expect((await at.answer(bearing(mint()))).allowed).toBe(true)
  })

  it('is never reached by Checks that need no waiting', () => {
    const { authorization } = setUp()
    for (let at = 0; at < 50; at += 1) authorization.check(bearing(mint()), Number.POSITIVE_INFINITY)
    expect(authorization.inFlight).toBe(0)
  })
})

/** The values of Authorization for a strict reader; `undefined` where the bytes are no message to it. */
function authorizationAsEnvoyReads(bytes: Uint8Array): unknown[] | undefined {
  try {
    const http = member(member(member(decodeCheckRequest(bytes), 'attributes'), 'request'), 'http')
    const headers = Object.entries(member(http, 'headers') ?? {})
    return headers.filter(([name]) => name.toLowerCase() === 'authorization').map(([, value]) => value)
  } catch {
    return undefined
  }
}

describe('for any input whatsoever', () => {
  /** The one thing that Envoy looks at, and what belongs to it. */
  function expectConsistent(answer: Answer, verdict: Verdict | undefined): void {
    expect(answer.allowed).toBe(verdict?.decision === 'allow')
    expect(answer.raw.httpResponse?.$case).toBe(answer.allowed ? 'okResponse' : 'deniedResponse')
    if (!answer.allowed) {
      expect(answer.code).toBeGreaterThan(0)
      expect(answer.http).toBeGreaterThanOrEqual(400)
    }
  }

  /** What may differ between two requests: of each the ways that are good, and those that are not. */
  const tokens = {
    good: [mint(), mint({}, { header: { typ: undefined } })],
    bad: [
      mint({ exp: NOW }),
      mint({ iat: NOW + 31 }),
      mint({ aud: ['other'] }),
      mint({ pur: 'api_key' }),
      mint({ jti: undefined }),
      mint({ iss: 'https://elsewhere.example' }),
      mint(taskClaims),
      mint({}, { key: foreignKey() }),
      mint({}, { key: { ...foreignKey(), kid: ownKey().kid } }),
      mint({}, { header: { alg: 'none' } }),
      `${mint()}A`,
      mint().slice(0, -1),
      'blah',
      '',
    ],
  }
  const carriers = {
    good: [
      (token: string): RequestPlan => ({ headers: [['Authorization', `Bearer ${token}`]] }),
      (token: string): RequestPlan => ({ method: 'POST', headers: [['authorization', `bearer ${token}`]] }),
      (token: string): RequestPlan => ({ headers: [['cookie', `a=1; access_token=${token}`]] }),
      (token: string): RequestPlan => ({
        method: 'DELETE',
        headers: [
          ['cookie', `csrftoken=ab; access_token=${token}`],
          ['x-csrf-token', 'ab'],
        ],
      }),
    ],
    bad: [
      (): RequestPlan => ({}),
      (token: string): RequestPlan => ({ headers: [['authorization', `Bearer  ${token}`]] }),
      (token: string): RequestPlan => ({ headers: [['authorization', `Basic ${token}`]] }),
      (token: string): RequestPlan => ({ headers: [['authorization', `Bearer ${token},Bearer ${token}`]] }),
      (token: string): RequestPlan => ({ headers: [['x-authorization', `Bearer ${token}`]] }),
      (token: string): RequestPlan => ({ method: 'DELETE', headers: [['cookie', `access_token=${token}`]] }),
      (token: string): RequestPlan => ({ policy: 'missing', headers: [['authorization', `Bearer ${token}`]] }),
    ],
  }
  type Break = (at: ReturnType<typeof setUp>) => void
  const states: { good: Break[]; bad: Break[]; badForNewTokens: Break[] } = {
    good: [
      () => {},
      ({ keys }) => {
        keys.remove(ownKey().kid)
        keys.onRefresh(async () => keys.put(ownKey()))
      },
      ({ denylist, clock }) =>
        denylist.onConsult(async () => ({
          lookup: 'clear',
          askedAt: { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() },
        })),
      ({ denylist }) => denylist.revoke(memberOf('jti', 'https://elsewhere.example', validClaims.jti)),
    ],
    /** A token that was verified before is not verified again. */
    badForNewTokens: [
      ({ verifyWith }) => verifyWith(never),
      ({ verifyWith }) => verifyWith(broken),
      ({ verifyWith }) => verifyWith(() => Promise.reject(new Error('broken'))),
      ({ verifyWith }) => verifyWith(() => ({ ok: false, reason: 'signature_invalid' })),
    ],
    bad: [
      ({ denylist }) => denylist.setFresh(false),
      ({ denylist }) => denylist.revoke(memberOf('jti', ISSUER, validClaims.jti)),
      ({ denylist }) => denylist.revokeBefore(memberOf('subject', ISSUER, '42'), NOW),
      ({ denylist }) => denylist.onConsult(never),
      ({ denylist }) => denylist.onConsult(() => Promise.reject(new Error('broken'))),
      ({ denylist }) => {
        denylist.lookup = broken
      },
      ({ denylist }) => {
        denylist.status = broken
      },
      ({ keys }) => keys.remove(ownKey().kid),
      ({ keys }) => keys.setUnavailable(true),
      ({ replaced }) => {
        replaced.pipeline = broken
      },
      ({ clock }) => clock.advance(3_600_000),
      ({ clock }) => clock.stepWall(-31_000),
    ],
  }
  const oneOf = <T>(ways: { readonly good: readonly T[]; readonly bad: readonly T[] }) =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...ways.good).map((way) => ({ way, isGood: true })) },
      { weight: 1, arbitrary: fc.constantFrom(...ways.bad).map((way) => ({ way, isGood: false })) },
    )

  const anyState = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...states.good).map((way) => ({ way, badFor: 'nobody' })) },
    { weight: 1, arbitrary: fc.constantFrom(...states.badForNewTokens).map((way) => ({ way, badFor: 'new tokens' })) },
    { weight: 2, arbitrary: fc.constantFrom(...states.bad).map((way) => ({ way, badFor: 'all' })) },
  )

  it('a request is allowed if and only if its token, its carrier and the state of the house are good', async () => {
    let allowed = 0
    await fc.assert(
      fc.asyncProperty(
        oneOf(tokens),
        oneOf(carriers),
        anyState,
        fc.constantFrom(...headerEncodings),
        fc.boolean(),
        async (token, carrier, state, encoding, isSeenBefore) => {
          const at = setUp()
          const bytes = checkRequest({ ...carrier.way(token.way), encoding })
          if (isSeenBefore) await at.answer(bytes)
          state.way(at)
          const answer = await at.answer(bytes)
          const isGoodState = state.badFor === 'nobody' || (state.badFor === 'new tokens' && isSeenBefore)
          expect(answer.allowed).toBe(token.isGood && carrier.isGood && isGoodState)
          expectConsistent(answer, at.observed.at(-1)?.verdict)
          expect(at.authorization.inFlight).toBe(0)
          allowed += answer.allowed ? 1 : 0
        },
      ),
      { numRuns: 300 },
    )
    expect(allowed).toBeGreaterThan(40)
  })

  it('bytes that are anything are denied', async () => {
    const { answer, observed } = setUp()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        const given = await answer(bytes)
        expect(given.allowed).toBe(false)
        expectConsistent(given, observed.at(-1)?.verdict)
      }),
      { numRuns: 600 },
    )
  })

  it('a good request with bytes changed, lost or repeated is allowed only with the token in it as Envoy reads it', async () => {
    const { answer, observed } = setUp()
    const token = mint()
    const whole = Buffer.from(bearing(token, { encoding: 'headers' }))
    let compared = 0
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.nat(255),
        fc.constantFrom('change', 'cut', 'drop', 'repeat'),
        async (at, byte, how) => {
          const bytes = {
            change: () => Buffer.from(whole.map((old, index) => (index === at ? byte : old))),
            cut: () => whole.subarray(0, at),
            drop: () => Buffer.concat([whole.subarray(0, at), whole.subarray(at + 1)]),
            repeat: () => Buffer.concat([whole, whole.subarray(at)]),
          }[how]()
          const given = await answer(bytes)
          expectConsistent(given, observed.at(-1)?.verdict)
          if (!given.allowed) return
          // What we do not read may be broken without our noticing; then nobody can say what Envoy meant.
          const values = authorizationAsEnvoyReads(bytes)
          if (values === undefined) return
          expect(values.map((value) => String(value).replace(/^bearer/i, 'Bearer'))).toEqual([`Bearer ${token}`])
          compared += 1
        },
      ),
      { numRuns: 800 },
    )
    expect(compared).toBeGreaterThan(10)
  })

  it('a policy for anonymous requests allows those without a credential, and no bad one', async () => {
    const { answer, observed } = setUp({ anonymous: true })
    const anyValue = fc.oneof(fc.constantFrom(...tokens.bad), fc.string()).map((text): Buffer => Buffer.from(text))
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('authorization', 'cookie'),
        anyValue,
        fc.constantFrom(...headerEncodings),
        async (name, value, encoding) => {
          const header = name === 'cookie' ? Buffer.concat([Buffer.from('access_token='), value]) : value
          const given = await answer(checkRequest({ headers: [[name, header]], encoding }))
          expectConsistent(given, observed.at(-1)?.verdict)
          const isEmptyCookie = name === 'cookie' && /^[\s;"]*(;|$)/.test(value.toString())
          if (!isEmptyCookie) expect(given.allowed).toBe(false)
          // An anonymous request brings no identity and no credential to the upstream.
          else if (given.allowed) expect([...given.headers.keys()].filter((key) => key !== 'cookie')).toEqual([])
        },
      ),
      { numRuns: 500 },
    )
    expect(said(await answer(checkRequest()))).toEqual([true, undefined, 'anonymous'])
  })
})
