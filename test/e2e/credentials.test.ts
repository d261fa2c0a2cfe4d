// Which credential counts, and what a client cannot do by presenting several, odd ones or none: headers, cookies with
// their CSRF protection, preflights, anonymous routes. All of it through a real Envoy, which may change what it passes on.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sendRaw } from '../support/http-client.ts'
import { openWebSocket } from '../support/http-streams.ts'
import { sendHttp2 } from '../support/raw-http2.ts'
import { describeWith } from '../support/tools.ts'
import type { Upstream } from '../support/upstream.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage
let token: string
let arrivedBefore: number

function arrived(): Upstream['requests'] {
  return stage.upstream.requests.slice(arrivedBefore)
}

function lastRequest(): Upstream['requests'][number] {
  const request = arrived().at(-1)
  if (request === undefined) throw new Error('nothing reached the upstream')
  return request
}

/** What Envoy's access log says of the only request to this path. */
async function outcomeOf(path: string) {
  const { status, reason } = await stage.envoy.accessLogEntry((entry) => entry['path'] === path)
  return { status, reason }
}

const origin = 'https://portal.example'

describeWith('envoy', 'credentials', () => {
  beforeAll(async () => {
    stage = await openStage({
      config: ({ policies, ...base }) => ({
        ...base,
        policies: {
          ...policies,
          browser: { ...policies.browser, cookie: { name: 'access_token', origins: [origin] } },
        },
      }),
    })
    token = await stage.mint()
  })
  afterAll(() => stage?.close())
  beforeEach(() => {
    arrivedBefore = stage.upstream.requests.length
  })

  describe('more than one', () => {
    it('in Authorization is refused over HTTP/1.1, also when both are good', async () => {
      const lines = ['host: x', 'connection: close', `authorization: Bearer ${token}`, `Authorization: Bearer ${token}`]
      const answer = await sendRaw(stage.envoy.port, `GET /twice/1 HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
      expect(answer).toMatch(/^HTTP\/1\.1 401 /)
      expect(await outcomeOf('/twice/1')).toEqual({ status: 401, reason: 'credential_ambiguous' })
      expect(arrived()).toEqual([])
    })

    it('in Authorization is refused over HTTP/2, also when both are good', async () => {
      await sendHttp2(stage.envoy.port, [
        [':method', 'GET'],
        [':scheme', 'http'],
        [':authority', 'app.example'],
        [':path', '/twice/2'],
        ['authorization', `Bearer ${token}`],
        ['authorization', `Bearer ${token}`],
      ])
      expect(await outcomeOf('/twice/2')).toEqual({ status: 401, reason: 'credential_ambiguous' })
      expect(arrived()).toEqual([])
    })

    it('cookie of the name is refused', async () => {
      const cookie = `access_token=${token}; access_token=${token}`
      expect((await stage.get('/browser/twice', { headers: { cookie } })).status).toBe(401)
      expect(await outcomeOf('/browser/twice')).toMatchObject({ reason: 'credential_ambiguous' })
    })

    it.each(['HTTP/1.1', 'HTTP/2'])('cookie line of the name is refused (%s)', async (protocol) => {
      const path = `/browser/lines-${protocol === 'HTTP/2' ? 2 : 1}`
      const cookies = [`access_token=${token}`, `access_token=${stage.partner.access()}`] as const
      if (protocol === 'HTTP/2') {
        await sendHttp2(stage.envoy.port, [
          ...([
            [':method', 'GET'],
            [':scheme', 'http'],
            [':authority', 'app.example'],
            [':path', path],
          ] as const),
          ...cookies.map((cookie) => ['cookie', cookie] as const),
        ])
      } else await stage.get(path, { headers: cookies.map((cookie) => ['cookie', cookie] as const) })
      expect((await outcomeOf(path)).status).toBe(401)
      expect(arrived()).toEqual([])
    })
  })

  describe('bytes that are no text', () => {
    it('in any other header change nothing: the request is judged by its token', async () => {
      const lines = ['host: x', 'connection: close', 'x-name: caf\xe9 \xff', `authorization: Bearer ${token}`]
      const answer = await sendRaw(stage.envoy.port, `GET /bytes/other HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
      expect(answer).toMatch(/^HTTP\/1\.1 200 /)
      expect(lastRequest().headers['x-auth-subject']).toBe('alice')
    })

    it.each([
      { name: 'in Authorization', line: 'authorization: Bearer caf\xe9.\xff.x', path: '/open/bytes', status: 401 },
      { name: 'in the cookie', line: 'cookie: access_token=\xff\xfe', path: '/browser/bytes', status: 401 },
      { name: 'in a header of a request without credential', line: 'x-name: \xff', path: '/bytes/none', status: 401 },
    ])('$name are a denial, not an error', async ({ line, path, status }) => {
      const lines = ['host: x', 'connection: close', line].join('\r\n')
      expect(await sendRaw(stage.envoy.port, `GET ${path} HTTP/1.1\r\n${lines}\r\n\r\n`)).toContain(
        `HTTP/1.1 ${status} `,
      )
      expect(await stage.envoy.accessLogEntry((entry) => entry['path'] === path)).toMatchObject({
        details: 'ext_authz_denied',
      })
      expect(arrived()).toEqual([])
    })
  })

  describe('a header and a cookie', () => {
    it('the header counts, and the cookie does not reach the upstream', async () => {
      const cookie = `access_token=${stage.partner.access({ sub: 'bob' })}; theme=dark`
      expect((await stage.get('/browser/both', { token, headers: { cookie } })).status).toBe(200)
      expect(lastRequest().headers).toMatchObject({ 'x-auth-subject': 'alice', cookie: 'theme=dark' })
    })

    it('a bad header is not made good by a good cookie', async () => {
      const cookie = `access_token=${token}`
      const answer = await stage.get('/browser/bad', { headers: { cookie, authorization: 'Bearer bad' } })
      expect(answer.status).toBe(401)
      expect(arrived()).toEqual([])
    })

    it.each(['', ' ', 'Bearer', 'Bearer ', 'bearer  two', 'Token x', 'Bearer a.b.c d'])(
      'an Authorization of "%s" does not leave the word to the cookie',
      async (authorization) => {
        const headers = { cookie: `access_token=${token}`, authorization }
        expect((await stage.get('/browser/odd', { headers })).status).toBe(401)
        expect(arrived()).toEqual([])
      },
    )

    it('the scheme is read in any case', async () => {
      const answer = await stage.get('/data', { headers: { authorization: `bEaReR ${token}` } })
      expect(answer.status).toBe(200)
    })
  })

  describe('a cookie', () => {
    const cookieOf = (more = '') => `access_token=${token}${more}`

    it('is a credential where the policy says so, and nowhere else', async () => {
      expect((await stage.get('/browser/cookie', { headers: { cookie: cookieOf() } })).status).toBe(200)
      expect(lastRequest().headers).toMatchObject({ 'x-auth-subject': 'alice', cookie: cookieOf() })
      expect((await stage.get('/data/cookie', { headers: { cookie: cookieOf() } })).status).toBe(401)
      expect(await outcomeOf('/data/cookie')).toMatchObject({ reason: 'credential_missing' })
    })

    const matching = { cookie: '; csrftoken=0123456789', header: '0123456789' }
    const csrf = [
      { method: 'POST', status: 200, why: 'with the CSRF token in header and cookie', ...matching },
      { method: 'DELETE', status: 200, why: 'with the CSRF token in header and cookie', ...matching },
      { method: 'POST', status: 403, why: 'without either', cookie: '', header: undefined },
      { method: 'POST', status: 403, why: 'with the cookie alone', cookie: matching.cookie, header: undefined },
      { method: 'POST', status: 403, why: 'with the header alone', cookie: '', header: matching.header },
      { method: 'POST', status: 403, why: 'with another value', cookie: matching.cookie, header: '0123456780' },
      { method: 'PUT', status: 403, why: 'with the value in another case', cookie: '; csrftoken=abcD', header: 'abcd' },
      { method: 'PATCH', status: 403, why: 'with empty values', cookie: '; csrftoken=', header: '' },
      { method: 'HEAD', status: 200, why: 'without either', cookie: '', header: undefined },
    ]
    it.each(csrf)('with $method is answered $status $why', async ({ method, status, cookie, header }) => {
      const headers = { cookie: cookieOf(cookie), ...(header === undefined ? {} : { 'x-csrf-token': header }) }
      expect((await stage.get('/browser/csrf', { method, headers })).status).toBe(status)
      expect(arrived()).toHaveLength(status === 200 ? 1 : 0)
    })

    it.each([
      { from: origin, status: 200 },
      { from: 'https://evil.example', status: 403 },
      { from: `${origin}.evil.example`, status: 403 },
      { from: 'null', status: 403 },
    ])('with POST from $from is answered $status', async ({ from, status }) => {
      const headers = { cookie: cookieOf(), origin: from }
      expect((await stage.get('/browser/origin', { method: 'POST', headers })).status).toBe(status)
    })

    it('opens no WebSocket for another site', async () => {
      const ask = (from: string) =>
        openWebSocket(stage.envoy.port, { path: '/browser/socket', headers: { cookie: cookieOf(), origin: from } })
      expect(await ask('https://evil.example')).toMatchObject({ refused: { status: 403 } })
      const outcome = await ask(origin)
      if (!('tunnel' in outcome)) throw new Error(`refused with ${outcome.refused.status}`)
      outcome.tunnel.close()
    })
  })

  describe('none', () => {
    it('is allowed on an anonymous route, without identity', async () => {
      expect((await stage.get('/open/none')).status).toBe(200)
      expect(Object.keys(lastRequest().headers).filter((name) => name.startsWith('x-auth-'))).toEqual([])
    })

    it.each([
      { name: 'revoked', bad: async () => await revoked(), status: 403 },
      { name: 'expired', bad: () => stage.own.access({ exp: 1_700_000_000, iat: 1_699_999_000 }), status: 401 },
      { name: 'unreadable', bad: () => 'not-a-token', status: 401 },
    ])('is not what a $name token counts as there', async ({ bad, status }) => {
      expect((await stage.get('/open/bad', { token: await bad() })).status).toBe(status)
      expect(arrived()).toEqual([])
    })

    it('tells an anonymous route who is calling where a good token is there', async () => {
      expect((await stage.get('/open/good', { token })).status).toBe(200)
      expect(lastRequest().headers['x-auth-subject']).toBe('alice')
    })
  })

  describe('a CORS preflight', () => {
    const preflight = { origin: 'https://anywhere.example', 'access-control-request-method': 'DELETE' }

    it('is allowed where the policy says so, without identity', async () => {
      const answer = await stage.get('/browser/preflight', { method: 'OPTIONS', headers: preflight })
      expect(answer.status).toBe(200)
      expect(await outcomeOf('/browser/preflight')).toEqual({ status: 200, reason: 'preflight' })
      expect(Object.keys(lastRequest().headers).filter((name) => name.startsWith('x-auth-'))).toEqual([])
    })

    it('takes no credential with it that nobody checked', async () => {
      const headers = { ...preflight, authorization: 'Bearer unchecked', cookie: `access_token=${token}; a=b` }
      expect((await stage.get('/browser/loaded', { method: 'OPTIONS', headers })).status).toBe(200)
      expect(lastRequest().headers).not.toHaveProperty('authorization')
      expect(lastRequest().headers['cookie']).toBe('a=b')
    })

    it.each([
      { name: 'without Origin', method: 'OPTIONS', headers: { 'access-control-request-method': 'DELETE' } },
      { name: 'without the method it asks for', method: 'OPTIONS', headers: { origin: preflight.origin } },
      { name: 'with another method', method: 'GET', headers: preflight },
    ])('is none $name', async ({ method, headers }) => {
      expect((await stage.get('/browser/none', { method, headers })).status).toBe(401)
    })

    it('is refused like any request where the policy does not say so', async () => {
      expect((await stage.get('/data', { method: 'OPTIONS', headers: preflight })).status).toBe(401)
    })
  })
})

async function revoked(): Promise<string> {
  const bad = await stage.mint()
  await stage.tokenService.revoke({ token: bad })
  return bad
}
