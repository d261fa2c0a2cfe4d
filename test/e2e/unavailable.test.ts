// Envoy and a Postern that is gone, frozen or in trouble: requests get 503, never an allow that nobody decided. And where
// an operator lets errors through (failure_mode_allow), whatever Postern itself answers is no error.
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../support/ports.ts'
import { createTokenMaker } from '../support/token-maker.ts'
import { keyFor } from '../support/tokens.ts'
import { describeWith } from '../support/tools.ts'
import { withTcpListener } from './envoys.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage

/** Sends a line and gives what comes back until the other side hangs up. */
function converse(port: number, line: string): Promise<string> {
  return new Promise((resolve) => {
    let received = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(line))
    socket.setEncoding('utf8').on('data', (text: string) => {
      received += text
    })
    socket.on('error', () => {})
    socket.once('close', () => resolve(received))
  })
}

describeWith('envoy', 'Envoy asks a Postern', () => {
  describe.each([{ over: 'a unix socket' }, { over: 'TCP' }])('over $over', ({ over }) => {
    beforeAll(async () => {
      stage = await openStage(over === 'TCP' ? { checkPort: await freePort() } : {})
    })
    afterAll(() => stage?.close())

    it('that answers: good requests pass and others do not', async () => {
      expect((await stage.get('/data', { token: await stage.mint() })).status).toBe(200)
      expect((await stage.get('/data')).status).toBe(401)
    })

    it('that has stopped: everything is 503, anonymous routes included, until it is back', async () => {
      const token = stage.own.access()
      await stage.postern.stop()
      const before = stage.upstream.requests.length
      for (const path of ['/data', '/open/x', '/browser/x']) {
        expect((await stage.get(path, { token })).status, path).toBe(503)
        expect((await stage.get(path)).status, path).toBe(503)
      }
      expect(stage.upstream.requests.length).toBe(before)
      await stage.postern.restart()
      expect((await stage.get('/data', { token })).status).toBe(200)
    })

    it('that does not react, or was killed: 503 until it is back', async () => {
      const token = stage.own.access()
      const before = stage.upstream.requests.length
      stage.postern.signal('SIGSTOP')
      expect((await stage.get('/data', { token })).status).toBe(503)
      await stage.postern.kill9()
      expect((await stage.get('/data', { token })).status).toBe(503)
      expect(stage.upstream.requests.length).toBe(before)
      await stage.postern.restart()
      expect((await stage.get('/data', { token })).status).toBe(200)
    })
  })
})

describeWith('envoy', 'an Envoy that lets errors through (failure_mode_allow: true)', () => {
  const absent = createTokenMaker('https://absent.example', keyFor('ES256', 'absent'))
  let tcpPort: number

  beforeAll(async () => {
    tcpPort = await freePort()
    const [noRedis, noKeys] = await Promise.all([freePort(), freePort()])
    stage = await openStage({
      until: 'started',
      failureModeAllow: true,
      editEnvoy: withTcpListener(tcpPort, { failureModeAllow: true }),
      config: ({ policies: { leash, ...policies }, ...base }) => ({
        ...base,
        denylist: { store: 'redis', redis: { url: `redis://127.0.0.1:${noRedis}` } },
        issuers: [
          ...base.issuers,
          { name: 'absent', issuer: absent.issuer, keys: { url: `http://127.0.0.1:${noKeys}/jwks.json` } },
        ],
        policies: { ...policies, default: { ...leash, issuers: ['commons', 'absent'] } },
      }),
    })
  })
  afterAll(() => stage?.close())

  const cookie = () => ({ cookie: `access_token=${stage.own.access()}` })
  const forged = () => stage.own.access({}, { header: { kid: 'nobody' } })
  const answered = [
    { name: 'a credential is missing', status: 401, send: () => stage.get('/data') },
    { name: 'a credential is unreadable', status: 401, send: () => stage.get('/open/x', { token: 'x' }) },
    { name: 'a token is forged', status: 401, send: () => stage.get('/data', { token: forged() }) },
    { name: 'there is no such policy', status: 403, send: () => stage.get('/leash/x') },
    {
      ...{ name: 'the CSRF token is missing', status: 403 },
      send: () => stage.get('/browser/x', { method: 'POST', headers: cookie() }),
    },
    { name: 'the denylist is unknown', status: 503, send: () => stage.get('/data', { token: stage.own.access() }) },
    { name: 'there are no keys', status: 503, send: () => stage.get('/data', { token: absent.access() }) },
  ]

  it.each(answered)('lets nothing through where Postern says that $name ($status)', async ({ send, status }) => {
    const before = stage.upstream.requests.length
    expect((await send()).status).toBe(status)
    expect(stage.upstream.requests.length).toBe(before)
  })

  it('lets no TCP connection through, of which Postern can know nothing', async () => {
    const before = stage.upstream.requests.length
    expect(await converse(tcpPort, 'GET /over-tcp HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')).toBe('')
    expect(stage.upstream.requests.length).toBe(before)
    expect(await stage.envoy.stat('ext_authz.tcp_authz.denied')).toBe(1)
    expect(await stage.envoy.stat('ext_authz.tcp_authz.error')).toBe(0)
  })

  it('counts every one of these as denied, and none as an error', async () => {
    const stat = (name: string) => stage.envoy.stat(`cluster.upstream.ext_authz.postern.${name}`)
    const before = await stat('denied')
    for (const { send } of answered) await send()
    expect(await stat('denied')).toBe(before + answered.length)
    expect(await stat('error')).toBe(0)
  })

  it('lets requests through where no Postern answers at all, which only its operator can want', async () => {
    await stage.postern.kill9()
    expect((await stage.get('/data')).status).toBe(200)
  })
})
