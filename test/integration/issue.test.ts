// Issue, by an independent client: what is minted, down to its claims; every reason for which nothing is; and the audit
// line of each. The finer rules are in the unit tests; here is what a caller sees of them.
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { audited } from '../support/audit.ts'
import { clientsOf, everyRight, type Postern, posternIssuer, startPostern } from '../support/postern.ts'
import { expectNoSecrets } from '../support/secrets.ts'
import type { IssuedToken, IssueRequest, TokenClient } from '../support/token-client.ts'
import { createTokenMaker, nowSeconds, type TokenMaker } from '../support/token-maker.ts'
import { type Claims, keyFor } from '../support/tokens.ts'
import { workload, workloadFiles, workloadJwt } from '../support/workloads.ts'

let postern: Postern
let tokenService: TokenClient
let closeClients: () => void
let own: TokenMaker

const hour = 3600
const day = 24 * hour

/** Without asking anybody whether it is good. */
function claimsOf({ token }: IssuedToken): Claims {
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  if (typeof claims !== 'object' || claims === null) throw new Error('the claims are no object')
  return { ...claims }
}

function headerOf({ token }: IssuedToken): unknown {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
}

const user = { name: 'alice@example.org', is_admin: false, projects: ['a', 'b'], quota: { files: 3 } }

function apiKey(changes: object = {}, expiresIn?: number): Promise<IssuedToken> {
  return tokenService.issue({
    subject: {
      kind: 'TOKEN_KIND_API_KEY',
      subject: 'alice',
      scopes: ['fence', 'openid', 'user', 'data'],
      user,
      ...changes,
    },
    ...(expiresIn === undefined ? {} : { expires_in: String(expiresIn) }),
  })
}

/** Whole seconds of two processes: one may have begun a second later. */
function expectLifetime({ iat, exp }: Claims, seconds: number): void {
  expect(Number(exp) - Number(iat)).toBe(seconds)
  expect(Math.abs(Number(iat) - nowSeconds())).toBeLessThanOrEqual(10)
}

beforeAll(async () => {
  postern = await startPostern({
    files: workloadFiles(),
    config: ({ callers, ...base }, place) => ({
      ...base,
      signing: {
        ...base.signing,
        tasks: {
          types: { WORKFLOW: { max_ttl: '4d' }, REPORT: {} },
          rules: [
            { types: ['WORKFLOW'], max_ttl: '2d', when: { scopes: ['user'] } },
            { types: ['REPORT'], when: { claims: [{ claim: 'context.user.is_admin', equals: true }] } },
          ],
        },
      },
      callers: [
        ...callers,
        workload('keys-only', place, { issue: { grants: ['api_key'], task_types: ['WORKFLOW'], max_ttl: '10m' } }),
        workload('minor', place, {
          issue: { grants: ['subject'], kinds: ['access'], subjects: ['service:*'], scopes: ['user'] },
        }),
        workload('greedy', place, { issue: everyRight, quota: { per_second: 0.001, burst: 2 } }),
      ],
    }),
  })
  const clients = clientsOf(postern)
  ;({ tokenService, close: closeClients } = clients)
  own = createTokenMaker(posternIssuer, postern.key)
})
afterAll(async () => {
  closeClients?.()
  await postern?.close()
})

describe('an API key', () => {
  it('is a token of its own kind, which lives as long as the configuration says', async () => {
    const key = await apiKey()
    const line = await postern.logLine(({ jti }) => jti === key.jti)
    expect(headerOf(key)).toEqual({ alg: 'ES256', kid: postern.key.kid, typ: 'JWT' })
    const claims = claimsOf(key)
    expect(claims).toEqual({
      ...{ pur: 'api_key', iss: posternIssuer, sub: 'alice', aud: ['gen3'], azp: '', jti: key.jti },
      ...{ iat: expect.any(Number), exp: Number(key.expires_at.seconds) },
      ...{ scope: ['fence', 'openid', 'user', 'data'], context: { user } },
    })
    expectLifetime(claims, 30 * day)
    expect(key.issued_token_type).toBe('urn:postern:token-type:api_key')
    expect(key.scopes).toEqual(['fence', 'openid', 'user', 'data'])
    expect(line).toMatchObject({
      ...{ level: 'info', method: 'issue', caller: 'local', grant: 'subject', kind: 'api_key' },
      ...{ jti: key.jti, sub: 'alice', expiresAt: Number(key.expires_at.seconds) },
    })
  })

  it('has no context where nothing is said of the user', async () => {
    expect(claimsOf(await apiKey({ user: undefined }))).not.toHaveProperty('context')
  })
})

describe('an access token', () => {
  it('from an API key carries its scopes, user and root', async () => {
    const key = await apiKey()
    const { iat, exp } = claimsOf(key)
    const issued = await tokenService.issue({ api_key: { api_key: key.token } })
    const claims = claimsOf(issued)
    expect(claims).toMatchObject({
      ...{ pur: 'access', iss: posternIssuer, sub: 'alice', aud: ['gen3'], azp: '', jti: issued.jti },
      scope: ['fence', 'openid', 'user', 'data'],
    })
    expect(claims['context']).toEqual({ user, api_key: { jti: key.jti, iat, exp } })
    expect(issued.issued_token_type).toBe('urn:ietf:params:oauth:token-type:access_token')
    expectLifetime(claims, hour)
    const minted = await postern.logLine(({ jti }) => jti === issued.jti)
    expect(minted).toMatchObject({ audit: true, grant: 'api_key', kind: 'access', rootJti: key.jti })
  })

  it('for a task is for that task and nothing else, with the scopes that tasks get', async () => {
    const key = await apiKey()
    const issued = await tokenService.issue({ api_key: { api_key: key.token, task_type: 'WORKFLOW' } })
    const claims = claimsOf(issued)
    expect(claims).toMatchObject({ pur: 'access', aud: ['WORKFLOW'], scope: ['fence', 'openid', 'user'] })
    expect(claims['context']).toMatchObject({ task_token_type: 'WORKFLOW', api_key: { jti: key.jti } })
    // The smaller of what access tokens and tasks of this type may have.
    expectLifetime(claims, hour)
    const long = await tokenService.issue({
      ...{ api_key: { api_key: key.token, task_type: 'WORKFLOW' }, expires_in: String(2 * day) },
    })
    expectLifetime(claimsOf(long), 2 * day)
  })

  it('for a subject carries what the caller says, and the client as one more audience', async () => {
    const issued = await tokenService.issue({
      ...{ subject: { kind: 'TOKEN_KIND_ACCESS', subject: 'bob', scopes: ['user', 'user'], client_id: 'app', user } },
      expires_in: '60',
    })
    const claims = claimsOf(issued)
    expect(claims).toMatchObject({ pur: 'access', sub: 'bob', aud: ['gen3', 'app'], azp: 'app', scope: ['user'] })
    expect(claims['context']).toEqual({ user })
    expectLifetime(claims, 60)
  })

  it.each([
    { asked: String(2 * hour), lifetime: hour },
    { asked: '9223372036854775807', lifetime: hour },
    { asked: String(hour), lifetime: hour },
    { asked: '1', lifetime: 1 },
  ])('asked for $asked s lives $lifetime s', async ({ asked, lifetime }) => {
    const subject = { kind: 'TOKEN_KIND_ACCESS', subject: 'alice' } as const
    expectLifetime(claimsOf(await tokenService.issue({ subject, expires_in: asked })), lifetime)
  })

  it('lives no longer than its caller may ask for', async () => {
    const workloadJwtOfCaller = workloadJwt('keys-only')
    const { token } = await apiKey()
    const issued = await tokenService.issue({ api_key: { api_key: token } }, { workloadJwt: workloadJwtOfCaller })
    expectLifetime(claimsOf(issued), 600)
  })
})

describe('nothing is minted', () => {
  const invalid = (reason: string) => ({ code: status.INVALID_ARGUMENT, reason })
  const denied = (reason: string) => ({ code: status.PERMISSION_DENIED, reason })
  const badKey = { code: status.UNAUTHENTICATED, reason: 'api_key_invalid', details: 'The API key is not valid' }
  const access = { kind: 'TOKEN_KIND_ACCESS', subject: 'alice' } as const

  interface Refused {
    readonly why: string
    readonly request: () => IssueRequest | Promise<IssueRequest>
    readonly failure: { readonly code: number; readonly reason: string }
    readonly caller?: string
  }
  const withKey = async (
    more: Partial<IssueRequest> = {},
    taskType = '',
    changes: object = {},
    expiresIn?: number,
  ) => ({
    api_key: { api_key: (await apiKey(changes, expiresIn)).token, task_type: taskType },
    ...more,
  })
  const withToken = (api_key: string): IssueRequest => ({ api_key: { api_key } })

  const refused: readonly Refused[] = [
    { why: 'without a grant', request: () => ({}), failure: invalid('request_invalid') },
    { why: 'without an API key', request: () => withToken(''), failure: invalid('request_invalid') },
    {
      ...{ why: 'without a kind', failure: invalid('request_invalid') },
      request: () => ({ subject: { ...access, kind: 'TOKEN_KIND_UNSPECIFIED' } }),
    },
    {
      why: 'without a subject',
      request: () => ({ subject: { ...access, subject: '' } }),
      failure: invalid('request_invalid'),
    },
    {
      ...{ why: 'for a scope with a space in it', failure: invalid('request_invalid') },
      request: () => ({ subject: { ...access, scopes: ['user admin'] } }),
    },
    {
      ...{ why: 'for a client that is called like a task', failure: invalid('request_invalid') },
      request: () => ({ subject: { ...access, client_id: 'WORKFLOW' } }),
    },
    {
      ...{ why: 'for no time', failure: invalid('expires_in_invalid') },
      request: () => ({ subject: access, expires_in: '0' }),
    },
    {
      ...{ why: 'for less than no time', failure: invalid('expires_in_invalid') },
      request: () => ({ subject: access, expires_in: '-9223372036854775808' }),
    },
    { why: 'for an unknown task', request: () => withKey({}, 'workflow'), failure: invalid('task_type_unknown') },
    {
      ...{ why: 'for a task that the scopes do not allow', failure: denied('task_type_denied') },
      request: () => withKey({}, 'WORKFLOW', { scopes: ['openid'] }),
    },
    {
      ...{ why: 'for a task longer than its rule allows', failure: denied('task_type_denied') },
      request: () => withKey({ expires_in: String(2 * day + 1) }, 'WORKFLOW'),
    },
    {
      ...{ why: 'for a task that the claims do not allow', failure: denied('task_type_denied') },
      request: () => withKey({}, 'REPORT'),
    },
    {
      ...{ why: 'that is too large', failure: invalid('token_too_large') },
      request: () => ({ subject: { ...access, user: { name: 'x'.repeat(4096) } } }),
    },
    {
      why: 'that would outlive its API key',
      request: () => withKey({}, '', {}, 60),
      failure: {
        ...{ code: status.FAILED_PRECONDITION, reason: 'api_key_expires_first' },
        ...{ details: 'Cannot issue a token that would expire after the provided API key does' },
      },
    },
    { why: 'from a text that is no key', request: () => withToken('key'), failure: badKey },
    { why: 'from an access token', request: () => withToken(own.access()), failure: badKey },
    {
      ...{ why: 'from a forged API key', failure: badKey },
      request: () =>
        withToken(own.access({ pur: 'api_key' }, { key: keyFor('ES256', 'x'), header: { kid: own.key.kid } })),
    },
    {
      ...{ why: 'from an API key that has expired', failure: badKey },
      request: () => withToken(own.access({ pur: 'api_key', iat: nowSeconds() - 9, exp: nowSeconds() - 1 })),
    },
    {
      ...{ why: 'from an API key for somebody else', failure: badKey },
      request: () => withToken(own.access({ pur: 'api_key', aud: ['other'] })),
    },
    {
      why: 'from an API key that has been revoked',
      async request() {
        const { token } = await apiKey()
        await tokenService.revoke({ token })
        return withToken(token)
      },
      failure: { code: status.UNAUTHENTICATED, reason: 'api_key_revoked' },
    },
    {
      ...{ why: 'by a caller without the grant', caller: 'keys-only', failure: denied('caller_denied') },
      request: () => ({ subject: access }),
    },
    {
      ...{ why: 'by a caller without the task', caller: 'keys-only', failure: denied('caller_denied') },
      request: () => withKey({}, 'REPORT'),
    },
    {
      ...{ why: 'by a caller without the kind', caller: 'minor', failure: denied('caller_denied') },
      request: () => ({ subject: { kind: 'TOKEN_KIND_API_KEY', subject: 'service:a' } }),
    },
    {
      ...{ why: 'by a caller without the subject', caller: 'minor', failure: denied('caller_denied') },
      request: () => ({ subject: { ...access, subject: 'alice' } }),
    },
    {
      ...{ why: 'by a caller without the scope', caller: 'minor', failure: denied('caller_denied') },
      request: () => ({ subject: { ...access, subject: 'service:a', scopes: ['user', 'admin'] } }),
    },
    {
      ...{ why: 'by a caller that may not speak of users', caller: 'minor', failure: denied('caller_denied') },
      request: () => ({ subject: { ...access, subject: 'service:a', user } }),
    },
    ...(['transaction', 'replacement', 'upstream'] as const).map((grant) => ({
      ...{ why: `for the grant ${grant}, which is not there yet` },
      ...{ request: () => ({ [grant]: {} }), failure: { code: status.UNIMPLEMENTED, reason: 'not_implemented' } },
    })),
  ]

  it.each(refused)('$why', async ({ request, failure, caller = 'local' }) => {
    const wanted = await request()
    const options = caller === 'local' ? {} : { workloadJwt: workloadJwt(caller) }
    const ask = () => tokenService.issue(wanted, options)
    const { outcome, line } = await audited(postern, ask, ({ reason }) => reason === failure.reason)
    expect(outcome).toMatchObject({ ...failure, domain: 'postern' })
    expect(line).toMatchObject({ level: 'warn', method: 'issue', reason: failure.reason, caller })
    if (outcome instanceof Error && 'raw' in outcome) expectNoSecrets('the error', String(outcome.raw))
  })

  it('past the quota of a caller', async () => {
    const ask = () => tokenService.issue({ subject: access }, { workloadJwt: workloadJwt('greedy') })
    await ask()
    await ask()
    await expect(ask()).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'quota_exceeded' })
  })

  it.each(['Enroll', 'Exchange'])('by %s, which is not there yet', async (method) => {
    await expect(tokenService.call(method, {})).rejects.toMatchObject({
      ...{ code: status.UNIMPLEMENTED, reason: 'not_implemented', domain: 'postern' },
    })
  })
})

describe('a stricter configuration', () => {
  beforeAll(() =>
    postern.restart({
      config: (base) => ({
        ...base,
        signing: {
          ...base.signing,
          ttl_policy: 'reject',
          clamp_to_api_key: true,
          api_key: { required_scopes: ['user'] },
        },
      }),
    }),
  )

  it('refuses a lifetime above the maximum instead of shortening it', async () => {
    const subject = { kind: 'TOKEN_KIND_ACCESS', subject: 'alice' } as const
    await expect(tokenService.issue({ subject, expires_in: String(hour + 1) })).rejects.toMatchObject({
      ...{ code: status.INVALID_ARGUMENT, reason: 'expires_in_exceeds_max' },
    })
    expectLifetime(claimsOf(await tokenService.issue({ subject, expires_in: String(hour) })), hour)
  })

  it('shortens a token to the life of its API key where it is told to', async () => {
    const key = await apiKey({}, 600)
    const issued = await tokenService.issue({ api_key: { api_key: key.token } })
    expect(issued.expires_at.seconds).toBe(key.expires_at.seconds)
  })

  it('wants scopes of an API key before anything is minted from it', async () => {
    const key = await apiKey({ scopes: ['openid'] })
    await expect(tokenService.issue({ api_key: { api_key: key.token } })).rejects.toMatchObject({
      reason: 'api_key_invalid',
    })
  })
})
