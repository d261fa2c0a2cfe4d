// Verdict → CheckResponse bytes: read back with Envoy's own protos in two independent libraries.
import { status } from '@grpc/grpc-js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Admission } from '../../../src/check/admit.ts'
import { deny } from '../../../src/check/decide.ts'
import { type DenialReason, type DenialRow, denials } from '../../../src/check/denials.ts'
import { identityHeaders } from '../../../src/check/identity.ts'
import type { CompiledPolicy } from '../../../src/check/policy.ts'
import { reply } from '../../../src/check/reply.ts'
import type { Allow, Deny } from '../../../src/check/verdict.ts'
import { readProfile } from '../../../src/tokens/profile.ts'
import { anyText } from '../../support/arbitraries.ts'
import { inputOf, type RequestPlan } from '../../support/check-request.ts'
import { readAnswer } from '../../support/check-response.ts'
import { decodeCheckResponse } from '../../support/envoy-protos.ts'
import { cookiePolicy, policyOf } from '../../support/policies.ts'
import { type Claims, ISSUER, mint, NOW, taskClaims, validClaims, verifiedToken } from '../../support/tokens.ts'

const reasons = Object.keys(denials).filter((name): name is DenialReason => name in denials)
const row = (reason: DenialReason): DenialRow => denials[reason]

function admissionOf(claims: Claims = {}): Admission {
  const token = verifiedToken(claims)
  const profile = readProfile(token.claims)
  const identity = profile.ok ? identityHeaders(token, profile.value) : undefined
  if (!profile.ok || identity === undefined) throw new Error('not admitted')
  return { token, profile: profile.value, identity }
}

function allowed(changes: Partial<Allow> = {}): Allow {
  return {
    decision: 'allow',
    reason: 'token_valid',
    policy: policyOf(),
    input: inputOf({ headers: [['authorization', `Bearer ${mint()}`]] }),
    credential: 'bearer',
    admission: admissionOf(),
    leashMs: undefined,
    denylistAgeMs: 123.4,
    ...changes,
  }
}

function denied(reason: DenialReason, changes: Partial<Deny> = {}, plan: RequestPlan = {}): Deny {
  return { ...deny(reason, { policy: policyOf(), input: inputOf(plan) }), ...changes }
}

const answerTo = (verdict: Allow | Deny) => readAnswer(reply(verdict))

describe.each(reasons)('a denial for %s', (reason) => {
  it('has the code, the status and the constant texts of the table', () => {
    const answer = answerTo(denied(reason))
    expect(answer.allowed).toBe(false)
    expect(answer.code).toBe(row(reason).code)
    expect(answer.http).toBe(row(reason).http)
    expect(answer.body).toEqual({ error: row(reason).error ?? 'unauthorized', error_description: row(reason).text })
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('retry-after')).toBe(row(reason).http === 503 ? '1' : undefined)
  })

  it('has a challenge with every 401, as RFC 6750 wants it, and with the 403 for a scope', () => {
    const challenge = answerTo(denied(reason)).headers.get('www-authenticate')
    const { error, http, text } = row(reason)
    if (reason === 'credential_missing') expect(challenge).toBe('Bearer realm="postern"')
    else if (http === 401 || error === 'insufficient_scope') {
      expect(challenge).toBe(`Bearer realm="postern", error="${error}", error_description="${text}"`)
    } else expect(challenge).toBeUndefined()
  })

  it('tells its exact reason to the access log, and to the client only where the policy exposes it', () => {
    expect(answerTo(denied(reason)).metadata).toEqual({ decision: 'deny', reason, policy: 'default' })
    expect(JSON.stringify(answerTo(denied(reason)).body)).not.toContain(reason)
    const exposing = denied(reason, { policy: policyOf({ exposeReasons: true }) })
    expect(answerTo(exposing).body).toMatchObject({ reason })
  })

  it('tells a gRPC client the code of the table, by headers only where Envoy would make another of the status', () => {
    const grpc = { headers: [['content-type', 'application/grpc+proto']] } as const
    const { headers } = answerTo(denied(reason, {}, grpc))
    // Envoy: 401 → 16, 403 → 7, 503 → 14, as the table has it; 400 becomes another.
    const isWrong = row(reason).http === 400
    expect(headers.get('grpc-status')).toBe(isWrong ? String(status.INVALID_ARGUMENT) : undefined)
    expect(headers.get('grpc-message')).toBe(isWrong ? row(reason).text : undefined)
    expect(answerTo(denied(reason)).headers.has('grpc-status')).toBe(false)
  })

  it('is the same for a request of which nothing is known', () => {
    const answer = answerTo(deny(reason))
    expect([answer.code, answer.http]).toEqual([row(reason).code, row(reason).http])
    expect(answer.metadata).toEqual({ decision: 'deny', reason })
  })

  it('reads the same in another library', () => {
    expect(decodeCheckResponse(reply(denied(reason)))).toMatchObject({
      status: { code: row(reason).code },
      http_response: 'denied_response',
      denied_response: { status: { code: row(reason).http } },
    })
  })

  it.each([404, 429, 500, 401])('has the HTTP status %i that a policy gives it, and stays a denial', (http) => {
    const answer = answerTo(denied(reason, { policy: policyOf({ denyStatus: new Map([[reason, http]]) }) }))
    expect([answer.allowed, answer.code, answer.http]).toEqual([false, row(reason).code, http])
    const others = reasons.filter((other) => other !== reason)
    const unconcerned = policyOf({ denyStatus: new Map(others.map((other) => [other, http])) })
    expect(answerTo(denied(reason, { policy: unconcerned })).http).toBe(row(reason).http)
  })
})

describe('a denial', () => {
  it('names the scopes that are needed', () => {
    const answer = answerTo(denied('scope_missing', { policy: policyOf({ scopes: ['user', 'data'] }) }))
    expect(answer.headers.get('www-authenticate')).toMatch(/, scope="user data"$/)
    const other = answerTo(denied('token_expired', { policy: policyOf({ scopes: ['user', 'data'] }) }))
    expect(other.headers.get('www-authenticate')).not.toContain('scope=')
  })

  it('has no challenge where a policy hides behind another status what was missing', () => {
    for (const reason of ['scope_missing', 'token_expired'] as const) {
      const hiding = policyOf({ scopes: ['admin'], denyStatus: new Map([[reason, 404]]) })
      expect(answerTo(denied(reason, { policy: hiding })).headers.has('www-authenticate')).toBe(false)
    }
  })

  it('gives a gRPC client the code of the table when a policy gives it another HTTP status', () => {
    const grpc = { headers: [['content-type', 'application/grpc']] } as const
    const as = (http: number) =>
      denied('audience_mismatch', { policy: policyOf({ denyStatus: new Map([['audience_mismatch', http]]) }) }, grpc)
    expect(answerTo(as(404)).headers.get('grpc-status')).toBe('16')
    expect(answerTo(as(403)).headers.get('grpc-status')).toBe('16')
    expect(answerTo(as(418)).headers.get('grpc-status')).toBe('16')
    expect(answerTo(as(401)).headers.get('grpc-status')).toBeUndefined()
  })

  it.each(['application/grpc', 'application/grpc+proto', 'application/grpc-web', 'Application/gRPC+json'])(
    'takes a request with content type %s for a gRPC client',
    (type) => {
      const grpc = { headers: [['content-type', type]] } as const
      expect(answerTo(denied('request_malformed', {}, grpc)).headers.get('grpc-status')).toBe('3')
    },
  )

  it.each(['application/json', 'text/application/grpc', ''])(
    'takes one with content type %j for no gRPC client',
    (type) => {
      const plan = { headers: [['content-type', type]] } as const
      expect(answerTo(denied('request_malformed', {}, plan)).headers.has('grpc-status')).toBe(false)
    },
  )

  it('has in its metadata who was denied, once that is known, and never a token', () => {
    const token = verifiedToken()
    const answer = answerTo(denied('token_revoked', { token, denylistAgeMs: 17.6 }))
    expect(answer.metadata).toEqual({
      decision: 'deny',
      reason: 'token_revoked',
      policy: 'default',
      jti: validClaims.jti,
      sub: '42',
      exp: NOW + 3600,
      denylist_age_ms: 18,
    })
  })

  it('says nothing of what the request or the token says', () => {
    const secret = 'c2VjcmV0LXNlY3JldA'
    const plan = {
      method: secret,
      path: `/${secret}`,
      host: secret,
      headers: [
        ['authorization', `Bearer ${secret}`],
        ['cookie', `access_token=${secret}`],
        ['origin', secret],
      ],
    } as const
    for (const reason of reasons) {
      for (const exposeReasons of [true, false]) {
        const token = verifiedToken({ scope: [secret], context: { user: { name: secret } } })
        const bytes = reply(denied(reason, { policy: policyOf({ exposeReasons }), token }, plan))
        expect(Buffer.from(bytes).includes(secret)).toBe(false)
      }
    }
  })
})

describe('an allow', () => {
  it('has code 0 and an ok_response, in two libraries', () => {
    const bytes = reply(allowed())
    expect(readAnswer(bytes)).toMatchObject({ allowed: true, code: 0, http: undefined, body: undefined })
    expect(decodeCheckResponse(bytes)).toMatchObject({ http_response: 'ok_response' })
  })

  it('sets the identity headers and removes those that the token does not fill', () => {
    const { headers, removed } = answerTo(allowed({ admission: admissionOf(taskClaims) }))
    expect(Object.fromEntries(headers)).toEqual({
      'x-auth-subject': '42',
      'x-auth-issuer': ISSUER,
      'x-auth-token-id': taskClaims.jti,
      'x-auth-username': 'alice@example.org',
      'x-auth-scopes': 'fence openid user',
      'x-auth-task-type': 'WORKFLOW',
    })
    expect(removed).toEqual(['x-auth-client'])
  })

  it('removes all of them where there is no identity', () => {
    for (const reason of ['anonymous', 'preflight'] as const) {
      const anonymous = { reason, credential: undefined, admission: undefined, denylistAgeMs: undefined }
      const answer = answerTo(allowed({ ...anonymous, input: inputOf({ headers: [['x-auth-subject', 'admin']] }) }))
      expect(answer.headers.size).toBe(0)
      expect(answer.removed).toEqual([
        'x-auth-subject',
        'x-auth-issuer',
        'x-auth-token-id',
        'x-auth-client',
        'x-auth-username',
        'x-auth-scopes',
        'x-auth-task-type',
      ])
      expect(answer.metadata).toEqual({ decision: 'allow', reason, policy: 'default' })
    }
  })

  it('writes every header so that no Envoy appends it: overwrite in both fields, in `value`', () => {
    const { options } = answerTo(allowed({ leashMs: 5000 }))
    expect(options.length).toBeGreaterThan(5)
    for (const { header, append, appendAction, keepEmptyValue } of options) {
      expect({ append, appendAction, keepEmptyValue }).toEqual({
        append: false,
        appendAction: 2,
        keepEmptyValue: false,
      })
      expect(header?.value).not.toBe('')
      expect(header?.rawValue).toHaveLength(0)
    }
    const raw = decodeCheckResponse(reply(allowed()))
    expect(raw).toMatchObject({
      ok_response: {
        headers: expect.arrayContaining([
          { header: { key: 'x-auth-subject', value: '42' }, append: { value: false }, append_action: 2 },
        ]),
      },
    })
  })

  it('has the leash as a positive integer, and none where there is none', () => {
    expect(answerTo(allowed({ leashMs: 900_000 })).headers.get('x-envoy-upstream-stream-duration-ms')).toBe('900000')
    expect(answerTo(allowed({ leashMs: 1 })).headers.get('x-envoy-upstream-stream-duration-ms')).toBe('1')
    expect(answerTo(allowed()).headers.has('x-envoy-upstream-stream-duration-ms')).toBe(false)
    const longest = answerTo(allowed({ leashMs: 24 * 3_600_000 }))
    expect(longest.headers.get('x-envoy-upstream-stream-duration-ms')).toBe('86400000')
  })

  it('has in its metadata who was allowed, why, under which policy and how old the denylist was', () => {
    expect(answerTo(allowed()).metadata).toEqual({
      decision: 'allow',
      reason: 'token_valid',
      policy: 'default',
      jti: validClaims.jti,
      sub: '42',
      exp: NOW + 3600,
      denylist_age_ms: 123,
    })
    expect(answerTo(allowed({ denylistAgeMs: undefined })).metadata).not.toHaveProperty('denylist_age_ms')
  })

  it('is flagged where it is not proven that the token has not been revoked, though it was proven before', () => {
    const admission = admissionOf()
    const reasonsOf = (['token_valid', 'unproven', 'unproven_verified', 'token_valid'] as const).map(
      (reason) => answerTo(allowed({ admission, reason })).metadata['reason'],
    )
    expect(reasonsOf).toEqual(['token_valid', 'unproven', 'unproven_verified', 'token_valid'])
  })

  it('remembers what is constant for an admission, and nothing else: the moment is of each answer', () => {
    const admission = admissionOf()
    const first = answerTo(allowed({ admission, leashMs: 100, denylistAgeMs: 1 }))
    const second = answerTo(allowed({ admission, leashMs: 99, denylistAgeMs: 5000 }))
    const other = answerTo(allowed({ admission: admissionOf({ sub: '43', jti: 'other' }) }))
    expect([first, second].map(({ metadata }) => metadata['denylist_age_ms'])).toEqual([1, 5000])
    expect([first, second].map(({ headers }) => headers.get('x-envoy-upstream-stream-duration-ms'))).toEqual([
      '100',
      '99',
    ])
    expect([second, other].map(({ headers }) => headers.get('x-auth-subject'))).toEqual(['42', '43'])
    expect(other.metadata).toMatchObject({ sub: '43', jti: 'other' })
  })
})

describe('the credential after an allow', () => {
  const token = mint()
  const presented = {
    headers: [
      ['authorization', `Bearer ${token}`],
      ['cookie', `a=1; access_token=${token}; b=2`],
      ['txn-token', token],
    ],
  } as const
  const byCookie = { headers: presented.headers.slice(1) }

  /** What Envoy makes of the request: removes after it sets. */
  function forwarded(plan: RequestPlan, changes: Partial<Allow>) {
    const { headers, removed } = answerTo(allowed({ input: inputOf(plan), ...changes }))
    const after = new Map([...(plan.headers ?? [])].map(([name, value]) => [name, String(value)]))
    for (const [name, value] of headers) if (!name.startsWith('x-auth-')) after.set(name, value)
    for (const name of removed) after.delete(name)
    return Object.fromEntries(after)
  }

  it('that was checked goes on, and no other', () => {
    expect(forwarded(presented, { credential: 'bearer' })).toEqual({
      authorization: `Bearer ${token}`,
      cookie: 'a=1; b=2',
    })
    expect(forwarded(byCookie, { credential: 'cookie', policy: cookiePolicy() })).toEqual({
      cookie: `a=1; access_token=${token}; b=2`,
    })
  })

  it('goes no further where the policy says so', () => {
    const keeps = { forwardCredential: false }
    expect(forwarded(presented, { credential: 'bearer', policy: policyOf(keeps) })).toEqual({ cookie: 'a=1; b=2' })
    expect(forwarded(byCookie, { credential: 'cookie', policy: cookiePolicy(keeps) })).toEqual({ cookie: 'a=1; b=2' })
    const nothingElse = { headers: [['cookie', `access_token=${token}`]] } as const
    expect(forwarded(nothingElse, { credential: 'cookie', policy: cookiePolicy(keeps) })).toEqual({})
  })

  it('of an anonymous request or a preflight goes nowhere', () => {
    const anonymous = { credential: undefined, admission: undefined }
    for (const reason of ['anonymous', 'preflight'] as const) {
      expect(forwarded(presented, { reason, ...anonymous })).toEqual({ cookie: 'a=1; b=2' })
    }
  })

  it('in a cookie of another policy goes nowhere either', () => {
    const policy = cookiePolicy({ credentialCookies: new Set(['access_token', 'session']) })
    const plan = { headers: [['cookie', `access_token=${token}; session=${token}; a=1`]] } as const
    expect(forwarded(plan, { credential: 'cookie', policy })).toEqual({ cookie: `access_token=${token}; a=1` })
    expect(forwarded(plan, { credential: undefined, admission: undefined, policy })).toEqual({ cookie: 'a=1' })
  })

  it('leaves headers alone that are not there', () => {
    const { headers, removed } = answerTo(allowed({ input: inputOf({}) }))
    expect([...headers.keys(), ...removed].filter((name) => !name.startsWith('x-auth-'))).toEqual([])
  })

  it('leaves the cookies of others as they are, byte for byte', () => {
    const plan = { headers: [['cookie', 'name=J\u00fcrgen; a="b c"; access_token=x']] } as const
    expect(forwarded(plan, { credential: 'bearer' })).toEqual({ cookie: 'name=J\u00fcrgen; a="b c"' })
  })
})

describe('any answer', () => {
  const anyPlan: fc.Arbitrary<RequestPlan> = fc.record({
    method: fc.constantFrom('GET', 'POST', 'OPTIONS'),
    encoding: fc.constantFrom('headers', 'header_map'),
    headers: fc.array(
      fc.tuple(
        fc.constantFrom('authorization', 'cookie', 'cookie', 'txn-token', 'content-type', 'x-auth-subject'),
        fc.oneof(
          fc.constantFrom('access_token=a.b.c; x=1', 'access_token=x', 'a=1', 'application/grpc', 'Bearer a.b.c', ''),
          fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
        ),
      ),
      { maxLength: 5 },
    ),
  })
  const anyPolicy: fc.Arbitrary<CompiledPolicy> = fc
    .record({
      forwardCredential: fc.boolean(),
      exposeReasons: fc.boolean(),
      scopes: fc.constantFrom([], ['a', 'b']),
      denyStatus: fc.constantFrom(new Map(), new Map(reasons.map((reason) => [reason, 418]))),
    })
    .map((changes) => cookiePolicy(changes))
  const anyClaims = fc.record({ sub: anyText(), azp: anyText(), jti: anyText(10).map((text) => `x${text}`) })

  it('that allows never sets and removes one name, and sets printable values only', () => {
    fc.assert(
      fc.property(anyPlan, anyPolicy, fc.constantFrom('bearer', 'cookie', undefined), (plan, policy, credential) => {
        const answer = answerTo(allowed({ input: inputOf(plan), policy, credential, leashMs: 7 }))
        expect(answer.allowed).toBe(true)
        const names = [...answer.options.map(({ header }) => header?.key), ...answer.removed]
        expect(new Set(names).size).toBe(names.length)
        for (const name of answer.removed) expect(name).not.toMatch(/^:|^host$/)
        for (const [name, value] of answer.headers) if (name !== 'cookie') expect(value).toMatch(/^[\x20-\x7e]+$/)
      }),
    )
  })

  it('that denies is a denial in every library, for every reason, policy, request and token', () => {
    fc.assert(
      fc.property(fc.constantFrom(...reasons), anyPlan, anyPolicy, anyClaims, (reason, plan, policy, claims) => {
        const bytes = reply(denied(reason, { policy, token: verifiedToken(claims), denylistAgeMs: 1e9 }, plan))
        const answer = readAnswer(bytes)
        expect(answer.code).toBe(row(reason).code)
        expect(answer.raw.httpResponse?.$case).toBe('deniedResponse')
        expect(decodeCheckResponse(bytes)).toMatchObject({ status: { code: row(reason).code } })
        for (const value of answer.headers.values()) expect(value).toMatch(/^[\x20-\x7e]+$/)
      }),
    )
  })
})
