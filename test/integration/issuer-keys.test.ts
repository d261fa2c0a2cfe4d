// Keys of other issuers, fetched from a URL by a running process: rotation, unknown keys, endpoints that fail, hang or
// redirect. How one answer is read is tested in tokens/.
import { status } from '@grpc/grpc-js'
import { afterEach, expect, it } from 'vitest'
import type { AuthzClient } from '../support/authz-client.ts'
import { type JwksServer, startJwksServer } from '../support/jwks-server.ts'
import { clientsOf, type Postern, startPostern } from '../support/postern.ts'
import { createTokenMaker } from '../support/token-maker.ts'
import { keyFor, type TestKey } from '../support/tokens.ts'

const closing: (() => void | Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const first = keyFor('ES256', 'first')
const second = keyFor('RS256', 'second')
const partner = createTokenMaker('https://partner.example', first)
const other = createTokenMaker('https://other.example', keyFor('EdDSA', 'other'))

/** So long that nothing happens twice within a test. */
const once = '1h'

interface Started {
  readonly postern: Postern
  readonly authz: AuthzClient
}

async function jwksOf(...keys: readonly TestKey[]): Promise<JwksServer> {
  const server = await startJwksServer(...keys)
  closing.push(server.close)
  return server
}

/** A verifying process: no keys of its own. `until` the issuers that are expected to work have their keys. */
async function start(
  servers: Readonly<Record<string, JwksServer>>,
  { coolDown = once, until = Object.keys(servers) }: { coolDown?: string; until?: readonly string[] } = {},
): Promise<Started> {
  const names = Object.keys(servers)
  const postern = await startPostern({
    until: 'started',
    config: ({ signing: _signing, callers: _callers, ...base }) => ({
      ...base,
      listen: { check: base.listen.check, admin: base.listen.admin },
      issuers: names.map((name) => ({
        ...{ name, issuer: `https://${name}.example` },
        keys: { url: servers[name]?.url, refresh: once, cool_down: coolDown, max_stale: '1d' },
      })),
      policies: { default: { issuers: names, audiences: ['gen3'] } },
    }),
  })
  closing.push(postern.close)
  const { authz, close } = clientsOf(postern)
  closing.push(close)
  for (const name of until) {
    await postern.logLine(({ msg, issuer }) => msg === 'Loaded issuer keys' && issuer === name)
  }
  return { postern, authz }
}

const unknownKid = () => partner.access({}, { header: { kid: `unknown-${Math.random()}` } })

it('a key that the issuer has begun to use is fetched when its first token comes', async () => {
  const server = await jwksOf(first)
  const { authz } = await start({ partner: server }, { coolDown: '1s' })
  expect((await authz.check({ token: partner.access() })).allowed).toBe(true)

  server.publish(first, second)
  await expect
    .poll(async () => (await authz.check({ token: partner.access({}, { key: second }) })).reason, { timeout: 10_000 })
    .toBe('token_valid')
  expect((await authz.check({ token: partner.access() })).allowed).toBe(true)
})

it('a key that the issuer no longer publishes verifies nothing more, tokens seen before included', async () => {
  const server = await jwksOf(first, second)
  const { authz } = await start({ partner: server })
  const seen = partner.access()
  expect((await authz.check({ token: seen })).allowed).toBe(true)

  server.publish(second)
  // Any unknown key makes Postern look again.
  expect((await authz.check({ token: unknownKid() })).reason).toBe('key_unknown')
  expect((await authz.check({ token: seen })).reason).toBe('key_unknown')
  expect((await authz.check({ token: partner.access({}, { key: second }) })).allowed).toBe(true)
})

it('unknown keys, however many, make one request within a cool-down, and all are answered', async () => {
  const server = await jwksOf(first)
  const { authz } = await start({ partner: server })
  expect(server.asked).toBe(1)
  const spray = () => Promise.all(Array.from({ length: 50 }, () => authz.check({ token: unknownKid() })))
  for (const answers of [await spray(), await spray()]) {
    expect(new Set(answers.map(({ reason }) => reason))).toEqual(new Set(['key_unknown']))
  }
  expect(server.asked).toBe(2)
})

it('an endpoint that is down leaves the last good keys in force, and an unknown key unknown', async () => {
  const server = await jwksOf(first)
  const { authz, postern } = await start({ partner: server })
  await server.close()
  expect(await authz.check({ token: unknownKid() })).toMatchObject({
    reason: 'key_unknown',
    code: status.UNAUTHENTICATED,
  })
  await postern.logLine(({ msg }) => msg === 'Could not load issuer keys')
  expect((await authz.check({ token: partner.access() })).allowed).toBe(true)
})

it('what is not a key set with keys leaves the last good keys in force', async () => {
  const server = await jwksOf(first)
  const { authz, postern } = await start({ partner: server })
  server.publish()
  expect((await authz.check({ token: unknownKid() })).reason).toBe('key_unknown')
  expect(await postern.logLine(({ msg }) => msg === 'Could not load issuer keys')).toMatchObject({ level: 'warn' })
  expect((await authz.check({ token: partner.access() })).allowed).toBe(true)
})

it('an issuer without keys is our trouble (503), until its endpoint answers', async () => {
  const server = await jwksOf(first)
  await server.close()
  const { authz, postern } = await start({ partner: server }, { until: [] })
  expect(await authz.check({ token: partner.access() })).toMatchObject({
    ...{ reason: 'keys_unavailable', code: status.UNAVAILABLE, http: 'ServiceUnavailable' },
  })
  expect(await postern.isReady()).toBe(false)
  await server.open()
  await expect.poll(() => postern.isReady(), { timeout: 20_000 }).toBe(true)
  expect((await authz.check({ token: partner.access() })).allowed).toBe(true)
})

it.each(['redirect', 'fail'] as const)('an endpoint that answers with %s gives no keys', async (behaviour) => {
  const server = await jwksOf(first)
  server.behaviour = behaviour
  const { authz, postern } = await start({ partner: server }, { until: [] })
  await postern.logLine(({ msg }) => msg === 'Could not load issuer keys')
  expect((await authz.check({ token: partner.access() })).reason).toBe('keys_unavailable')
  expect(server.redirectsFollowed).toBe(0)
})

it('an issuer that does not answer delays neither the start nor the tokens of another', async () => {
  const slow = await jwksOf(first)
  slow.behaviour = 'hang'
  const quick = await jwksOf(other.key)
  const { authz } = await start({ partner: slow, other: quick }, { until: ['other'] })
  expect((await authz.check({ token: other.access() })).allowed).toBe(true)

  // With keys of both, and one of them hanging on a refresh: its own tokens wait, the other's do not.
  slow.behaviour = 'answer'
  await expect
    .poll(async () => (await authz.check({ token: partner.access() })).allowed, { timeout: 20_000 })
    .toBe(true)
  slow.behaviour = 'hang'
  const waiting = authz.check({ token: unknownKid() }, { withinMs: 1500 })
  await expect.poll(() => slow.asked, { timeout: 10_000 }).toBeGreaterThan(2)
  const answered = await Promise.race([waiting, authz.check({ token: other.access() })])
  expect(answered.reason).toBe('token_valid')
  expect((await waiting).reason).toBe('deadline_exceeded')
})
