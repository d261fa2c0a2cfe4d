// What envoy/envoy.yaml promises, with a real Envoy and a stand-in for Postern: which requests reach a Check, what it and
// the upstream see, and what happens when no answer comes. What Postern answers is the e2e tests' subject.
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type EnvoyServer, startEnvoy } from '../../support/envoy.ts'
import { eventually } from '../../support/eventually.ts'
import { http1, http2, sendRaw } from '../../support/http-client.ts'
import { openStream, openWebSocket } from '../../support/http-streams.ts'
import { runToEnd } from '../../support/processes.ts'
import { allow, deny, type StubAuthz, startStubAuthz } from '../../support/stub-authz.ts'
import { describeWith, requireTool } from '../../support/tools.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'
import { createEchoClient, type EchoClient } from '../../support/upstream-grpc.ts'

let folder: string
let authz: StubAuthz
let upstream: Upstream
let envoy: EnvoyServer

function lastCheck() {
  const check = authz.checks.at(-1)
  if (!check) throw new Error('no Check arrived')
  return check
}

function lastRequest() {
  const request = upstream.requests.at(-1)
  if (!request) throw new Error('nothing reached the upstream')
  return request
}

describeWith('envoy', 'envoy/envoy.yaml', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-'))
    authz = await startStubAuthz({ unix: join(folder, 'check.sock') })
    upstream = await startUpstream()
    envoy = await startEnvoy({ check: authz.address, upstreamPort: upstream.port, upstreamGrpcPort: upstream.grpcPort })
  })
  afterAll(async () => {
    await envoy?.stop()
    await upstream?.close()
    authz?.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  beforeEach(() => authz.reset())

  it('is valid as it stands, and Envoy has nothing to warn of', async () => {
    const { code, stdout, stderr } = await runToEnd({
      command: requireTool('envoy'),
      args: ['--mode', 'validate', '-c', 'envoy/envoy.yaml', '--log-level', 'warning'],
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('OK')
  })

  describe('what a client claims about itself', () => {
    const spoofed = [
      ['x-auth-subject', 'admin'],
      ['X-Auth-Anything', 'admin'],
      ['x-envoy-upstream-stream-duration-ms', '999999'],
      ['x-envoy-internal', 'true'],
      ['x-envoy-original-path', '/open/'],
      ['x-forwarded-client-cert', 'By=spiffe://commons/portal'],
    ] as const

    it.each([{ client: http1 }, { client: http2 }])(
      'is removed before the Check and the upstream ($client.name)',
      async ({ client }) => {
        expect((await client(envoy.port, { path: '/x', headers: spoofed })).status).toBe(200)
        for (const [name] of spoofed) {
          expect(lastCheck().values(name.toLowerCase()), name).toEqual([])
          expect(lastRequest().headers, name).not.toHaveProperty(name.toLowerCase())
        }
      },
    )

    it('cannot choose its scheme, and its address is the one it has', async () => {
      await http1(envoy.port, { headers: { 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.7' } })
      expect(lastCheck()).toMatchObject({ scheme: 'http', client: '127.0.0.1' })
      expect(lastRequest().headers['x-forwarded-proto']).toBe('http')
      // Envoy adds its own address where the client is on loopback; what counts is that it adds one.
      expect(lastRequest().headers['x-forwarded-for']).toMatch(/^192\.0\.2\.7,[\d.]+$/)
    })

    it('cannot have the headers that the answer set dropped as hop-by-hop', async () => {
      authz.answer = () => allow({ set: { 'x-auth-subject': 'alice' } })
      await http1(envoy.port, { headers: { connection: 'close, x-auth-subject', 'x-auth-subject': 'admin' } })
      expect(lastRequest().headers['x-auth-subject']).toBe('alice')
    })
  })

  describe('requests that two parties could read differently', () => {
    const refused = [
      { name: 'an encoded slash', path: '/a%2Fb' },
      { name: 'an encoded slash in lower case', path: '/open/..%2fworkflow' },
      { name: 'an encoded backslash', path: '/a%5Cb' },
      { name: 'a fragment', path: '/open/#/workflow' },
    ]
    it.each(refused)('are refused with 400 and without a Check: $name', async ({ path }) => {
      expect((await http1(envoy.port, { path })).status).toBe(400)
      expect(authz.checks).toEqual([])
    })

    it('are refused with 400 and without a Check: a header with an underscore', async () => {
      expect((await http1(envoy.port, { headers: { x_auth_subject: 'admin' } })).status).toBe(400)
      expect(authz.checks).toEqual([])
    })

    it('are refused without a Check: a NUL in a header', async () => {
      const answer = await sendRaw(envoy.port, 'GET / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer a\0b\r\n\r\n')
      expect(answer).toMatch(/^HTTP\/1\.1 400 /)
      expect(authz.checks).toEqual([])
    })

    const normalised = [
      { sent: '/open/../workflow/x', path: '/workflow/x', policy: 'workflow' },
      { sent: '/open/%2e%2e/workflow/x', path: '/workflow/x', policy: 'workflow' },
      { sent: '/open/..;/workflow/x', path: '/workflow/x', policy: 'workflow' },
      { sent: '/open//../workflow/x', path: '/open/workflow/x', policy: 'open' },
      { sent: '//workflow//x', path: '/workflow/x', policy: 'workflow' },
      { sent: '/workflow\\x', path: '/workflow/x', policy: 'workflow' },
      { sent: '/%77orkflow/x', path: '/workflow/x', policy: 'workflow' },
    ]
    it.each(normalised)('mean the same to route, Check and upstream: $sent', async ({ sent, path, policy }) => {
      expect((await http1(envoy.port, { path: sent })).status).toBe(200)
      expect({ path: lastCheck().path, policy: lastCheck().policy }).toEqual({ path, policy })
      expect(lastRequest().path).toBe(path)
    })
  })

  describe('what the Check is told', () => {
    const routes = [
      { path: '/workflow/x', policy: 'workflow' },
      { path: '/browser/x', policy: 'browser' },
      { path: '/open/x', policy: 'open' },
      { path: '/leash/x', policy: 'leash' },
      { path: '/anything', policy: 'default' },
      { path: '/', policy: 'default' },
    ]
    it.each(routes)('is the policy of the route: $path → $policy', async ({ path, policy }) => {
      await http1(envoy.port, { path })
      expect(lastCheck().policy).toBe(policy)
    })

    it('is a duplicate Authorization as one value with a comma, which can be refused', async () => {
      const headers = [
        ['authorization', 'Bearer a'],
        ['Authorization', 'Bearer b'],
      ] as const
      await http1(envoy.port, { headers })
      expect(lastCheck().values('authorization')).toEqual(['Bearer a,Bearer b'])
    })

    it('is every other header as it came: duplicates one by one, bytes unchanged', async () => {
      const lines = ['host: x', 'connection: close', 'x-twice: 1', 'x-twice: 2', 'x-bytes: caf\xe9'].join('\r\n')
      expect(await sendRaw(envoy.port, `GET / HTTP/1.1\r\n${lines}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /)
      expect(lastCheck().values('x-twice')).toEqual(['1', '2'])
      expect(lastCheck().values('x-bytes')).toEqual(['caf\xe9'])
    })
  })

  describe('what the answer may do', () => {
    it('name the caller and strip credentials', async () => {
      authz.answer = () =>
        allow({ set: { 'x-auth-subject': 'alice' }, remove: ['authorization', 'cookie', 'txn-token'] })
      const headers = { authorization: 'Bearer x', cookie: 'access_token=x', 'txn-token': 'x' }
      await http1(envoy.port, { headers })
      expect(lastRequest().headers).toMatchObject({ 'x-auth-subject': 'alice' })
      for (const name of Object.keys(headers)) expect(lastRequest().headers).not.toHaveProperty(name)
    })

    it('replace the Cookie header', async () => {
      authz.answer = () => allow({ set: { cookie: 'theme=dark' } })
      await http1(envoy.port, { headers: { cookie: 'access_token=x; theme=dark' } })
      expect(lastRequest().headers['cookie']).toBe('theme=dark')
    })

    const forbidden = [
      { name: 'choose the path', mutations: { set: { ':path': '/open/' } } },
      { name: 'choose the host', mutations: { set: { host: 'other' } } },
      { name: 'set a header outside its own', mutations: { set: { 'x-forwarded-for': '192.0.2.7' } } },
      { name: 'remove a header outside its own', mutations: { remove: ['x-request-id'] } },
      { name: 'break a line', mutations: { set: { 'x-auth-subject': 'alice\r\nx-auth-scopes: admin' } } },
    ]
    it.each(forbidden)('not $name: the request fails', async ({ mutations }) => {
      const before = upstream.requests.length
      authz.answer = () => allow(mutations)
      expect((await http1(envoy.port)).status).toBeGreaterThanOrEqual(500)
      expect(upstream.requests.length).toBe(before)
    })

    it('deny with a status, headers and a body, and the upstream sees nothing', async () => {
      const before = upstream.requests.length
      authz.answer = () =>
        deny({ http: 401, body: '{"error":"invalid_token"}', headers: { 'www-authenticate': 'Bearer' } })
      const answer = await http1(envoy.port)
      expect(answer).toMatchObject({ status: 401, body: '{"error":"invalid_token"}' })
      expect(answer.headers['www-authenticate']).toBe('Bearer')
      expect(upstream.requests.length).toBe(before)
    })

    it('not send a client more than 4 KiB', async () => {
      authz.answer = () => deny({ http: 403, body: 'x'.repeat(10_000) })
      expect((await http1(envoy.port)).body.length).toBe(4096)
    })
  })

  describe('limits', () => {
    it('refuse more header bytes than a token, cookies and the rest need', async () => {
      expect((await http1(envoy.port, { headers: { 'x-filler': 'x'.repeat(33 * 1024) } })).status).toBe(431)
      expect(authz.checks).toEqual([])
    })

    it('let a token of 8 KiB and as much in cookies pass', async () => {
      const headers = { authorization: `Bearer ${'x'.repeat(8192)}`, cookie: `access_token=${'x'.repeat(8192)}` }
      // The echo of so many bytes is not asked for: Node's own header limit is the upstream's, not Envoy's.
      authz.answer = () => deny({ http: 403 })
      expect((await http1(envoy.port, { headers })).status).toBe(403)
      expect(authz.checks).toHaveLength(1)
    })

    it('refuse more than 100 headers', async () => {
      const headers = Array.from({ length: 101 }, (_, index) => [`x-h${index}`, '1'] as const)
      expect((await http1(envoy.port, { headers })).status).toBe(431)
    })
  })

  describe('streams', () => {
    it('are cut at the leash that the answer sets', async () => {
      authz.answer = () => allow({ set: { 'x-envoy-upstream-stream-duration-ms': '300' } })
      const stream = await openStream(envoy.port, { path: '/leash/slow-stream' })
      expect(stream.status).toBe(200)
      expect(await stream.over).toBe('cut')
      expect(stream.received()).toContain('tick')
      expect(lastRequest().headers).not.toHaveProperty('x-envoy-upstream-stream-duration-ms')
    })

    it('are cut at the leash when they are WebSockets', async () => {
      authz.answer = () => allow({ set: { 'x-envoy-upstream-stream-duration-ms': '300' } })
      const outcome = await openWebSocket(envoy.port, { path: '/leash/socket' })
      if (!('tunnel' in outcome)) throw new Error(`refused with ${outcome.refused.status}`)
      outcome.tunnel.write('hello')
      await eventually('the echo', () => outcome.tunnel.received() === 'hello')
      await outcome.tunnel.over
    })

    it('are refused like any request when they are WebSockets', async () => {
      authz.answer = () => deny({ http: 401 })
      expect(await openWebSocket(envoy.port, { path: '/leash/socket' })).toMatchObject({ refused: { status: 401 } })
    })
  })

  describe('gRPC', () => {
    let client: EchoClient
    beforeAll(() => {
      client = createEchoClient(envoy.port)
    })
    afterAll(() => client?.close())

    it('reaches its upstream with the headers that the answer set', async () => {
      authz.answer = () => allow({ set: { 'x-auth-subject': 'alice' } })
      const received = await client.unary('hello', { 'x-auth-subject': 'admin' })
      expect(received).toMatchObject({ message: 'hello', metadata: { 'x-auth-subject': 'alice' } })
    })

    it('learns a denial as its own kind of status', async () => {
      authz.answer = () => deny({ http: 401 })
      await expect(client.unary('hello')).rejects.toMatchObject({ code: 16 })
    })

    it('has its open streams cut at the leash', async () => {
      authz.answer = () => allow({ set: { 'x-envoy-upstream-stream-duration-ms': '300' } })
      const chat = client.chat()
      const ended = new Promise((resolve) => chat.on('error', resolve))
      const echoed = new Promise((resolve) => chat.on('data', resolve))
      chat.write(Buffer.from('hello'))
      expect(String(await echoed)).toBe('hello')
      expect(await ended).toMatchObject({ code: expect.any(Number) })
    })
  })

  it('logs what was decided, and no query', async () => {
    authz.answer = () =>
      deny({ http: 403, metadata: { decision: 'deny', reason: 'token_revoked', policy: 'open', jti: 'j-1' } })
    await http1(envoy.port, { path: '/open/logged?access_token=secret' })
    const entry = await envoy.accessLogEntry(({ path }) => path === '/open/logged')
    expect(entry).toMatchObject({
      method: 'GET',
      status: 403,
      details: 'ext_authz_denied',
      decision: 'deny',
      reason: 'token_revoked',
      policy: 'open',
      jti: 'j-1',
    })
    expect(envoy.output()).not.toContain('secret')
  })
})

describeWith('envoy', 'envoy/envoy.yaml without an answer', () => {
  beforeAll(async () => {
    upstream = await startUpstream()
  })
  afterAll(() => upstream?.close())

  async function started(options: { unix: boolean; failureModeAllow?: boolean }) {
    const socketFolder = mkdtempSync(join(tmpdir(), 'postern-'))
    const socket = join(socketFolder, 'check.sock')
    const stub = await startStubAuthz(options.unix ? { unix: socket } : {})
    const proxy = await startEnvoy({
      check: stub.address,
      upstreamPort: upstream.port,
      ...(options.failureModeAllow === undefined ? {} : { failureModeAllow: options.failureModeAllow }),
    })
    onTestFinished(async () => {
      await proxy.stop()
      stub.stop()
      rmSync(socketFolder, { recursive: true, force: true })
    })
    return { stub, proxy, socket }
  }

  it.each([{ unix: true }, { unix: false }])(
    'answers 503, never 403 and never the upstream (unix: $unix)',
    async ({ unix }) => {
      const { stub, proxy } = await started({ unix })
      expect((await http1(proxy.port)).status).toBe(200)

      stub.answer = () => 'rpc error'
      expect((await http1(proxy.port)).status).toBe(503)

      stub.answer = () => 'silence'
      const before = performance.now()
      expect((await http1(proxy.port)).status).toBe(503)
      expect(performance.now() - before).toBeLessThan(5_000)

      stub.stop()
      const arrived = upstream.requests.length
      expect((await http1(proxy.port)).status).toBe(503)
      expect(upstream.requests.length).toBe(arrived)
    },
  )

  it('shows no client that the server of the Checks is being replaced', async () => {
    const { stub, proxy, socket } = await started({ unix: true })
    const next = await startStubAuthz({ unix: `${socket}.next` })
    onTestFinished(() => next.stop())

    const statuses: number[] = []
    let replaced = false
    async function keepAsking() {
      while (!replaced || next.checks.length === 0) statuses.push((await http1(proxy.port)).status)
    }
    const asking = Promise.all(Array.from({ length: 8 }, keepAsking))
    await eventually('Checks at the first server', () => stub.checks.length > 50)
    const drained = stub.drain()
    renameSync(`${socket}.next`, socket)
    await drained
    replaced = true
    await asking
    expect(new Set(statuses)).toEqual(new Set([200]))
  })

  it('keeps a denied 503 closed even where an operator lets errors through', async () => {
    const { stub, proxy } = await started({ unix: true, failureModeAllow: true })
    stub.answer = () => 'rpc error'
    expect((await http1(proxy.port)).status).toBe(200)
    stub.answer = () => deny({ http: 503 })
    expect((await http1(proxy.port)).status).toBe(503)
  })
})
