// Issue by the word of a caller: access tokens and API keys for a subject that it has authenticated itself.
import { decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import {
  apiKey,
  byApiKey,
  bySubject,
  createWorld,
  good,
  issueRights,
  NOW,
  payloadOf,
  reasonOf,
} from '../../support/issuing/world.ts'
import { ISSUER, keyFor, ownKey } from '../../support/tokens.ts'

const user = { name: 'alice@example.org', is_admin: false }
const DAY = 86_400

describe('an access token for a subject', () => {
  it('has exactly the claims of the contract', async () => {
    const token = good(await createWorld().issue(bySubject({ clientId: 'client_a', user })))
    expect(payloadOf(token.token)).toEqual({
      pur: 'access',
      iss: ISSUER,
      sub: '42',
      aud: ['gen3', 'client_a'],
      iat: NOW,
      exp: NOW + 3600,
      jti: token.jti,
      scope: ['openid', 'user'],
      context: { user },
      azp: 'client_a',
    })
  })

  it('has only our audience and an empty azp without a client, and an empty context without a user', async () => {
    const token = good(await createWorld().issue(bySubject()))
    expect(payloadOf(token.token)).toMatchObject({ aud: ['gen3'], azp: '', context: {} })
    expect(payloadOf(token.token)['context']).toEqual({})
  })

  it('has every scope once', async () => {
    const token = good(await createWorld().issue(bySubject({ scopes: ['user', 'openid', 'user'] })))
    expect(token.scopes).toEqual(['user', 'openid'])
  })
})

describe('an API key for a subject', () => {
  it('has exactly the claims of the contract, and no context without a user', async () => {
    const key = good(await createWorld().issue(bySubject({ tokenKind: 'api_key', clientId: 'client_a' })))
    expect(key.issuedTokenType).toBe('urn:postern:token-type:api_key')
    expect(payloadOf(key.token)).toEqual({
      pur: 'api_key',
      iss: ISSUER,
      sub: '42',
      aud: ['gen3'],
      iat: NOW,
      exp: NOW + 30 * DAY,
      jti: key.jti,
      scope: ['openid', 'user'],
      azp: 'client_a',
    })
  })

  it('hands its user on to what is minted from it', async () => {
    const world = createWorld()
    const key = good(await world.issue(bySubject({ tokenKind: 'api_key', user })))
    expect(payloadOf(key.token)['context']).toEqual({ user })
    const token = good(await world.issue(byApiKey({ apiKey: key.token })))
    expect(payloadOf(token.token)['context']).toEqual({
      user,
      api_key: { jti: key.jti, iat: NOW, exp: key.expiresAt },
    })
  })

  it.each<[string, bigint | undefined, number | string]>([
    ['its maximum where nothing is asked for', undefined, 30 * DAY],
    ['what is asked for', 60n, 60],
    ['its maximum where more is asked for', BigInt(31 * DAY), 30 * DAY],
    ['nothing at all for 0', 0n, 'expires_in_invalid'],
  ])('lives for %s', async (_name, expiresIn, expected) => {
    const grant = bySubject({ tokenKind: 'api_key' })
    const issued = await createWorld().issue(grant, expiresIn === undefined ? {} : { expiresIn })
    expect(issued.ok ? issued.value.expiresAt - NOW : issued.reason.reason).toBe(expected)
  })

  it('lives no longer than its caller may ask for', async () => {
    const caller = issueRights({ max_ttl: '1d' })
    const issued = await createWorld().issue(bySubject({ tokenKind: 'api_key' }), { caller })
    expect(good(issued).expiresAt).toBe(NOW + DAY)
  })
})

describe('a request for a subject is refused', () => {
  it.each<[string, Parameters<typeof bySubject>[0], string]>([
    ['without kind', { tokenKind: undefined }, 'kind is required'],
    ['without subject', { subject: '' }, 'subject must be 1 to 255 characters without control characters'],
    ['with a NUL in the subject', { subject: '4\0' }, 'subject must be 1 to 255 characters without control characters'],
    [
      'with a line break in the subject',
      { subject: '4\r\n' },
      'subject must be 1 to 255 characters without control characters',
    ],
    [
      'with an endless subject',
      { subject: 'x'.repeat(256) },
      'subject must be 1 to 255 characters without control characters',
    ],
    ['with a space in the client id', { clientId: 'a b' }, 'client_id must be up to 255 printable ASCII characters'],
    ['with a client id outside ASCII', { clientId: 'é' }, 'client_id must be up to 255 printable ASCII characters'],
    ['with our own audience as client id', { clientId: 'gen3' }, 'client_id is reserved for another audience'],
    ['with a task type as client id', { clientId: 'WORKFLOW' }, 'client_id is reserved for another audience'],
    [
      'with two scopes in one',
      { scopes: ['openid admin'] },
      'scopes must be up to 200 scopes of RFC 6749, without spaces',
    ],
    ['with an empty scope', { scopes: [''] }, 'scopes must be up to 200 scopes of RFC 6749, without spaces'],
    [
      'with too many scopes',
      { scopes: Array.from({ length: 201 }, (_, index) => `s${index}`) },
      'scopes must be up to 200 scopes of RFC 6749, without spaces',
    ],
  ])('%s', async (_name, changes, message) => {
    expect(await createWorld().issue(bySubject(changes))).toMatchObject({
      reason: { reason: 'request_invalid', message },
    })
  })

  it('with a client id that is the audience of upstream or transaction tokens', async () => {
    const world = createWorld({ signing: { upstream: { audience: 'azul' }, transaction: { trust_domain: 'td' } } })
    for (const clientId of ['azul', 'td']) {
      expect(reasonOf(await world.issue(bySubject({ clientId })))).toBe('request_invalid')
    }
  })

  it.each<[string, object, Parameters<typeof bySubject>[0]]>([
    ['the grant', { grants: ['api_key'] }, {}],
    ['the kind', { kinds: ['access'] }, { tokenKind: 'api_key' }],
    ['the subject', { subjects: ['user-*'] }, {}],
    ['a scope', { scopes: ['openid'] }, {}],
    ['a user object', { user: false }, { user }],
  ])('without the right to %s', async (_name, rights, changes) => {
    expect(reasonOf(await createWorld().issue(bySubject(changes), { caller: issueRights(rights) }))).toBe(
      'caller_denied',
    )
  })

  it('when the token would be too large, and nothing is issued', async () => {
    const world = createWorld()
    const issued = await world.issue(bySubject({ user: { name: 'x'.repeat(4097) } }))
    expect(reasonOf(issued)).toBe('token_too_large')
    expect(world.log.lines.map(({ message }) => message)).toEqual(['Refused a call to the token service'])
  })

  it('while the freshness of the denylist is not proven: what is minted could be dead at once', async () => {
    const world = createWorld()
    world.denylist.setFresh(false)
    expect(reasonOf(await world.issue(bySubject()))).toBe('store_unavailable')
  })
})

describe('a token issued in the second of a revoke-all', () => {
  it.each([
    ['subject', '42'],
    ['subject_sessions', '42'],
    ['client_id', 'client_a'],
  ] as const)('of its %s waits for the next second', async (dimension, id) => {
    const world = createWorld()
    world.clock.advance(300)
    world.denyBefore(dimension, id, NOW)
    const token = good(await world.issue(bySubject({ clientId: 'client_a' })))
    expect(payloadOf(token.token)).toMatchObject({ iat: NOW + 1, exp: NOW + 1 + 3600 })
    expect(token.expiresAt).toBe(NOW + 1 + 3600)
    expect(world.clock.wallMs()).toBeLessThan((NOW + 1) * 1000 + 50)
  })

  it('does not wait for an API key that its user kept', async () => {
    const world = createWorld()
    world.denyBefore('subject_sessions', '42', NOW)
    expect(payloadOf(good(await world.issue(bySubject({ tokenKind: 'api_key' }))).token)['iat']).toBe(NOW)
    expect(world.slept).toEqual([])
  })

  it('does not wait for the epoch of somebody else', async () => {
    const world = createWorld()
    world.denyBefore('subject', '43', NOW)
    good(await world.issue(bySubject()))
    expect(world.slept).toEqual([])
  })

  it('gives up on an epoch that lies further ahead, within little more than a second', async () => {
    const world = createWorld()
    world.denyBefore('subject', '42', NOW + 5)
    expect(await world.issue(bySubject())).toMatchObject({
      reason: { reason: 'store_unavailable', audit: { cause: 'subject_revoked' } },
    })
    expect(world.slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(1120)
  })
})

describe('signing', () => {
  it.each(['none', 'failing'] as const)('with a signer that is %s is our trouble', async (state) => {
    const world = createWorld()
    world.setSigner(state)
    expect(reasonOf(await world.issue(bySubject()))).toBe('keys_unavailable')
  })

  it('is not done with a key that has been revoked', async () => {
    const world = createWorld()
    world.deny('key_id', ownKey().kid)
    expect(await world.issue(bySubject())).toMatchObject({
      reason: { reason: 'keys_unavailable', audit: { cause: 'key_revoked' } },
    })
  })

  it('by another key at once, where the own one has been revoked and the files name another', async () => {
    const world = createWorld()
    const other = keyFor('ES256', 'other')
    world.deny('key_id', ownKey().kid)
    world.promote(other)
    const { token } = good(await world.issue(bySubject()))
    expect(decodeProtectedHeader(token)).toMatchObject({ kid: other.kid })
    world.deny('key_id', other.kid)
    expect(reasonOf(await world.issue(bySubject()))).toBe('keys_unavailable')
  })
})

describe('issuing', () => {
  it.each(['transaction', 'replacement', 'upstream'] as const)('by the grant %s is not built yet', async (kind) => {
    expect(reasonOf(await createWorld().issue({ kind }))).toBe('not_implemented')
  })

  it('without a grant is no request', async () => {
    expect(await createWorld().issue(undefined)).toMatchObject({
      reason: { reason: 'request_invalid', message: 'grant is required' },
    })
  })

  it('turns a fault of our own into an answer, and says only what kind of fault', async () => {
    const world = createWorld()
    world.denylist.onConsult(() => {
      throw new TypeError('secret detail')
    })
    expect(await world.issue(bySubject())).toMatchObject({
      reason: { reason: 'internal_error', message: 'Something went wrong', audit: { cause: 'TypeError' } },
    })
  })

  it('is throttled for a caller, and for one subject', async () => {
    const world = createWorld()
    const caller = { ...issueRights({}), quota: { per_second: 1, burst: 4, subject_per_second: 1, subject_burst: 2 } }
    const ask = async (subject: string) => reasonOf(await world.issue(bySubject({ subject }), { caller }))
    expect([await ask('a'), await ask('a'), await ask('a'), await ask('b'), await ask('c')]).toEqual([
      'ok',
      'ok',
      'quota_exceeded',
      'ok',
      'quota_exceeded',
    ])
  })

  it('spends nothing of a subject on requests that are refused', async () => {
    const world = createWorld()
    const caller = { ...issueRights({}), quota: { per_second: 99, burst: 99, subject_per_second: 1, subject_burst: 1 } }
    for (let index = 0; index < 5; index++) await world.issue(byApiKey({ apiKey: apiKey({ exp: NOW }) }), { caller })
    expect(reasonOf(await world.issue(byApiKey(), { caller }))).toBe('ok')
  })
})

describe('the audit', () => {
  it('has one line for what was issued, with ids and without the token', async () => {
    const world = createWorld()
    const token = good(await world.issue(byApiKey()))
    expect(world.log.lines).toEqual([
      {
        level: 'info',
        message: 'Issued a token',
        fields: {
          audit: true,
          method: 'issue',
          caller: 'portal',
          grant: 'api_key',
          kind: 'access',
          jti: token.jti,
          sub: '42',
          azp: '',
          expiresAt: token.expiresAt,
          rootJti: 'e9d58890-99b0-44f0-88bd-3ebc370b1329',
        },
      },
    ])
  })

  it('has one line for what was refused, with the cause that the caller is not told', async () => {
    const world = createWorld()
    world.deny('jti', 'e9d58890-99b0-44f0-88bd-3ebc370b1329')
    await world.issue(byApiKey())
    expect(world.log.lines).toEqual([
      {
        level: 'warn',
        message: 'Refused a call to the token service',
        fields: {
          audit: true,
          method: 'issue',
          caller: 'portal',
          grant: 'api_key',
          reason: 'api_key_revoked',
          detail: 'api_key_revoked',
          jti: 'e9d58890-99b0-44f0-88bd-3ebc370b1329',
          sub: '42',
        },
      },
    ])
  })

  it('never has any part of a token or API key in it', async () => {
    const world = createWorld()
    const presented = [apiKey(), apiKey({ exp: NOW }), apiKey({ pur: 'access' }), 'not.a.token']
    const issued = await Promise.all(presented.map((key) => world.issue(byApiKey({ apiKey: key }))))
    const texts = [...presented, ...issued.flatMap((result) => (result.ok ? [result.value.token] : []))]
    for (const part of texts.flatMap((text) => text.split('.')).filter((part) => part.length > 5)) {
      expect(world.log.text()).not.toContain(part)
    }
  })
})
