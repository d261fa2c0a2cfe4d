// Check, asked by an independent client instead of an Envoy: what other proxies send, what nobody should send, and that the
// answer is a CheckResponse in every case. To an Envoy an RPC error could be an allow.
import { status } from '@grpc/grpc-js'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AuthzClient, encodeCheck } from '../support/authz-client.ts'
import { clientsOf, type Postern, posternIssuer, startPostern } from '../support/postern.ts'
import { createTokenMaker, type TokenMaker } from '../support/token-maker.ts'

let postern: Postern
let authz: AuthzClient
let own: TokenMaker
let closeClients: () => void

beforeAll(async () => {
  postern = await startPostern({
    config: ({ policies, ...base }) => ({
      ...base,
      policies: {
        ...policies,
        open: { ...policies.default, anonymous: 'allow' },
        told: { ...policies.default, expose_reasons: true },
        hidden: { ...policies.default, deny_status: { token_revoked: 404, credential_missing: 403 } },
        admin: { ...policies.default, scopes: ['admin'] },
      },
      routes: [
        { hosts: ['api.example', '*.apps.example'], methods: ['GET'], path_prefix: '/files', policy: 'default' },
        { path: '/healthz', policy: 'open' },
        { path_prefix: '/', hosts: ['admin.example'], policy: 'admin' },
      ],
    }),
  })
  ;({ authz, close: closeClients } = clientsOf(postern))
  own = createTokenMaker(posternIssuer, postern.key)
})
afterAll(async () => {
  closeClients?.()
  await postern?.close()
})

const malformed = { allowed: false, code: status.INVALID_ARGUMENT, http: 'BadRequest', reason: 'request_malformed' }

describe('bytes that are no request of ours are a denial', () => {
  it.each([
    { name: 'none at all', bytes: Buffer.alloc(0) },
    { name: 'a text', bytes: Buffer.from('GET / HTTP/1.1') },
    { name: 'a field that ends too early', bytes: Buffer.from([0x0a, 0x7f, 0x01]) },
    { name: 'a number without end', bytes: Buffer.alloc(64, 0xff) },
    { name: 'an unknown field alone', bytes: Buffer.from([0x78, 0x01]) },
    { name: 'the Check of a TCP connection', bytes: encodeCheck({ attributes: { request: { time: {} } } }) },
    { name: 'a Check without request', bytes: encodeCheck({ attributes: { context_extensions: { a: 'b' } } }) },
  ])('$name', async ({ bytes }) => {
    expect(await authz.checkBytes(bytes)).toMatchObject(malformed)
  })

  it('whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 512 }), async (bytes) => {
        expect((await authz.checkBytes(Buffer.from(bytes))).allowed).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  it('wherever a good request is cut or changed: only what it said before is ever allowed', async () => {
    const token = own.access()
    const good = encodeCheck({
      attributes: {
        request: { http: { method: 'GET', path: '/data', headers: { authorization: `Bearer ${token}` } } },
        context_extensions: { 'postern.policy': 'default' },
      },
    })
    expect((await authz.checkBytes(good)).allowed).toBe(true)
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), async (at, byte) => {
        const changed = Buffer.from(good)
        changed[at] = byte
        const answers = [await authz.checkBytes(changed), await authz.checkBytes(good.subarray(0, at))]
        for (const answer of answers) {
          if (answer.allowed) expect(answer.headers).toMatchObject({ 'x-auth-subject': 'alice' })
        }
      }),
      { numRuns: 300 },
    )
  })

  it('and a message that is too large for anybody is refused without being read', async () => {
    const huge = authz.checkBytes(Buffer.alloc(5 * 1024 * 1024))
    await expect(huge).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED })
    expect((await authz.check({ token: own.access() })).allowed).toBe(true)
  })
})

describe('headers', () => {
  const http = (more: object) => ({
    attributes: {
      request: { http: { method: 'GET', path: '/data', host: 'x', ...more } },
      context_extensions: { 'postern.policy': 'default' },
    },
  })
  const bearer = () => `Bearer ${own.access()}`
  const raw = (key: string, value: string) => ({ key, raw_value: Buffer.from(value, 'latin1') })

  it('may come as a map of texts or as a list of bytes, in any case', async () => {
    const requests = [
      http({ headers: { authorization: bearer() } }),
      http({ header_map: { headers: [raw('authorization', bearer())] } }),
      http({ header_map: { headers: [raw('Authorization', bearer())] } }),
      http({ header_map: { headers: [{ key: 'AUTHORIZATION', value: bearer() }] } }),
    ]
    for (const request of requests) expect((await authz.checkBytes(encodeCheck(request))).allowed).toBe(true)
  })

  it('of the list win entirely over those of the map', async () => {
    const both = { headers: { authorization: bearer() }, header_map: { headers: [raw('x-other', '1')] } }
    expect((await authz.checkBytes(encodeCheck(http(both)))).reason).toBe('credential_missing')
  })

  it('that come twice are refused where they are credentials', async () => {
    const twice = { header_map: { headers: [raw('authorization', bearer()), raw('Authorization', bearer())] } }
    expect((await authz.checkBytes(encodeCheck(http(twice)))).reason).toBe('credential_ambiguous')
    const joined = { headers: { authorization: `${bearer()},${bearer()}` } }
    expect((await authz.checkBytes(encodeCheck(http(joined)))).reason).toBe('credential_ambiguous')
  })

  it.each(['\0', '\xff', '\u{e9}', ','])('with %j in a credential are refused', async (odd) => {
    const answer = await authz.check({ headers: { authorization: `Bearer a${odd}b.c.d` } })
    expect(answer.reason).toBe('credential_ambiguous')
  })
})

describe('where no policy is named, routes decide', () => {
  const ask = (plan: object) => authz.check({ token: own.access(), policy: null, host: 'api.example', ...plan })

  it.each([
    { plan: { path: '/files' }, reason: 'token_valid' },
    { plan: { path: '/files/a?x=/admin' }, reason: 'token_valid' },
    { plan: { path: '/files/%61', host: 'API.Example:8443' }, reason: 'token_valid' },
    { plan: { path: '/files/a', host: 'one.apps.example' }, reason: 'token_valid' },
    { plan: { path: '/files/a', host: 'apps.example' }, reason: 'policy_unmatched' },
    { plan: { path: '/files/a', host: 'evilapps.example' }, reason: 'policy_unmatched' },
    { plan: { path: '/filesystem' }, reason: 'policy_unmatched' },
    { plan: { path: '/files/a', method: 'POST' }, reason: 'policy_unmatched' },
    { plan: { path: '/x', host: 'admin.example' }, reason: 'scope_missing' },
    { plan: { path: '/healthz', token: undefined, host: 'any' }, reason: 'anonymous' },
    { plan: { path: '/healthz/', token: undefined, host: 'any' }, reason: 'policy_unmatched' },
  ])('$plan: $reason', async ({ plan, reason }) => {
    expect((await ask(plan)).reason).toBe(reason)
  })

  it.each([
    ...['//healthz', '/./healthz', '/x/../healthz', '/%2e%2e/healthz', '/healthz%2fx', '/healthz%5cx', '/healthz\\x'],
    ...['/healthz#x', '/healthz;/..;/x', '/%252e%252e/healthz', '/healthz%00', 'healthz', '', '*', 'http://x/healthz'],
  ])('a path that can be read in two ways is malformed, never the default: %s', async (path) => {
    expect(await ask({ path, token: undefined })).toMatchObject(malformed)
  })

  it('and a name that the proxy gives wins over all of them', async () => {
    expect((await ask({ path: '/healthz', policy: 'admin' })).reason).toBe('scope_missing')
    expect((await ask({ path: '/healthz', policy: 'nonsense' })).reason).toBe('policy_unknown')
    expect((await ask({ path: '/healthz', policy: '' })).reason).toBe('policy_unknown')
  })
})

describe('what a client is told', () => {
  it('is the exact reason only where the policy says so', async () => {
    const tokens = { token: own.access({}, { header: { kid: 'nobody' } }) }
    const plain = await authz.check(tokens)
    expect(JSON.parse(plain.body)).toEqual({ error: 'invalid_token', error_description: 'The token is not valid here' })
    const told = await authz.check({ ...tokens, policy: 'told' })
    expect(JSON.parse(told.body)).toMatchObject({ error: 'invalid_token', reason: 'key_unknown' })
  })

  it('may have another status, and stays a denial', async () => {
    const { tokenService, close } = clientsOf(postern)
    const token = own.access()
    await tokenService.revoke({ token })
    close()
    const revoked = await authz.check({ token, policy: 'hidden' })
    expect(revoked).toMatchObject({ allowed: false, code: status.PERMISSION_DENIED, http: 'NotFound' })
    const missing = await authz.check({ policy: 'hidden' })
    expect(missing).toMatchObject({ allowed: false, code: status.UNAUTHENTICATED, http: 'Forbidden' })
  })

  it('never repeats what it sent', async () => {
    const hostile = '<b>"\r\nx-hostile: admin'
    const plans = [
      { headers: { authorization: hostile } },
      { path: `/${hostile}`, policy: null },
      { policy: hostile },
      { method: hostile, host: hostile },
    ]
    for (const plan of plans) {
      const answer = await authz.check(plan)
      expect(answer.allowed).toBe(false)
      expect(JSON.stringify(answer)).not.toContain('hostile')
    }
    expect(postern.output()).not.toContain('hostile')
  })
})

describe('the answer to a proxy without Envoy’s extras', () => {
  it('is the same: gRPC libraries send headers alone, neither id nor scheme nor context', async () => {
    const headers = [
      { key: 'authorization', raw_value: Buffer.from(`Bearer ${own.access()}`) },
      { key: 'content-type', raw_value: Buffer.from('application/grpc') },
    ]
    const request = { http: { path: '/files', host: 'api.example', method: 'GET', header_map: { headers } } }
    const bytes = encodeCheck({ attributes: { request } })
    expect(await authz.checkBytes(bytes)).toMatchObject({ allowed: true, headers: { 'x-auth-subject': 'alice' } })
  })

  it('comes within the deadline, also when there are very many at once', async () => {
    const tokens = Array.from({ length: 50 }, () => own.access())
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, index) => authz.check({ token: tokens[index % tokens.length] ?? '' })),
    )
    expect(answers.every(({ allowed }) => allowed)).toBe(true)
  })
})
