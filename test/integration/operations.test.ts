// What operators and their platforms see of a process: health over HTTP and gRPC, metrics, the JWKS, TLS. How it ends is in
// shutdown.test.ts; what it answers to Envoy and to callers is elsewhere.
import { get } from 'node:https'
import { join } from 'node:path'
import { status } from '@grpc/grpc-js'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createAuthzClient } from '../support/authz-client.ts'
import { createTestCa } from '../support/certs.ts'
import { createHealthClient, type HealthClient, healthServices } from '../support/health-client.ts'
import { http1 } from '../support/http-client.ts'
import { startJwksServer } from '../support/jwks-server.ts'
import { freePort, isListening } from '../support/ports.ts'
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

function healthClient(target: string): HealthClient {
  const client = createHealthClient(target)
  closing.push(client.close)
  return client
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
      for (const service of healthServices) expect(await client.check(service), service).toBe('NOT_SERVING')
    }
    const seen = clients.map((client) => client.watch(''))
    for (const one of seen) await expect.poll(() => one, soon).toEqual(['NOT_SERVING'])

    await keys.open()
    await expect.poll(() => readyz(postern), { timeout: 10_000 }).toMatchObject({ code: 200, status: 'ready' })
    for (const one of seen) await expect.poll(() => one, soon).toEqual(['NOT_SERVING', 'SERVING'])
    for (const client of clients) {
      for (const service of healthServices) expect(await client.check(service), service).toBe('SERVING')
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
    await expect(healthClient(postern.check).check('postern.other')).rejects.toMatchObject({
      code: status.NOT_FOUND,
    })
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
    const answered = healthClient(postern.check).check('postern.token.v1.TokenService')
    await expect(answered).rejects.toMatchObject({ code: status.NOT_FOUND })
  })
})

describe('over TLS', () => {
  it('every listener answers those it is meant for, and nobody else', async () => {
    const ca = await createTestCa()
    const [server, envoy, stranger] = await Promise.all([
      ca.issue({ dns: [serverName], ip: ['127.0.0.1'] }),
      ca.issue({ dns: ['envoy'] }),
      createTestCa().then((other) => other.issue({ dns: ['envoy'] })),
    ])
    const checkPort = await freePort()
    postern = await startPostern({
      until: 'started',
      files: { 'server.crt': server.certPem, 'server.key': server.keyPem, 'ca.crt': ca.certPem },
      config: ({ listen, ...base }, { folder }) => {
        const tls = { cert: join(folder, 'server.crt'), key: join(folder, 'server.key') }
        const mutual = { ...tls, client_ca: join(folder, 'ca.crt') }
        return {
          ...base,
          listen: {
            ...listen,
            check: { address: `127.0.0.1:${checkPort}`, tls: mutual },
            http: { ...listen.http, tls },
            admin: { ...listen.admin, tls: mutual },
          },
        }
      },
    })
    closing.push(postern.close)
    const token = createTokenMaker(posternIssuer, postern.key).access()
    const checkWith = (identity: { readonly cert?: string; readonly key?: string }) => {
      const tls = { ca: ca.certPem, serverName, ...identity }
      const authz = createAuthzClient({ target: `127.0.0.1:${checkPort}`, tls })
      closing.push(authz.close)
      return authz.check({ token })
    }
    expect((await checkWith({ cert: envoy.certPem, key: envoy.keyPem })).allowed).toBe(true)
    const refused = { code: status.UNAVAILABLE }
    await expect(checkWith({ cert: stranger.certPem, key: stranger.keyPem })).rejects.toMatchObject(refused)
    await expect(checkWith({})).rejects.toMatchObject(refused)

    const { httpPort, adminPort } = postern
    const jwks = '/.well-known/jwks.json'
    expect(await https(httpPort, jwks, { ca: ca.certPem })).toBe(200)
    await expect(https(httpPort, jwks, {})).rejects.toThrow(/certificate/)
    await expect(http1(httpPort, { path: jwks })).rejects.toThrow()
    expect(await https(adminPort, '/readyz', { ca: ca.certPem, cert: envoy.certPem, key: envoy.keyPem })).toBe(200)
    await expect(https(adminPort, '/readyz', { ca: ca.certPem })).rejects.toThrow()
  })
})

/** The status of a GET, by whom the options make the client. */
function https(port: number, path: string, identity: { ca?: string; cert?: string; key?: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false, ...identity }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.on('error', reject)
  })
}

const serverName = 'postern.test'

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
