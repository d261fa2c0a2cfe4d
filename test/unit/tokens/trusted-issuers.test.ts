// Issuers of the configuration → trusted issuers: every setting arrives, and nothing is fetched before it is started.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { callers } from '../../../src/config/callers.ts'
import { issuers } from '../../../src/config/issuers.ts'
import { createTrustedIssuer, createWorkloadIssuer } from '../../../src/tokens/trusted-issuers.ts'
import { createFakeClock } from '../../support/fakes/clock.ts'
import { createFakeKeyRing } from '../../support/fakes/key-ring.ts'
import { createFakeLog } from '../../support/fakes/log.ts'
import { ISSUER, ownKey } from '../../support/tokens.ts'

const deps = { clock: createFakeClock(), log: createFakeLog(), random: () => 0 }
const url = 'https://commons.example/.well-known/jwks.json'

function configured(changes: Readonly<Record<string, unknown>> = {}) {
  const [config] = issuers.parse([{ name: 'commons', issuer: ISSUER, keys: { url }, ...changes }])
  if (config === undefined) throw new Error('no issuer')
  return config
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('createTrustedIssuer', () => {
  it('has the defaults of the contract', () => {
    const { trusted } = createTrustedIssuer(configured(), undefined, deps)
    expect(trusted).toMatchObject({
      name: 'commons',
      issuer: ISSUER,
      algorithms: new Set(['RS256', 'ES256', 'EdDSA']),
      types: new Set(['jwt', 'at+jwt']),
      purpose: { claim: 'pur', access: 'access' },
      tokenId: 'jti',
      leewaySeconds: 30,
      maxLifetimeSeconds: 30 * 24 * 3600,
    })
  })

  it('takes over every setting, durations in seconds', () => {
    const changes = {
      algorithms: ['ES384'],
      types: ['application/at+JWT'],
      purpose: { claim: 'use', access: 'a' },
      token_id: 'signing_input',
      leeway: '0s',
      max_lifetime: '1h',
    }
    expect(createTrustedIssuer(configured(changes), undefined, deps).trusted).toMatchObject({
      algorithms: new Set(['ES384']),
      types: new Set(['at+jwt']),
      purpose: { claim: 'use', access: 'a' },
      tokenId: 'signing_input',
      leewaySeconds: 0,
      maxLifetimeSeconds: 3600,
    })
    expect(createTrustedIssuer(configured({ purpose: 'none' }), undefined, deps).trusted.purpose).toBeUndefined()
  })

  it('uses our own keys as they are, and cannot be made without them', () => {
    const own = createFakeKeyRing(ownKey())
    const { ring, trusted } = createTrustedIssuer(configured({ keys: { own: true } }), own, deps)
    expect(trusted.keys).toBe(own)
    expect(ring).toBeUndefined()
    expect(() => createTrustedIssuer(configured({ keys: { own: true } }), undefined, deps)).toThrow(
      /no signing section/,
    )
  })

  it('has a ring of its own for foreign keys, even where there are own ones, and fetches nothing yet', () => {
    const fetched = vi.fn()
    vi.stubGlobal('fetch', fetched)
    const own = createFakeKeyRing(ownKey())
    const all = [configured(), configured({ keys: { file: '/nowhere/jwks.json' } })].map((config) =>
      createTrustedIssuer(config, own, deps),
    )
    for (const { ring, trusted } of all) {
      expect(trusted.keys).toBe(ring)
      expect(trusted.keys).not.toBe(own)
      expect(trusted.keys.find(ownKey().kid)).toEqual({ ok: false, reason: 'keys_unavailable' })
    }
    expect(fetched).not.toHaveBeenCalled()
  })
})

describe('createWorkloadIssuer', () => {
  it('is an issuer without purpose, under a name that no configured issuer can have', () => {
    const jwt = { issuer: 'https://idp.example', audience: 'tokens', subject: 'portal', keys: { url } }
    const [caller] = callers.parse([{ name: 'portal', identity: { jwt } }])
    if (caller === undefined || !('jwt' in caller.identity)) throw new Error('no workload caller')
    const { trusted, ring } = createWorkloadIssuer(caller.name, caller.identity.jwt, deps)
    expect(trusted).toMatchObject({ name: 'caller:portal', issuer: 'https://idp.example', purpose: undefined })
    expect(trusted.keys).toBe(ring)
    expect(issuers.safeParse([{ name: trusted.name, issuer: ISSUER, keys: { url } }]).success).toBe(false)
  })
})
