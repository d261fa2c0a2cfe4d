// What operators and their platforms see of a process: health over HTTP and gRPC, metrics, the JWKS, an orderly end. What
// it answers to Envoy and to callers is elsewhere.
import { join } from 'node:path'
import { status } from '@grpc/grpc-js'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createUnaryClient, loadProtos, type UnaryClient } from '../support/grpc-client.ts'
import { http1 } from '../support/http-client.ts'
import { startJwksServer } from '../support/jwks-server.ts'
import { isListening } from '../support/ports.ts'
import { clientsOf, type Postern, posternIssuer, startPostern } from '../support/postern.ts'
import { expectNoSecrets } from '../support/secrets.ts'
import { createTokenMaker } from '../support/token-maker.ts'
import { keyFor } from '../support/tokens.ts'

let postern: Postern
/** What is waited for comes within a quarter of a second; on a loaded machine, within this. */
const soon = { timeout: 10_000 }

const closing: (() => void | Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const health = loadProtos('health.proto', [
  join(import.meta.dirname, '../../node_modules/grpc-health-check/proto/health/v1'),
]).service('grpc.health.v1.Health')

const healthStatus = z.object({ status: z.string() })
const services = ['', 'envoy.service.auth.v3.Authorization', 'postern.token.v1.TokenService']

function healthClient(target: string): UnaryClient {
  const client = createUnaryClient(health, { target })
  closing.push(client.close)
  return client
}

async function statusOf(client: UnaryClient, service: string): Promise<string> {
  return healthStatus.parse(await client.call('Check', { service })).status
}

/** Every status that a watcher is told, as it comes. */
function watch({ client }: UnaryClient, service: string): readonly string[] {
  const { Watch } = health
  if (Watch === undefined) throw new Error('Health has no Watch')
  const seen: string[] = []
  const stream = client.makeServerStreamRequest(Watch.path, Watch.requestSerialize, Watch.responseDeserialize, {
    service,
  })
  stream.on('data', (message: object) => seen.push(healthStatus.parse(message).status))
  stream.on('error', () => {})
  closing.push(() => stream.cancel())
  return seen
}

const component = z.object({ name: z.string(), healthy: z.boolean(), detail: z.string().optional() })
const readiness = z.object({ status: z.string(), components: z.array(component) })

async function readyz({ adminPort }: Postern) {
  const answer = await http1(adminPort, { path: '/readyz' })
  return { code: answer.status, ...readiness.parse(answer.json()) }
}

describe('readiness', () => {
  it('is a map of components, each unwell until it is proven to be well', async () => {
    const keys = await startJwksServer(keyFor('ES256', 'partner'))
    closing.push(keys.close)
    await keys.close()
    postern = await startPostern({
      until: 'started',
      config: (base) => ({
        ...base,
        issuers: [...base.issuers, { name: 'partner', issuer: 'https://partner.example', keys: { url: keys.url } }],
      }),
    })
    closing.push(postern.close)

    expect(await readyz(postern)).toEqual({
      ...{ code: 503, status: 'not ready' },
      components: [
        { name: 'listeners', healthy: true },
        { name: 'denylist', healthy: true },
        { name: 'signing_keys', healthy: true },
        { name: 'issuer_keys:partner', healthy: false, detail: 'The keys of this issuer could not be had yet' },
      ],
    })
    expect((await http1(postern.adminPort, { path: '/healthz' })).status).toBe(200)
    const clients = [healthClient(postern.check), healthClient(postern.tokens)]
    for (const client of clients) {
      for (const service of services) expect(await statusOf(client, service), service).toBe('NOT_SERVING')
    }
    const seen = clients.map((client) => watch(client, ''))
    for (const one of seen) await expect.poll(() => one, soon).toEqual(['NOT_SERVING'])

    await keys.open()
    await expect.poll(() => readyz(postern), { timeout: 10_000 }).toMatchObject({ code: 200, status: 'ready' })
    for (const one of seen) await expect.poll(() => one, soon).toEqual(['NOT_SERVING', 'SERVING'])
    for (const client of clients) {
      for (const service of services) expect(await statusOf(client, service), service).toBe('SERVING')
    }
  })

  it('says yes only when both services can be reached', async () => {
    // Started several times: what is wrong here is wrong for some milliseconds only.
    for (let start = 0; start < 3; start += 1) {
      postern = await startPostern()
      try {
        for (const target of [postern.check, postern.tokens]) {
          expect(await isListening(target.replace(/^unix:/, '')), target).toBe(true)
        }
      } finally {
        await postern.close()
      }
    }
  })

  it('knows no other service', async () => {
    postern = await startPostern()
    closing.push(postern.close)
    await expect(statusOf(healthClient(postern.check), 'postern.other')).rejects.toMatchObject({
      code: status.NOT_FOUND,
    })
  })
})

describe('the end', () => {
  it('is announced before it comes: not ready, still answering, then gone in order', async () => {
    postern = await startPostern({ config: (base) => ({ ...base, shutdown: { wait: '1500ms', drain: '2s' } }) })
    closing.push(postern.close)
    const { authz, close } = clientsOf(postern)
    closing.push(close)
    const token = createTokenMaker(posternIssuer, postern.key).access()
    const seen = watch(healthClient(postern.check), 'envoy.service.auth.v3.Authorization')
    await expect.poll(() => seen, soon).toEqual(['SERVING'])

    const ended = postern.stop()
    await expect.poll(() => seen, soon).toEqual(['SERVING', 'NOT_SERVING'])
    expect((await readyz(postern)).code).toBe(503)
    expect((await authz.check({ token })).allowed).toBe(true)
    // The watcher does not hang up; it is cut when draining has taken its time.
    expect(await ended).toEqual({ code: 0, signal: null })
    expect(await isListening(postern.adminPort)).toBe(false)
    expect(await isListening(postern.check.replace(/^unix:/, ''))).toBe(false)
  })

  it('is not held up by clients that keep streams open at every listener', async () => {
    const drainMs = 1000
    postern = await startPostern({ config: (base) => ({ ...base, shutdown: { wait: '0s', drain: `${drainMs}ms` } }) })
    closing.push(postern.close)
    for (const target of [postern.check, postern.tokens]) {
      const seen = watch(healthClient(target), '')
      await expect.poll(() => seen, soon).toEqual(['SERVING'])
    }
    const before = performance.now()
    expect(await postern.stop({ graceMs: 20_000 })).toEqual({ code: 0, signal: null })
    expect(performance.now() - before).toBeGreaterThanOrEqual(drainMs - 50)
    expect(performance.now() - before).toBeLessThan(10_000)
  })

  it('comes at once with a second signal', async () => {
    postern = await startPostern({ config: (base) => ({ ...base, shutdown: { wait: '5m', drain: '2s' } }) })
    closing.push(postern.close)
    const before = performance.now()
    const ended = postern.stop({ graceMs: 60_000 })
    await postern.logLine(({ msg }) => msg === 'Postern stops')
    postern.signal('SIGTERM')
    expect(await ended).toEqual({ code: 1, signal: null })
    expect(performance.now() - before).toBeLessThan(10_000)
  })
})

describe('listeners', () => {
  it('are those of the configuration and no others', async () => {
    postern = await startPostern({
      until: 'started',
      config: ({ listen, ...base }) => ({ ...base, listen: { check: listen.check } }),
    })
    closing.push(postern.close)
    const { authz, close } = clientsOf(postern)
    closing.push(close)
    expect((await authz.check({ token: createTokenMaker(posternIssuer, postern.key).access() })).allowed).toBe(true)
    expect(await isListening(postern.tokens.replace(/^unix:/, ''))).toBe(false)
    expect(await isListening(postern.httpPort)).toBe(false)
    expect(await isListening(postern.adminPort)).toBe(false)
    const answered = healthClient(postern.check).call('Check', { service: 'postern.token.v1.TokenService' })
    await expect(answered).rejects.toMatchObject({ code: status.NOT_FOUND })
  })
})

describe('over HTTP', () => {
  beforeAll(async () => {
    postern = await startPostern({ config: (base) => ({ ...base, signing: { ...base.signing, jwks_max_age: '2m' } }) })
  })
  afterAll(() => postern?.close())

  const jwkSet = z.object({ keys: z.array(z.record(z.string(), z.unknown())) })

  it('the JWKS has what is needed to verify our tokens, and nothing that could sign them', async () => {
    const answer = await http1(postern.httpPort, { path: '/.well-known/jwks.json' })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toMatch(/^application\/jwk-set\+json/)
    expect(answer.headers['cache-control']).toBe('public, max-age=120')
    const { keys } = jwkSet.parse(answer.json())
    expect(keys).toEqual([
      {
        ...{ kid: postern.key.kid, alg: 'ES256', use: 'sig', kty: 'EC', crv: 'P-256' },
        ...{ x: expect.any(String), y: expect.any(String) },
      },
    ])
    const { tokenService, close } = clientsOf(postern)
    closing.push(close)
    const { token, jti } = await tokenService.issue({ subject: { kind: 'TOKEN_KIND_ACCESS', subject: 'alice' } })
    const verified = await jwtVerify(token, createLocalJWKSet({ keys: keys.map((key) => ({ kty: 'EC', ...key })) }), {
      ...{ issuer: posternIssuer, audience: 'gen3' },
    })
    expect(verified.payload.jti).toBe(jti)
  })

  it.each([
    { listener: 'http', path: '/metrics', method: 'GET' },
    { listener: 'http', path: '/readyz', method: 'GET' },
    { listener: 'http', path: '/', method: 'GET' },
    { listener: 'http', path: '/.well-known/jwks.json', method: 'POST' },
    { listener: 'http', path: '/.well-known/../metrics', method: 'GET' },
    { listener: 'admin', path: '/.well-known/jwks.json', method: 'GET' },
    { listener: 'admin', path: '/keys', method: 'GET' },
  ])('$listener does not serve $method $path', async ({ listener, path, method }) => {
    const port = listener === 'http' ? postern.httpPort : postern.adminPort
    const { status: code, body } = await http1(port, { path, method })
    expect(code).toBe(404)
    expect(body).not.toContain('postern_')
  })
})

describe('metrics', () => {
  beforeAll(async () => {
    postern = await startPostern()
  })
  afterAll(() => postern?.close())

  /** Our own series without their values. */
  const series = (text: string): readonly string[] =>
    text.split('\n').flatMap((line) => /^(postern_[^ ]+) /.exec(line)?.slice(1) ?? [])

  async function traffic(round: string): Promise<void> {
    const { authz, tokenService, close } = clientsOf(postern)
    const own = createTokenMaker(posternIssuer, postern.key)
    await authz.check({ token: own.access({ jti: `jti-${round}`, sub: `sub-${round}`, azp: `azp-${round}` }) })
    await authz.check({ token: `token.of.${round}`, path: `/path-${round}`, host: `host-${round}` })
    await authz.check({ token: own.access({ iss: `https://${round}` }) })
    await authz.check({ policy: `policy-${round}` })
    await authz.checkBytes(Buffer.from(round))
    const subject = { kind: 'TOKEN_KIND_ACCESS', subject: `subject-${round}` } as const
    const { token } = await tokenService.issue({ subject })
    await tokenService.revoke({ token })
    await authz.check({ token })
    await tokenService.issue({ api_key: { api_key: round } }).catch(() => {})
    await tokenService.issue({ subject }, { workloadJwt: own.access() }).catch(() => {})
    await tokenService.call('Exchange', {}).catch(() => {})
    close()
  }

  it('count what happened, by names that are in the configuration or in a table', async () => {
    await traffic('first')
    const text = await postern.metrics()
    const value = (name: string) =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.split(' ')
          .at(-1),
      )
    expect(value('postern_checks_total{policy="default",decision="allow",reason="token_valid"}')).toBe(1)
    expect(value('postern_checks_total{policy="default",decision="deny",reason="token_revoked"}')).toBe(1)
    expect(value('postern_checks_total{policy="",decision="deny",reason="policy_unknown"}')).toBe(1)
    expect(value('postern_checks_total{policy="",decision="deny",reason="request_malformed"}')).toBe(1)
    expect(value('postern_token_calls_total{method="issue",caller="local",result="ok"}')).toBe(1)
    expect(value('postern_token_calls_total{method="issue",caller="",result="caller_unauthenticated"}')).toBe(1)
    expect(value('postern_denylist_entries')).toBe(1)
    expect(value('postern_denylist_state{state="live"}')).toBe(1)
  })

  it('do not grow with what clients send, and hold nothing of it', async () => {
    await traffic('twice-sent')
    const before = series(await postern.metrics())
    for (let round = 0; round < 20; round += 1) await traffic(`round-${round}`)
    const text = await postern.metrics()
    expect(series(text)).toEqual(before)
    expect(before.length).toBeGreaterThan(20)
    expect(text).not.toMatch(/round-|twice-sent|subject-/)
    expectNoSecrets('the metrics', text)
  })
})
