// Every reason for a denial, through a real Envoy: the exact status, challenge and body that the client gets, and the
// reason that Envoy's access log shows. What is expected is written here by hand, not taken from the table in src/.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DenialReason, denials } from '../../src/check/denials.ts'
import type { HttpAnswer, HttpRequest } from '../support/http-client.ts'
import { type JwksServer, startJwksServer } from '../support/jwks-server.ts'
import { freePort } from '../support/ports.ts'
import { clientsOf, posternIssuer } from '../support/postern.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { rememberSecret } from '../support/secrets.ts'
import { createTokenMaker, nowSeconds, type TokenMaker } from '../support/token-maker.ts'
import { hmacCompact, keyFor } from '../support/tokens.ts'
import { describeWith } from '../support/tools.ts'
import { withoutPolicies } from './envoys.ts'
import { openStage, partnerIssuer, type Stage } from './stage.ts'

let stage: Stage

interface Expected {
  readonly status: number
  readonly error: string
  readonly text: string
  /** The whole WWW-Authenticate header. */
  readonly challenge?: string
  readonly retryAfter?: string
}

const challengeWith = (error: string, text: string): string =>
  `Bearer realm="postern", error="${error}", error_description="${text}"`

const malformed: Expected = { status: 400, error: 'invalid_request', text: 'The request could not be read' }
const noPolicy: Expected = { status: 403, error: 'access_denied', text: 'No policy applies to this request' }
const missing: Expected = {
  ...{ status: 401, error: 'unauthorized', text: 'A bearer token is required' },
  challenge: 'Bearer realm="postern"',
}
const unreadable: Expected = {
  ...{ status: 401, error: 'invalid_request', text: 'The credential could not be read' },
  challenge: challengeWith('invalid_request', 'The credential could not be read'),
}
const csrf: Expected = { status: 403, error: 'access_denied', text: 'Failed CSRF check' }
const invalid: Expected = {
  ...{ status: 401, error: 'invalid_token', text: 'The token is not valid here' },
  challenge: challengeWith('invalid_token', 'The token is not valid here'),
}
const revoked: Expected = { status: 403, error: 'access_denied', text: 'Token is denylisted' }
const insufficient: Expected = {
  ...{ status: 403, error: 'insufficient_scope', text: 'The token does not allow this' },
  challenge: challengeWith('insufficient_scope', 'The token does not allow this'),
}
const ourTrouble: Expected = {
  ...{ status: 503, error: 'temporarily_unavailable', text: 'Authorization is temporarily unavailable' },
  retryAfter: '1',
}

interface Row {
  readonly expected: Expected
  readonly path?: string
  /** Given a token, it is sent as a bearer token. */
  readonly request: () => Promise<Request> | Request
}

type Request = HttpRequest & { readonly token?: string }

type Rows = Readonly<Partial<Record<DenialReason, Row>>>

const withToken = (expected: Expected, token: () => string | Promise<string>, path = '/data'): Row => ({
  ...{ expected, path },
  request: async () => ({ token: await token() }),
})

/** One request of each reason, and everything that it shows to the client and to the operator. */
function proveEach(rows: Rows): void {
  it.each(Object.entries(rows))('%s', async (reason, { expected, path = '/data', request }) => {
    const before = stage.upstream.requests.length
    const place = `${path}/${reason}`
    await expectDenial(await stage.get(place, await request()), expected)
    expect(stage.upstream.requests.length).toBe(before)
    expect(await stage.envoy.accessLogEntry((entry) => entry['path'] === place)).toMatchObject({
      ...{ status: expected.status, details: 'ext_authz_denied', decision: 'deny', reason },
    })
  })
}

async function expectDenial(answer: HttpAnswer, expected: Expected): Promise<void> {
  const { status, error, text, challenge, retryAfter } = expected
  expect(answer.status).toBe(status)
  expect(answer.json()).toEqual({ error, error_description: text })
  expect(answer.headers['content-type']).toBe('application/json')
  expect(answer.headers['cache-control']).toBe('no-store')
  expect(answer.headers['www-authenticate']).toBe(challenge)
  expect(answer.headers['retry-after']).toBe(retryAfter)
}

const forgedByOwner = (claims: object, header: object = {}) =>
  stage.own.access({ ...claims }, { header: { ...header } })

let slowKeys: JwksServer
let slow: TokenMaker
let absent: TokenMaker

const requestsOfOneKind: Rows = {
  credential_missing: { expected: missing, request: () => ({}) },
  credential_ambiguous: {
    expected: unreadable,
    request: async () => ({ token: await stage.mint(), headers: [['authorization', `Bearer ${await stage.mint()}`]] }),
  },
  credential_malformed: {
    expected: unreadable,
    request: () => ({ headers: { authorization: 'Basic YWxpY2U6c2VjcmV0' } }),
  },
  token_too_large: withToken(unreadable, () => forgedByOwner({ filler: 'x'.repeat(8192) })),
  csrf_failed: {
    ...{ expected: csrf, path: '/browser' },
    request: async () => ({ method: 'POST', headers: { cookie: `access_token=${await stage.mint()}` }, body: 'x' }),
  },
  issuer_unknown: withToken(invalid, () => forgedByOwner({ iss: 'https://elsewhere.example' })),
  algorithm_refused: withToken(invalid, () => {
    const { key } = stage.own
    const secret = key.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const claims = { iss: posternIssuer, aud: ['gen3'], pur: 'access', exp: nowSeconds() + 60, iat: nowSeconds() }
    return rememberSecret(hmacCompact({ alg: 'HS256', kid: key.kid, typ: 'JWT' }, claims, secret))
  }),
  key_unknown: withToken(invalid, () => forgedByOwner({}, { kid: 'nobody' })),
  signature_invalid: withToken(invalid, () =>
    stage.own.access({}, { key: keyFor('ES256', 'thief'), header: { kid: stage.own.key.kid } }),
  ),
  type_refused: withToken(invalid, () => forgedByOwner({}, { typ: 'txntoken+jwt' })),
  claims_invalid: withToken(invalid, () => forgedByOwner({ exp: undefined })),
  token_expired: withToken(invalid, () => forgedByOwner({ iat: nowSeconds() - 60, exp: nowSeconds() })),
  token_not_yet_valid: withToken(invalid, () => forgedByOwner({ nbf: nowSeconds() + 300 })),
  lifetime_exceeded: withToken(invalid, () => forgedByOwner({ exp: nowSeconds() + 31 * 24 * 3600 })),
  purpose_refused: withToken(invalid, () => stage.mint({ kind: 'api_key' })),
  audience_mismatch: withToken(invalid, async () => {
    const apiKey = await stage.mint({ kind: 'api_key' })
    return (await stage.tokenService.issue({ api_key: { api_key: apiKey, task_type: 'WORKFLOW' } })).token
  }),
  api_key_bound_exceeded: withToken(invalid, () => {
    const [iat, exp] = [nowSeconds(), nowSeconds() + 60]
    return forgedByOwner({ exp: exp + 1, context: { api_key: { jti: 'root', iat, exp } } })
  }),
  token_revoked: withToken(revoked, async () => {
    const token = await stage.mint()
    await stage.tokenService.revoke({ token })
    return token
  }),
  api_key_revoked: withToken(revoked, async () => {
    const apiKey = await stage.mint({ kind: 'api_key' })
    const { token } = await stage.tokenService.issue({ api_key: { api_key: apiKey } })
    await stage.tokenService.revoke({ token: apiKey })
    return token
  }),
  scope_missing: withToken(
    { ...insufficient, challenge: `${insufficient.challenge}, scope="admin audit"` },
    () => stage.mint({ scopes: ['admin'] }),
    '/workflow',
  ),
  claim_refused: withToken(insufficient, () => stage.mint(), '/open'),
  policy_unknown: withToken(noPolicy, () => stage.mint(), '/leash'),
  keys_unavailable: withToken(ourTrouble, () => absent.access()),
  deadline_exceeded: withToken(ourTrouble, () => slow.access({}, { header: { kid: 'not-yet-published' } })),
}

const withRoutes: Rows = {
  // Escaped twice: Envoy's normalisation leaves it alone, and the next hop may not.
  request_malformed: { expected: malformed, path: '/data/%252e%252e', request: () => ({}) },
  policy_unmatched: { expected: noPolicy, path: '/elsewhere', request: () => ({}) },
}

const inTrouble: Rows = {
  denylist_unavailable: withToken(ourTrouble, () => stage.own.access()),
  overloaded: withToken(ourTrouble, async () => {
    // Held for seconds by an unknown key, past Envoy's patience; meanwhile there is no room for another.
    const asked = slowKeys.asked
    const { authz, close } = clientsOf(stage.postern)
    const held = authz.check({ token: slow.access({}, { header: { kid: 'not-yet-published' } }) })
    held.catch(() => {}).finally(close)
    await expect.poll(() => slowKeys.asked, { timeout: 10_000 }).toBeGreaterThan(asked)
    return stage.own.access()
  }),
}

let redis: RedisServer

/** As docs/redis.md describes the keys; what only RevokeAll will write is written by hand. */
async function putOnDenylist(space: 'revoked' | 'not_before', dimension: string, id: string, score: number | '+inf') {
  const name = JSON.stringify([dimension, partnerIssuer, id])
  const member = createHash('sha256').update(name).digest().subarray(0, 16)
  await redis.send('ZADD', `{postern}:${space}`, score, member)
}

const byDimension: Rows = {
  subject_revoked: withToken(revoked, () => stage.partner.access({ sub: 'mallory', iat: nowSeconds() - 60 })),
  client_revoked: withToken(revoked, () => stage.partner.access({ azp: 'lost-client', iat: nowSeconds() - 60 })),
  key_revoked: withToken(revoked, () => stage.partner.access({}, { key: keyFor('ES256', 'partner-lost') })),
  transaction_revoked: withToken(revoked, () => stage.partner.access({ txn: 'halted' })),
}

/** Nothing that can be sent to this version leads to these. */
const unreachable: readonly DenialReason[] = [
  // There are no upstream identities in this version.
  'upstream_refused',
  'upstream_unavailable',
  // A fault of the program. That one is a denial is shown where it can be caused (unit tests of server/authorization).
  'internal_error',
]

describe('the denial table', () => {
  it('is covered here: every reason has a request that causes it, or an explanation why none can', () => {
    const covered = [requestsOfOneKind, withRoutes, inTrouble, byDimension].flatMap((rows) => Object.keys(rows))
    expect([...covered, ...unreachable].toSorted()).toEqual(Object.keys(denials).toSorted())
  })
})

/** Issuers whose keys come over HTTP: one whose endpoint stops answering, one that never had one. */
async function issuersByUrl() {
  slowKeys = await startJwksServer(keyFor('ES256', 'slow'))
  const nobody = `http://127.0.0.1:${await freePort()}/jwks.json`
  slow = createTokenMaker('https://slow.example', keyFor('ES256', 'slow'))
  absent = createTokenMaker('https://absent.example', keyFor('ES256', 'absent'))
  return [
    { name: 'slow', issuer: slow.issuer, keys: { url: slowKeys.url } },
    { name: 'absent', issuer: absent.issuer, keys: { url: nobody } },
  ]
}

describeWith('envoy', 'a denial of its own kind is answered to the client, and told to the operator:', () => {
  beforeAll(async () => {
    const remote = await issuersByUrl()
    stage = await openStage({
      until: 'started',
      config({ policies, ...base }) {
        const everybody = { ...policies.default, issuers: ['commons', 'partner', 'slow', 'absent'] }
        return {
          ...base,
          issuers: [...base.issuers, ...remote],
          policies: {
            default: everybody,
            browser: policies.browser,
            workflow: { ...policies.default, scopes: ['admin', 'audit'] },
            open: { ...policies.open, claims: [{ claim: 'context.user.is_admin', equals: true }] },
          },
        }
      },
    })
    await stage.postern.logLine(({ msg, issuer }) => msg === 'Loaded issuer keys' && issuer === 'slow')
    slowKeys.behaviour = 'hang'
  })
  afterAll(async () => {
    await stage?.close()
    await slowKeys?.close()
  })

  proveEach(requestsOfOneKind)
})

describeWith('envoy', 'a denial of routes, where Envoy names no policy:', () => {
  beforeAll(async () => {
    stage = await openStage({
      config: (base) => ({ ...base, routes: [{ path_prefix: '/data', policy: 'default' }] }),
      editEnvoy: withoutPolicies,
    })
  })
  afterAll(() => stage?.close())

  proveEach(withRoutes)

  it('does not keep its routes from admitting what they match', async () => {
    const token = await stage.mint()
    expect((await stage.get('/data/x?path=/elsewhere', { token })).status).toBe(200)
    expect((await stage.get('/database', { token })).status).toBe(403)
  })
})

describeWith('envoy', 'a denial of a Postern in trouble:', () => {
  beforeAll(async () => {
    const remote = await issuersByUrl()
    const nobody = `redis://127.0.0.1:${await freePort()}`
    stage = await openStage({
      until: 'started',
      config: ({ policies, ...base }) => ({
        ...base,
        issuers: [...base.issuers, ...remote],
        denylist: { store: 'redis', redis: { url: nobody } },
        policies: { ...policies, default: { ...policies.default, issuers: ['commons', 'slow'] } },
        limits: { concurrent_checks: 1, check_timeout: '30s' },
      }),
    })
    await stage.postern.logLine(({ msg, issuer }) => msg === 'Loaded issuer keys' && issuer === 'slow')
    slowKeys.behaviour = 'hang'
  })
  afterAll(async () => {
    await stage?.close()
    await slowKeys?.close()
  })

  proveEach(inTrouble)
})

describeWith(['envoy', 'redis'], 'a denial by everything that a revocation can name:', () => {
  beforeAll(async () => {
    redis = await startRedis()
    stage = await openStage({
      config: (base) => ({ ...base, denylist: { store: 'redis', redis: { url: redis.url }, recovery_window: '0s' } }),
      partnerKeys: ['partner-lost'],
    })
    await stage.postern.stop()
    const now = nowSeconds()
    await putOnDenylist('not_before', 'subject', 'mallory', now)
    await putOnDenylist('not_before', 'client_id', 'lost-client', now)
    await putOnDenylist('revoked', 'key_id', keyFor('ES256', 'partner-lost').kid, '+inf')
    await putOnDenylist('revoked', 'transaction', 'halted', now + 3600)
    await stage.postern.restart()
  })
  afterAll(async () => {
    await stage?.close()
    await redis?.close()
  })

  proveEach(byDimension)

  it('says so in the log, with the token id and never the token', async () => {
    const token = stage.partner.access({ jti: 'seen', sub: 'mallory', azp: 'portal', iat: nowSeconds() - 60 })
    expect((await stage.get('/data', { token })).status).toBe(403)
    expect(await stage.postern.logLine((line) => line['jti'] === 'seen')).toMatchObject({
      ...{ level: 'warn', msg: 'Blocking attempt to use a denylisted token', reason: 'subject_revoked' },
      ...{ azp: 'portal', sub: 'mallory', username: 'alice@example.org', policy: 'default' },
    })
  })

  it('lets the same subject and client in with tokens issued later', async () => {
    const later = { iat: nowSeconds() + 1, sub: 'mallory', azp: 'lost-client' }
    expect((await stage.get('/data', { token: stage.partner.access(later) })).status).toBe(200)
  })
})
