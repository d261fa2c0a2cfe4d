// Issue by API key: the reference tables (A1–A5), every way in which a key can be bad, the order of the checks, and the
// claims of what is minted.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  access,
  apiKey,
  byApiKey,
  createWorld,
  FOREIGN_ISSUER,
  foreignIssuerKey,
  good,
  issueRights,
  NOW,
  payloadOf,
  previousKey,
  reasonOf,
  retiredKey,
  type WorldOptions,
} from '../../support/issuing/world.ts'
import { apiKeyClaims, foreignKey, ISSUER, ownKey } from '../../support/tokens.ts'

/** As in the reference tests: FOO lives 4000 s at most, NOT_IN_CONFIG has no lifetime of its own. */
const reference = {
  tasks: {
    types: { FOO: { max_ttl: '4000s' }, NOT_IN_CONFIG: {}, NOT_IN_MAPPING: {} },
    rules: [{ types: ['FOO', 'NOT_IN_CONFIG'] }],
  },
}

function referenceWorld(signing: object = {}, options: WorldOptions = {}) {
  return createWorld({ ...options, signing: { ...reference, ...signing } })
}

const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

describe('an access token from an API key', () => {
  it('has exactly the claims of the contract', async () => {
    const user = { name: 'alice@example.org', is_admin: false, google: { proxy_group: null } }
    const token = good(
      await createWorld().issue(byApiKey({ apiKey: apiKey({ azp: 'some-client', context: { user } }) })),
    )
    expect(payloadOf(token.token)).toEqual({
      pur: 'access',
      iss: ISSUER,
      sub: '42',
      aud: ['gen3'],
      iat: NOW,
      exp: NOW + 3600,
      jti: expect.stringMatching(uuid4),
      scope: ['fence', 'openid', 'user', 'data'],
      context: { user, api_key: { jti: apiKeyClaims.jti, iat: apiKeyClaims.iat, exp: apiKeyClaims.exp } },
      azp: '',
    })
  })

  it('is answered with its id, expiry, type and scopes', async () => {
    const token = good(await createWorld().issue(byApiKey()))
    expect(token).toEqual({
      token: expect.any(String),
      jti: payloadOf(token.token)['jti'],
      expiresAt: NOW + 3600,
      issuedTokenType: 'urn:ietf:params:oauth:token-type:access_token',
      scopes: ['fence', 'openid', 'user', 'data'],
    })
  })

  it('has context without a user where the key has none', async () => {
    const token = good(await createWorld().issue(byApiKey()))
    expect(Object.keys(Object(payloadOf(token.token)['context']))).toEqual(['api_key'])
  })

  it('lists its scopes also where the key has them in one text', async () => {
    const token = good(await createWorld().issue(byApiKey({ apiKey: apiKey({ scope: 'openid user' }) })))
    expect(payloadOf(token.token)['scope']).toEqual(['openid', 'user'])
  })

  it('has another id every time', async () => {
    const world = createWorld()
    const ids = await Promise.all([1, 2, 3].map(async () => good(await world.issue(byApiKey())).jti))
    expect(new Set(ids).size).toBe(3)
  })
})

describe('a task token', () => {
  it('has its type as the only audience, the marker, and the common scopes of key and configuration', async () => {
    const key = apiKey({ scope: ['openid', 'user', 'data'] })
    const token = good(await referenceWorld().issue(byApiKey({ apiKey: key, taskType: 'FOO' })))
    expect(payloadOf(token.token)).toMatchObject({
      pur: 'access',
      aud: ['FOO'],
      scope: ['openid', 'user'],
      azp: '',
      context: { task_token_type: 'FOO', api_key: { jti: apiKeyClaims.jti } },
    })
  })

  it('alone carries the marker', async () => {
    const token = good(await referenceWorld().issue(byApiKey()))
    expect(JSON.stringify(payloadOf(token.token))).not.toContain('task_token_type')
  })

  it('is refused before anything is minted', async () => {
    const world = createWorld({ signing: { tasks: { types: { FOO: {} } } } })
    world.setSigner('none')
    expect(reasonOf(await world.issue(byApiKey({ taskType: 'FOO' })))).toBe('task_type_denied')
  })
})

describe('the reference cases', () => {
  const soon = apiKey({ exp: NOW + 60 })
  it.each<[string, { taskType?: string; apiKey?: string }, bigint | undefined, number | string]>([
    ['A3.1 nothing asked for', {}, undefined, 3600],
    ['A3.2 60', {}, 60n, 60],
    ['A3.3 above the maximum: capped', {}, 3660n, 3600],
    ['A4.1 FOO, nothing asked for: not the maximum of the type', { taskType: 'FOO' }, undefined, 3600],
    ['A4.2 FOO, above the maximum of access tokens', { taskType: 'FOO' }, 3660n, 3660],
    ['A4.3 FOO, above the maximum of the type: capped', { taskType: 'FOO' }, 4060n, 4000],
    ['A4.4 a type without a lifetime of its own', { taskType: 'NOT_IN_CONFIG' }, 4060n, 3600],
    ['A4.5 a type that nobody may have', { taskType: 'NOT_IN_MAPPING' }, 3660n, 'task_type_denied'],
    ['A5.1 a key that ends soon, less asked for', { apiKey: soon }, 30n, 30],
    ['A5.2 a key that ends soon, more asked for', { apiKey: soon }, 3660n, 'api_key_expires_first'],
    ['A5.3 the same for a task token', { apiKey: soon, taskType: 'FOO' }, 3660n, 'api_key_expires_first'],
    ['A5 a key that ends soon, nothing asked for', { apiKey: soon }, undefined, 'api_key_expires_first'],
    ['A5 exactly as long as the key', { apiKey: soon }, 60n, 60],
    ['A5 one second longer than the key', { apiKey: soon }, 61n, 'api_key_expires_first'],
    ['zero', {}, 0n, 'expires_in_invalid'],
    ['zero for a task token', { taskType: 'FOO' }, 0n, 'expires_in_invalid'],
    ['negative', {}, -5n, 'expires_in_invalid'],
    ['a type that is not configured', { taskType: 'foo' }, undefined, 'task_type_unknown'],
    ['no key', { apiKey: '' }, undefined, 'request_invalid'],
  ])('%s', async (_name, changes, expiresIn, expected) => {
    const issued = await referenceWorld().issue(byApiKey(changes), expiresIn === undefined ? {} : { expiresIn })
    expect(issued.ok ? issued.value.expiresAt - NOW : issued.reason.reason).toBe(expected)
  })

  it('refuses instead of capping where the configuration says so', async () => {
    const world = referenceWorld({ ttl_policy: 'reject' })
    expect(reasonOf(await world.issue(byApiKey(), { expiresIn: 3601n }))).toBe('expires_in_exceeds_max')
  })

  it('shortens to the end of the key where the configuration says so', async () => {
    const world = referenceWorld({ clamp_to_api_key: true })
    expect(good(await world.issue(byApiKey({ apiKey: soon }), { expiresIn: 3600n })).expiresAt).toBe(NOW + 60)
  })

  it('asks the rules about the lifetime that would be granted, not the one asked for', async () => {
    const rules = [{ types: ['FOO'], max_ttl: '4000s' }]
    const world = referenceWorld({ tasks: { ...reference.tasks, rules } })
    expect((await world.issue(byApiKey({ taskType: 'FOO' }), { expiresIn: 9999n })).ok).toBe(true)
  })
})

describe('an API key is refused', () => {
  const good_ = apiKey()
  it.each<[string, string, string]>([
    ['expired', apiKey({ exp: NOW }), 'token_expired'],
    ['not issued yet', apiKey({ iat: NOW + 31 }), 'token_not_yet_valid'],
    ['longer-lived than any', apiKey({ exp: NOW - 1000 + 2_592_001 }), 'lifetime_exceeded'],
    ['an access token', access(), 'purpose_refused'],
    ['a refresh token', apiKey({ pur: 'refresh' }), 'purpose_refused'],
    ['a session token', apiKey({ pur: 'session' }), 'purpose_refused'],
    ['an ID token', apiKey({ pur: 'id' }), 'purpose_refused'],
    ['without purpose', apiKey({ pur: undefined }), 'purpose_refused'],
    ['for another audience', apiKey({ aud: ['other'] }), 'audience_mismatch'],
    ['for no audience', apiKey({ aud: undefined }), 'audience_mismatch'],
    [
      'of another issuer that is trusted at Checks',
      apiKey({ iss: FOREIGN_ISSUER }, { key: foreignIssuerKey() }),
      'issuer_unknown',
    ],
    ['signed by an unknown key', apiKey({}, { key: foreignKey() }), 'key_unknown'],
    [
      'signed by a foreign key under our key id',
      apiKey({}, { key: foreignKey(), header: { kid: ownKey().kid } }),
      'signature_invalid',
    ],
    ['of another type', apiKey({}, { header: { typ: 'txntoken+jwt' } }), 'type_refused'],
    ['without subject', apiKey({ sub: undefined }), 'claims_invalid'],
    ['with an empty subject', apiKey({ sub: '' }), 'claims_invalid'],
    ['without id', apiKey({ jti: undefined }), 'claims_invalid'],
    ['with a context that is no object', apiKey({ context: 'x' }), 'claims_invalid'],
    ['changed after signing', `${good_.slice(0, -4)}AAAA`, 'signature_invalid'],
    ['that is no token', 'hello', 'credential_malformed'],
    ['that is far too long', 'a'.repeat(10_000), 'token_too_large'],
  ])('%s', async (_name, key, cause) => {
    const issued = await createWorld().issue(byApiKey({ apiKey: key }))
    expect(issued).toMatchObject({ reason: { reason: 'api_key_invalid', audit: { cause } } })
    expect(issued.ok || issued.reason.message).toBe('The API key is not valid')
  })

  it('without a scope that the configuration requires', async () => {
    const world = createWorld({ signing: { api_key: { required_scopes: ['fence', 'admin'] } } })
    expect(await world.issue(byApiKey())).toMatchObject({
      reason: { reason: 'api_key_invalid', audit: { cause: 'scope_missing', jti: apiKeyClaims.jti, sub: '42' } },
    })
  })

  it.each<[string, (world: ReturnType<typeof createWorld>) => void]>([
    ['itself', (world) => world.deny('jti', apiKeyClaims.jti)],
    ['its subject, by an epoch after its issue', (world) => world.denyBefore('subject', '42', apiKeyClaims.iat)],
    ['its client, by an epoch after its issue', (world) => world.denyBefore('client_id', 'c', apiKeyClaims.iat)],
    ['its signing key', (world) => world.deny('key_id', ownKey().kid)],
  ])('after a revocation of %s', async (_name, revoke) => {
    const world = createWorld()
    revoke(world)
    expect(reasonOf(await world.issue(byApiKey({ apiKey: apiKey({ azp: 'c' }) })))).toBe('api_key_revoked')
  })

  it('also when the denylist is stale but knows of the revocation', async () => {
    const world = createWorld()
    world.deny('jti', apiKeyClaims.jti)
    world.denylist.setFresh(false)
    expect(reasonOf(await world.issue(byApiKey()))).toBe('api_key_revoked')
  })
})

describe('an API key is good', () => {
  it.each([
    ['the current key', undefined],
    ['a previous key', previousKey()],
    ['a retired key', retiredKey()],
  ])('when signed by %s', async (_name, key) => {
    const issued = await createWorld().issue(byApiKey({ apiKey: apiKey({}, key === undefined ? {} : { key }) }))
    expect(reasonOf(issued)).toBe('ok')
  })

  it('after an epoch before its issue', async () => {
    const world = createWorld()
    world.denyBefore('subject', '42', apiKeyClaims.iat - 1)
    expect(reasonOf(await world.issue(byApiKey()))).toBe('ok')
  })

  it('after its user logged out everywhere but kept the API keys', async () => {
    const world = createWorld()
    world.denyBefore('subject_sessions', '42', NOW)
    expect(reasonOf(await world.issue(byApiKey()))).toBe('ok')
  })

  it('for as long as API keys may live, however short the tokens of a Check are', async () => {
    const world = createWorld({ own: { maxLifetimeSeconds: 3600 } })
    expect(reasonOf(await world.issue(byApiKey()))).toBe('ok')
  })
})

describe('what cannot be told is never allowed', () => {
  it('a denylist whose freshness is not proven', async () => {
    const world = createWorld()
    world.denylist.setFresh(false)
    expect(await world.issue(byApiKey())).toMatchObject({
      reason: { reason: 'store_unavailable', audit: { cause: 'denylist_unavailable' } },
    })
  })

  it('a store that was asked and did not answer', async () => {
    const world = createWorld()
    world.denylist.onConsult(async () => ({ lookup: 'unknown', askedAt: { monotonicMs: 1, wallMs: 1 } }))
    expect(reasonOf(await world.issue(byApiKey()))).toBe('store_unavailable')
  })

  it('a store that was asked and knows of a revocation', async () => {
    const world = createWorld()
    world.denylist.onConsult(async () => ({ lookup: 'api_key_revoked', askedAt: { monotonicMs: 1, wallMs: 1 } }))
    expect(reasonOf(await world.issue(byApiKey()))).toBe('api_key_revoked')
  })

  it('the time of the store', async () => {
    const world = createWorld()
    world.store.forgetTime()
    expect(reasonOf(await world.issue(byApiKey()))).toBe('store_unavailable')
  })

  it('own keys that are not there', async () => {
    const world = createWorld()
    world.ownRing.setUnavailable(true)
    expect(reasonOf(await world.issue(byApiKey()))).toBe('keys_unavailable')
  })
})

describe('the order of the checks', () => {
  const bad = apiKey({ exp: NOW })
  const nobody = issueRights({ grants: [] })
  const noTypes = issueRights({ task_types: [] })
  it.each<[string, Parameters<ReturnType<typeof createWorld>['issue']>, string]>([
    ['the right to the grant before the request', [byApiKey({ apiKey: '' }), { caller: nobody }], 'caller_denied'],
    ['the right to the type before its existence', [byApiKey({ taskType: 'X' }), { caller: noTypes }], 'caller_denied'],
    ['the request before expires_in', [byApiKey({ apiKey: '' }), { expiresIn: 0n }], 'request_invalid'],
    ['the type before expires_in', [byApiKey({ taskType: 'X' }), { expiresIn: 0n }], 'task_type_unknown'],
    ['expires_in before the key', [byApiKey({ apiKey: bad }), { expiresIn: 0n }], 'expires_in_invalid'],
    ['the key before its rules', [byApiKey({ apiKey: bad, taskType: 'NOT_IN_MAPPING' })], 'api_key_invalid'],
    [
      'the end of the key before its rules',
      [byApiKey({ apiKey: apiKey({ exp: NOW + 60 }), taskType: 'NOT_IN_MAPPING' })],
      'api_key_expires_first',
    ],
  ])('%s', async (_name, args, reason) => {
    expect(reasonOf(await referenceWorld().issue(...args))).toBe(reason)
  })
})

describe('whatever is asked for', () => {
  it('a token never outlives its API key, has no scope that the key has not, and stays within the maximum', async () => {
    const quota = { per_second: 1e6, burst: 1e6, subject_per_second: 1e6, subject_burst: 1e6 }
    const caller = { ...issueRights({}), quota }
    const [clamping, strict] = [referenceWorld({ clamp_to_api_key: true }), referenceWorld()]
    let minted = 0
    const scopes = fc.uniqueArray(fc.constantFrom('fence', 'openid', 'user', 'data', 'admin'))
    await fc.assert(
      fc.asyncProperty(
        scopes,
        fc.integer({ min: -10, max: 5000 }),
        fc.option(fc.bigInt({ min: -5n, max: 10_000n }), { nil: undefined }),
        fc.constantFrom('', 'FOO', 'NOT_IN_CONFIG'),
        fc.boolean(),
        async (scope, left, expiresIn, taskType, clamp) => {
          const key = apiKey({ scope, exp: NOW + left })
          const asked = { caller, ...(expiresIn !== undefined && { expiresIn }) }
          const issued = await (clamp ? clamping : strict).issue(byApiKey({ apiKey: key, taskType }), asked)
          if (!issued.ok) return
          minted += 1
          expect(issued.value.expiresAt).toBeLessThanOrEqual(NOW + left)
          expect(issued.value.expiresAt).toBeGreaterThan(NOW)
          expect(issued.value.expiresAt - NOW).toBeLessThanOrEqual(taskType === 'FOO' ? 4000 : 3600)
          for (const name of issued.value.scopes) expect(scope).toContain(name)
        },
      ),
      { numRuns: 200 },
    )
    expect(minted).toBeGreaterThan(20)
  })
})
