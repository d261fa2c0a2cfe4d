// Revoke, by an independent client: who may revoke what, what is no error although nothing happens, and what is never
// called done although it is not. Whether a revocation bites is asked of Check each time.
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { audited } from '../support/audit.ts'
import type { AuthzClient } from '../support/authz-client.ts'
import { type JwksServer, startJwksServer } from '../support/jwks-server.ts'
import { clientsOf, type Postern, posternIssuer, startPostern } from '../support/postern.ts'
import { expectNoSecrets } from '../support/secrets.ts'
import type { TokenClient } from '../support/token-client.ts'
import { createTokenMaker, nowSeconds, type TokenMaker } from '../support/token-maker.ts'
import { keyFor } from '../support/tokens.ts'
import { workload, workloadFiles, workloadJwt } from '../support/workloads.ts'

let postern: Postern
let tokenService: TokenClient
let authz: AuthzClient
let closeClients: () => void
let own: TokenMaker
let keys: JwksServer

const partner = createTokenMaker('https://partner.example', keyFor('ES256', 'partner'))
const absent = createTokenMaker('https://absent.example', keyFor('ES256', 'absent'))

beforeAll(async () => {
  keys = await startJwksServer(partner.key)
  const nobody = await startJwksServer()
  await nobody.close()
  postern = await startPostern({
    until: 'started',
    files: workloadFiles(),
    config: ({ callers, ...base }, place) => ({
      ...base,
      issuers: [
        ...base.issuers,
        { name: 'partner', issuer: partner.issuer, keys: { url: keys.url } },
        { name: 'absent', issuer: absent.issuer, keys: { url: nobody.url } },
      ],
      signing: { ...base.signing, revocable: [] },
      policies: {
        default: { issuers: ['commons', 'partner', 'absent'], audiences: ['gen3'], task_types: ['WORKFLOW'] },
      },
      callers: [
        ...callers,
        workload('portal', place, { revoke: 'on_behalf' }),
        workload('app', place, { revoke: 'own_client', client_id: 'app' }),
        workload('nameless', place, { revoke: 'own_client', client_id: 'nobody' }),
        workload('reader', place, {}),
      ],
    }),
  })
  await postern.logLine(({ msg, issuer }) => msg === 'Loaded issuer keys' && issuer === 'partner')
  const clients = clientsOf(postern)
  ;({ tokenService, authz, close: closeClients } = clients)
  own = createTokenMaker(posternIssuer, postern.key)
})
afterAll(async () => {
  closeClients?.()
  await postern?.close()
  await keys?.close()
})

const by = (caller: string) => (caller === 'local' ? {} : { workloadJwt: workloadJwt(caller) })

/** Token kinds by the claims that make them. */
const task = { aud: ['WORKFLOW'], context: { task_token_type: 'WORKFLOW' } }
const refresh = { pur: 'refresh' }
const session = { pur: 'session' }

const denied = (reason: string) => ({ code: status.PERMISSION_DENIED, reason })
const invalid = (reason: string) => ({ code: status.INVALID_ARGUMENT, reason })
const badRevoker = { code: status.UNAUTHENTICATED, reason: 'revoker_invalid' }

const isGood = async (token: string): Promise<boolean> => (await authz.check({ token })).allowed

interface Recorded {
  readonly what: string
  readonly caller: string
  readonly make: () => string
  readonly revoker?: () => string
}

describe('a revocation is recorded', () => {
  const cases: readonly Recorded[] = [
    { what: 'any token that may be revoked', caller: 'local', make: () => own.access(task) },
    { what: 'a token of its client', caller: 'app', make: () => own.access({ ...task, azp: 'app' }) },
    { what: 'a token of another issuer', caller: 'local', make: () => partner.access(task) },
    {
      what: 'a token of the user who asks',
      caller: 'portal',
      make: () => own.access(task),
      revoker: () => own.access(),
    },
    {
      what: 'a token of the user who asks with an API key',
      caller: 'portal',
      make: () => own.access(task),
      revoker: () => own.access({ pur: 'api_key' }),
    },
  ]
  it.each(cases)('of $what, by the caller $caller', async ({ caller, make, revoker }) => {
    const token = make()
    expect(await isGood(token)).toBe(true)
    const request = { token, ...(revoker === undefined ? {} : { revoker_token: revoker() }) }
    const { outcome, line } = await audited(postern, () => tokenService.revoke(request, by(caller)))
    expect(outcome).toMatchObject({ revision: expect.stringMatching(/./) })
    expect(line).toMatchObject({
      level: 'info',
      method: 'revoke',
      caller,
      outcome: 'recorded',
      kind: 'task',
      sub: 'alice',
    })
    expect(await isGood(token)).toBe(false)
  })

  it('of an access token that revokes itself, although its kind is not revocable (logout)', async () => {
    const token = own.access()
    await tokenService.revoke({ token, revoker_token: token }, by('portal'))
    expect(await isGood(token)).toBe(false)
  })

  it.each([
    { kind: 'refresh', claims: refresh },
    { kind: 'session', claims: session },
    { kind: 'api_key', claims: { pur: 'api_key' } },
    { kind: 'upstream', claims: { pur: 'upstream' } },
  ])('of a token of the kind $kind, which no Check accepts anyway', async ({ kind, claims }) => {
    const { line } = await audited(postern, () => tokenService.revoke({ token: own.access(claims) }))
    expect(line).toMatchObject({ outcome: 'recorded', kind })
  })

  it('of an id, without the token', async () => {
    const token = own.access({ jti: 'by-id' })
    const { outcome } = await audited(postern, () => tokenService.revoke({ jti: 'by-id', issuer: posternIssuer }))
    expect(outcome).toMatchObject({ revision: expect.stringMatching(/./) })
    expect(await isGood(token)).toBe(false)
  })

  it('of a token that has just expired, since a clock may be behind', async () => {
    const token = own.access({ ...task, iat: nowSeconds() - 60, exp: nowSeconds() - 2 })
    const { line } = await audited(postern, () => tokenService.revoke({ token }))
    expect(line).toMatchObject({ outcome: 'recorded' })
  })

  it('whatever the hint says, and as often as it is asked for', async () => {
    const token = own.access(task)
    for (const token_type_hint of ['', 'refresh_token', 'nonsense', 'access_token']) {
      const { revision } = await tokenService.revoke({ token, token_type_hint })
      expect(revision).not.toBe('')
    }
    expect(await isGood(token)).toBe(false)
  })

  it('with the number of mirrors that have it, where the caller waits for them', async () => {
    const answer = await tokenService.revoke({ token: own.access(task), wait_until_applied: true })
    expect(answer).toMatchObject({ sidecars_applied: 1, sidecars_known: 1 })
  })
})

describe('a revocation of nothing is no error, and says so by an empty revision:', () => {
  it.each([
    { what: 'a text that is no token', make: () => 'nonsense', outcome: 'credential_malformed' },
    { what: 'a text that is too long', make: () => 'x'.repeat(9000), outcome: 'token_too_large' },
    { what: 'an issuer that nobody knows', make: () => own.access({ iss: 'https://x' }), outcome: 'issuer_unknown' },
    { what: 'an unknown key', make: () => own.access({}, { header: { kid: 'x' } }), outcome: 'key_unknown' },
    {
      ...{ what: 'a forged signature', outcome: 'signature_invalid' },
      make: () => own.access({}, { key: keyFor('ES256', 'x'), header: { kid: own.key.kid } }),
    },
    {
      ...{ what: 'a token that expired long ago', outcome: 'token_expired' },
      make: () => own.access({ ...task, iat: nowSeconds() - 7200, exp: nowSeconds() - 3600 }),
    },
  ])('$what', async ({ make, outcome: said }) => {
    const token = make()
    const { outcome, line } = await audited(postern, () => tokenService.revoke({ token }))
    expect(outcome).toEqual({ revision: '', sidecars_applied: 0, sidecars_known: 0 })
    expect(line).toMatchObject({ level: 'info', method: 'revoke', caller: 'local', outcome: said, revision: '' })
  })

  it('an id of an issuer that nobody knows', async () => {
    expect(await tokenService.revoke({ jti: 'x', issuer: 'https://x' })).toMatchObject({ revision: '' })
  })

  it('which tells a caller without any right nothing', async () => {
    await expect(tokenService.revoke({ token: 'nonsense' }, by('reader'))).rejects.toMatchObject(
      denied('caller_denied'),
    )
  })
})

describe('a revocation is refused', () => {
  interface Refused {
    readonly why: string
    readonly caller: string
    readonly request: () => Parameters<TokenClient['revoke']>[0] | Promise<Parameters<TokenClient['revoke']>[0]>
    readonly failure: { readonly code: number; readonly reason: string }
  }
  const target = () => ({ token: own.access(task) })
  const mine = (revoker: string) => ({ ...target(), revoker_token: revoker })

  const cases: readonly Refused[] = [
    { why: 'to a caller without a right', caller: 'reader', request: target, failure: denied('caller_denied') },
    { why: 'of no token', caller: 'local', request: () => ({}), failure: invalid('request_invalid') },
    {
      ...{ why: 'of a token and an id', caller: 'local', failure: invalid('request_invalid') },
      request: () => ({ ...target(), jti: 'x', issuer: posternIssuer }),
    },
    {
      ...{ why: 'of an id without its issuer', caller: 'local', failure: invalid('request_invalid') },
      request: () => ({ jti: 'x' }),
    },
    {
      ...{ why: 'of an id with a line break', caller: 'local', failure: invalid('request_invalid') },
      request: () => ({ jti: 'a\nb', issuer: posternIssuer }),
    },
    {
      ...{ why: 'of an id, to a caller who may not revoke any', caller: 'portal', failure: denied('caller_denied') },
      request: () => ({ jti: 'x', issuer: posternIssuer }),
    },
    {
      ...{ why: 'of an access token, which ends soon', caller: 'local', failure: invalid('not_revocable') },
      request: () => ({ token: own.access() }),
    },
    {
      ...{ why: 'of an ID token, which opens nothing', caller: 'local', failure: invalid('not_revocable') },
      request: () => ({ token: own.access({ pur: 'id' }) }),
    },
    {
      ...{ why: 'of a token of another client', caller: 'app', failure: denied('not_owner') },
      request: () => ({ token: own.access({ ...task, azp: 'other' }) }),
    },
    {
      ...{ why: 'of a token of no client', caller: 'nameless', failure: denied('not_owner') },
      request: () => ({ token: own.access({ ...task, azp: '' }) }),
    },
    { why: 'on behalf of nobody', caller: 'portal', request: target, failure: invalid('request_invalid') },
    {
      ...{ why: 'on behalf of another user', caller: 'portal', failure: denied('not_owner') },
      request: () => mine(own.access({ sub: 'bob' })),
    },
    {
      ...{ why: 'on behalf of a user of that name elsewhere', caller: 'portal', failure: denied('not_owner') },
      request: () => mine(partner.access()),
    },
    {
      ...{ why: 'on behalf of the holder of a task token', caller: 'portal', failure: badRevoker },
      request: () => mine(own.access({ ...task, aud: ['gen3', 'WORKFLOW'] })),
    },
    {
      ...{ why: 'on behalf of the holder of a refresh token', caller: 'portal', failure: badRevoker },
      request: () => mine(own.access(refresh)),
    },
    {
      ...{ why: 'on behalf of the holder of an expired token', caller: 'portal', failure: badRevoker },
      request: () => mine(own.access({ iat: nowSeconds() - 60, exp: nowSeconds() - 1 })),
    },
    {
      ...{ why: 'on behalf of the holder of a token for another audience', caller: 'portal', failure: badRevoker },
      request: () => mine(own.access({ aud: ['other'] })),
    },
    {
      ...{ why: 'on behalf of the holder of a forged token', caller: 'portal', failure: badRevoker },
      request: () => mine(own.access({}, { key: keyFor('ES256', 'x'), header: { kid: own.key.kid } })),
    },
    {
      ...{ why: 'on behalf of the holder of a revoked token', caller: 'portal', failure: badRevoker },
      async request() {
        const revoker = own.access()
        await tokenService.revoke({ token: revoker, revoker_token: revoker })
        return mine(revoker)
      },
    },
  ]

  it.each(cases)('$why', async ({ caller, request, failure }) => {
    const wanted = await request()
    const ask = () => tokenService.revoke(wanted, by(caller))
    const { outcome, line } = await audited(postern, ask, ({ reason }) => reason === failure.reason)
    expect(outcome).toMatchObject({ ...failure, domain: 'postern' })
    expect(line).toMatchObject({ level: 'warn', method: 'revoke', caller })
    if (outcome instanceof Error && 'raw' in outcome) expectNoSecrets('the error', String(outcome.raw))
    // An ID token is good nowhere to begin with.
    if (wanted.token !== undefined && line['detail'] !== 'id') expect(await isGood(wanted.token)).toBe(true)
  })

  it('as not done, never as done, where the keys of the issuer cannot be had', async () => {
    await expect(tokenService.revoke({ token: absent.access(task) })).rejects.toMatchObject({
      ...{ code: status.UNAVAILABLE, reason: 'keys_unavailable', domain: 'postern' },
    })
  })
})

it('nothing that was printed holds a part of any token or key that was used here', () => {
  expect(postern.output()).toMatch(/Revoked a token/)
  expectNoSecrets('the output of Postern', postern.output())
  // And it would be noticed.
  const leak = own.access().slice(-40)
  expect(() => expectNoSecrets('a text', `token=${leak}`)).toThrow('a text holds a part of a token or key')
})
