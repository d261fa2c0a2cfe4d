// @ts-check
// Postern's own code of one Check, put together from dist/ as app.ts does it, without gRPC: bytes in, bytes out.
import { createPublicKey } from 'node:crypto'
import { pathToFileURL } from 'node:url'

/** Yields between batches, so that the denylist's beats keep their time. */
export const tick = () => new Promise((resolve) => setImmediate(resolve))

/** @param {string} dist @param {string} jwksText @param {string} issuerName */
export async function createWorld(dist, jwksText, issuerName) {
  /** @param {string} path */
  const load = (path) => import(`${pathToFileURL(dist).href}/${path}`)
  const { createAuthorization } = await load('server/authorization.js')
  const { compilePolicies } = await load('check/compile.js')
  const { createVerifiedCache } = await load('tokens/verified-cache.js')
  const { tokenVerifier } = await load('tokens/verifier.js')
  const { systemClock: clock } = await load('clock.js')
  const { createDenylist } = await load('denylist/create.js')
  const { createCheckObserver } = await load('telemetry/checks.js')
  const { createMetrics } = await load('telemetry/metrics.js')
  const { createLog } = await load('telemetry/log.js')
  const { loadConfig } = await load('config/load.js')
  const { denylistOptions } = await load('denylist/from-config.js')

  const loaded = loadConfig(configText(issuerName), { dev: false, readSecret: () => undefined })
  if (!loaded.ok)
    throw new Error(`The configuration of the micro-benchmark is refused: ${JSON.stringify(loaded.reason)}`)
  const config = loaded.value
  const log = createLog({ level: 'info', destination: { write: () => {} } })
  const denylist = await createDenylist({ options: await denylistOptions(config), clock, log })
  await denylist.start()
  const issuer = {
    name: 'commons',
    issuer: issuerName,
    algorithms: new Set(['RS256', 'ES256', 'EdDSA']),
    types: new Set(['jwt', 'at+jwt']),
    purpose: { claim: 'pur', access: 'access' },
    tokenId: 'jti',
    leewaySeconds: 30,
    maxLifetimeSeconds: 30 * 24 * 3600,
    keys: keyRing(jwksText),
  }
  const deps = {
    policies: compilePolicies(config, new Map([['commons', issuer]])),
    verifier: tokenVerifier,
    cache: createVerifiedCache({ maxEntries: 50_000, maxBytes: 50_000 * 2048 }),
    denylist: denylist.denylist,
    clock,
  }
  const authorization = createAuthorization({
    current: () => deps,
    clock,
    limits: { concurrentChecks: 2000, checkTimeoutMs: 2000 },
    observe: createCheckObserver({ log, metrics: createMetrics(), clock }),
  })
  return { authorization, revocations: denylist.log, close: () => denylist.close() }
}

/** @param {string} jwksText */
function keyRing(jwksText) {
  /** @type {{ keys: (import('node:crypto').JsonWebKey & { kid: string, alg: string })[] }} */
  const { keys } = JSON.parse(jwksText)
  const byKid = new Map(
    keys.map((jwk) => [
      jwk.kid,
      { kid: jwk.kid, key: createPublicKey({ key: jwk, format: 'jwk' }), algorithms: [jwk.alg], published: true },
    ]),
  )
  return {
    generation: 1,
    /** @param {string} kid */
    find: (kid) => (byKid.has(kid) ? { ok: true, value: byKid.get(kid) } : { ok: false, reason: 'key_unknown' }),
    refresh: () => undefined,
    close() {},
  }
}

/** @param {string} issuer */
function configText(issuer) {
  return JSON.stringify({
    listen: { check: { address: 'unix:/tmp/unused.sock' } },
    denylist: { store: 'memory' },
    issuers: [{ name: 'commons', issuer, keys: { file: 'unused' }, algorithms: ['RS256', 'ES256', 'EdDSA'] }],
    policies: { default: { issuers: ['commons'], audiences: ['gen3'] } },
    default_policy: 'default',
  })
}
