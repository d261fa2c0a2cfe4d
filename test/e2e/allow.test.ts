// What an upstream gets with an allowed request: who is calling, in headers that only Postern can have set, and no
// credential that was not checked. Once with envoy/envoy.yaml, once with an Envoy that leaves all of this to Postern.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { http2 } from '../support/http-client.ts'
import { posternIssuer } from '../support/postern.ts'
import { describeWith } from '../support/tools.ts'
import type { Upstream } from '../support/upstream.ts'
import { withoutHeaderRules } from './envoys.ts'
import { openStage, partnerIssuer, type Stage } from './stage.ts'

let stage: Stage

function lastRequest(): Upstream['requests'][number] {
  const request = stage.upstream.requests.at(-1)
  if (request === undefined) throw new Error('nothing reached the upstream')
  return request
}

/** Every x-auth-* line that reached the upstream, duplicates included. */
function identity(): readonly (readonly [name: string, value: string])[] {
  return lastRequest()
    .headerLines.filter(([name]) => name.startsWith('x-auth'))
    .toSorted(([one], [other]) => one.localeCompare(other))
}

/** A client that would like to be somebody else. */
const spoofed = [
  ['x-auth-subject', 'admin'],
  ['X-Auth-Issuer', 'https://evil.example'],
  ['x-auth-token-id', 'stolen'],
  ['x-auth-client', 'trusted'],
  ['X-AUTH-USERNAME', 'admin'],
  ['x-auth-scopes', 'everything'],
  ['x-auth-task-type', 'WORKFLOW'],
  ['x-auth-subject', 'root'],
] as const

const envoys = [
  { name: 'envoy/envoy.yaml', edit: undefined },
  { name: 'an Envoy without rules for headers', edit: withoutHeaderRules },
]

describeWith('envoy', 'an allowed request', () => {
  describe.each(envoys)('through $name', ({ edit }) => {
    beforeAll(async () => {
      stage = await openStage(edit === undefined ? {} : { editEnvoy: edit })
    })
    afterAll(() => stage?.close())

    it('carries who is calling, and nothing under those names that the client sent', async () => {
      const jti = 'b1f6c9c0-7c8e-4b58-9a4d-3f0f4dd5d0b1'
      const token = stage.partner.access({ jti, azp: 'portal' })
      expect((await stage.get('/data', { token, headers: spoofed })).status).toBe(200)
      expect(identity()).toEqual([
        ['x-auth-client', 'portal'],
        ['x-auth-issuer', partnerIssuer],
        ['x-auth-scopes', 'fence openid user'],
        ['x-auth-subject', 'alice'],
        ['x-auth-token-id', jti],
        ['x-auth-username', 'alice@example.org'],
      ])
    })

    it('has no header for what the token does not say, whatever the client sent under that name', async () => {
      const token = stage.partner.access({ jti: 'bare', sub: undefined, scope: undefined, azp: '', context: {} })
      expect((await stage.get('/data', { token, headers: spoofed })).status).toBe(200)
      expect(identity()).toEqual([
        ['x-auth-issuer', partnerIssuer],
        ['x-auth-token-id', 'bare'],
      ])
    })

    it('says so where it is anonymous: it has no identity at all', async () => {
      expect((await stage.get('/open/x', { headers: spoofed })).status).toBe(200)
      expect(identity()).toEqual([])
    })

    it('keeps its identity though the client lists those headers as hop-by-hop', async () => {
      const token = await stage.mint()
      const connection = 'close, x-auth-subject, x-auth-issuer, x-auth-token-id, x-auth-username, x-auth-scopes'
      const headers = [['connection', connection], ...spoofed] as const
      expect((await stage.get('/data', { token, headers })).status).toBe(200)
      expect(Object.fromEntries(identity())).toMatchObject({
        ...{ 'x-auth-subject': 'alice', 'x-auth-issuer': posternIssuer, 'x-auth-username': 'alice@example.org' },
      })
    })

    it('has values outside printable ASCII percent-encoded, so that they arrive as they were meant', async () => {
      const token = stage.partner.access({ sub: 'zoë\r\nx-auth-scopes: all', context: { user: { name: '100 % Åsa' } } })
      expect((await stage.get('/data', { token })).status).toBe(200)
      expect(Object.fromEntries(identity())).toMatchObject({
        'x-auth-subject': 'zo%C3%AB%0D%0Ax-auth-scopes: all',
        'x-auth-username': '100 %25 %C3%85sa',
        'x-auth-scopes': 'fence openid user',
      })
    })

    it('carries the checked credential and no other', async () => {
      const token = await stage.mint()
      const other = stage.partner.access()
      const headers = { cookie: `theme=dark; access_token=${other}; lang=en`, 'txn-token': other }
      expect((await stage.get('/browser/x', { token, headers })).status).toBe(200)
      const received = lastRequest().headers
      expect(received['authorization']).toBe(`Bearer ${token}`)
      expect(received['cookie']).toBe('theme=dark; lang=en')
      expect(received).not.toHaveProperty('txn-token')
      expect(received['x-auth-issuer']).toBe(posternIssuer)
    })

    it('has its cookie gone as well where the policy knows no cookies', async () => {
      const token = await stage.mint()
      const headers = { cookie: `access_token=${stage.partner.access()}` }
      expect((await stage.get('/data', { token, headers })).status).toBe(200)
      expect(lastRequest().headers).not.toHaveProperty('cookie')
    })

    it('is known in the access log by what was decided', async () => {
      await stage.get('/data/logged?token=hidden', { token: stage.partner.access({ jti: 'logged' }) })
      expect(await stage.envoy.accessLogEntry(({ path }) => path === '/data/logged')).toMatchObject({
        ...{ status: 200, decision: 'allow', reason: 'token_valid', policy: 'default', jti: 'logged' },
      })
    })
  })

  describe('by route', () => {
    beforeAll(async () => {
      stage = await openStage({
        config: ({ policies, ...base }) => ({
          ...base,
          policies: { ...policies, workflow: { ...policies.workflow, forward_credential: false } },
        }),
      })
    })
    afterAll(() => stage?.close())

    it('with a task token: good on the route of its type, refused elsewhere', async () => {
      const apiKey = await stage.mint({ kind: 'api_key' })
      const { token } = await stage.tokenService.issue({ api_key: { api_key: apiKey, task_type: 'WORKFLOW' } })
      expect((await stage.get('/workflow/x', { token })).status).toBe(200)
      expect(lastRequest().headers).toMatchObject({ 'x-auth-task-type': 'WORKFLOW', 'x-auth-subject': 'alice' })

      for (const path of ['/data', '/browser/x', '/open/x', '/leash/x']) {
        expect((await stage.get(path, { token })).status, path).toBe(401)
        const entry = await stage.envoy.accessLogEntry((line) => line['path'] === path && line['status'] === 401)
        expect(entry['reason'], path).toBe('audience_mismatch')
      }
    })

    it('without its credential where the policy does not forward it', async () => {
      const token = await stage.mint()
      expect((await stage.get('/workflow/x', { token, headers: { cookie: 'a=b' } })).status).toBe(200)
      expect(lastRequest().headers).not.toHaveProperty('authorization')
      expect(lastRequest().headers).toMatchObject({ 'x-auth-subject': 'alice', cookie: 'a=b' })
    })

    it('over HTTP/2 as over HTTP/1.1', async () => {
      const headers = { authorization: `Bearer ${await stage.mint()}`, 'x-auth-subject': 'admin' }
      expect((await http2(stage.envoy.port, { path: '/data', headers })).status).toBe(200)
      expect(Object.fromEntries(identity())).toMatchObject({ 'x-auth-subject': 'alice' })
    })
  })
})
