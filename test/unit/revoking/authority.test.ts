// Who may revoke which token: the matrix of rights, and every way in which a revoker token can be bad.
import { describe, expect, it } from 'vitest'
import {
  access,
  apiKey,
  callerWith,
  createWorld,
  FOREIGN_ISSUER,
  foreignIssuerKey,
  NOW,
  previousKey,
  reasonOf,
  retiredKey,
} from '../../support/issuing/world.ts'
import { foreignKey } from '../../support/tokens.ts'

/** A task token of user 42, which every right can reach. */
const target = (claims: object = {}): string =>
  access({ aud: ['FOO'], jti: 'target', azp: 'test-client', context: { task_token_type: 'FOO' }, ...claims })

const right = (revoke: string, client_id?: string) =>
  callerWith({ revoke, ...(client_id !== undefined && { client_id }) })

describe('the rights of a caller', () => {
  const owner = access()
  const stranger = access({ sub: '43', jti: 'stranger' })

  it.each<[string, ReturnType<typeof right>, object, string, string]>([
    ['none, whoever stands for the user', right('none'), {}, owner, 'caller_denied'],
    ['on behalf of the owner', right('on_behalf'), {}, owner, 'ok'],
    ['on behalf of the owner, with an API key', right('on_behalf'), {}, apiKey(), 'ok'],
    ['on behalf of somebody else', right('on_behalf'), {}, stranger, 'not_owner'],
    ['on behalf of nobody', right('on_behalf'), {}, '', 'request_invalid'],
    ['on behalf of a user for a token without subject', right('on_behalf'), { sub: undefined }, owner, 'not_owner'],
    [
      'on behalf of a user without subject',
      right('on_behalf'),
      { sub: undefined },
      access({ sub: undefined }),
      'not_owner',
    ],
    ['on behalf of the empty subject', right('on_behalf'), { sub: '' }, access({ sub: '' }), 'not_owner'],
    ['a client, its own token', right('own_client', 'test-client'), {}, '', 'ok'],
    ['a client, the token of another', right('own_client', 'other'), {}, '', 'not_owner'],
    ['a client, the token of another, for its owner', right('own_client', 'other'), {}, owner, 'not_owner'],
    ['a client, a token of no client', right('own_client', 'test-client'), { azp: '' }, '', 'not_owner'],
    ['a client, a token without azp', right('own_client', 'test-client'), { azp: undefined }, '', 'not_owner'],
    ['a client without a client id, a token of no client', right('own_client'), { azp: '' }, '', 'not_owner'],
    ['any', right('any'), {}, '', 'ok'],
    ['any, of any user and client', right('any'), { sub: '7', azp: '' }, '', 'ok'],
    ['any, with a revoker token of somebody else', right('any'), {}, stranger, 'ok'],
    ['any, with a revoker token that is none', right('any'), {}, 'blah', 'revoker_invalid'],
  ])('%s', async (_name, caller, claims, revokerToken, expected) => {
    const world = createWorld()
    expect(reasonOf(await world.revoke({ token: target(claims), revokerToken }, caller))).toBe(expected)
    expect(world.store.recorded).toHaveLength(expected === 'ok' ? 1 : 0)
  })

  it('a user is the same only within an issuer', async () => {
    const foreignOwner = access({ iss: FOREIGN_ISSUER }, { key: foreignIssuerKey() })
    expect(reasonOf(await createWorld().revoke({ token: target(), revokerToken: foreignOwner }))).toBe('not_owner')
    const foreignTarget = access({ iss: FOREIGN_ISSUER, pur: 'refresh', jti: 'other' }, { key: foreignIssuerKey() })
    expect(reasonOf(await createWorld().revoke({ token: foreignTarget, revokerToken: foreignOwner }))).toBe('ok')
  })

  it('the right is asked before the kind', async () => {
    const plain = access({ jti: 'plain', sub: '43' })
    expect(reasonOf(await createWorld().revoke({ token: plain, revokerToken: access() }))).toBe('not_owner')
  })
})

describe('a revoker token is refused', () => {
  it.each<[string, string, string]>([
    ['expired', access({ exp: NOW }), 'token_expired'],
    ['not valid yet', access({ nbf: NOW + 31 }), 'token_not_yet_valid'],
    ['longer-lived than any', access({ exp: NOW + 2_592_001 }), 'lifetime_exceeded'],
    ['for another audience', access({ aud: ['other'] }), 'audience_mismatch'],
    ['for no audience', access({ aud: undefined }), 'audience_mismatch'],
    [
      'a task token, also one for everybody',
      access({ aud: ['gen3', 'FOO'], context: { task_token_type: 'FOO' } }),
      'purpose_refused',
    ],
    ['a refresh token', access({ pur: 'refresh' }), 'purpose_refused'],
    ['a session token', access({ pur: 'session' }), 'purpose_refused'],
    ['an ID token', access({ pur: 'id' }), 'purpose_refused'],
    ['a transaction token', access({ pur: undefined, txn: 't' }), 'purpose_refused'],
    ['an access token signed by a retired key', access({}, { key: retiredKey() }), 'key_unknown'],
    ['signed by an unknown key', access({}, { key: foreignKey() }), 'key_unknown'],
    ['changed after signing', `${access().slice(0, -4)}AAAA`, 'signature_invalid'],
    ['of an issuer that is not configured', access({ iss: 'https://evil.example' }), 'issuer_unknown'],
    ['without id', access({ jti: undefined }), 'claims_invalid'],
    ['with a context that is no object', access({ context: 'x' }), 'claims_invalid'],
  ])('%s', async (_name, revokerToken, cause) => {
    expect(await createWorld().revoke({ token: target(), revokerToken })).toMatchObject({
      reason: { reason: 'revoker_invalid', message: 'The revoker token is not valid', audit: { cause } },
    })
  })

  it.each<[string, Parameters<ReturnType<typeof createWorld>['deny']>]>([
    ['itself', ['jti', '2b0a0b1e-8f55-4b8a-9d6e-0d6b3a0a2f11']],
    ['its API key', ['jti', 'root']],
    ['its signing key', ['key_id', previousKey().kid]],
  ])('after a revocation of %s', async (_name, denied) => {
    const world = createWorld()
    world.deny(...denied)
    const root = { api_key: { jti: 'root', iat: NOW - 60, exp: NOW + 7200 } }
    const revokerToken = access({ context: root }, { key: previousKey() })
    expect(reasonOf(await world.revoke({ token: target(), revokerToken }))).toBe('revoker_invalid')
  })

  it('after a revoke-all of its subject', async () => {
    const world = createWorld()
    world.denyBefore('subject', '42', NOW)
    expect(reasonOf(await world.revoke({ token: target(), revokerToken: access() }))).toBe('revoker_invalid')
  })

  it('that cannot be verified now is our trouble', async () => {
    const world = createWorld()
    world.foreignRing.setUnavailable(true)
    const revokerToken = access({ iss: FOREIGN_ISSUER }, { key: foreignIssuerKey() })
    expect(reasonOf(await world.revoke({ token: target(), revokerToken }))).toBe('keys_unavailable')
  })
})

describe('a revoker token is good', () => {
  it.each<[string, string]>([
    ['an access token', access()],
    ['an access token of a previous key', access({}, { key: previousKey() })],
    ['an API key', apiKey()],
    ['an API key of a retired key', apiKey({}, { key: retiredKey() })],
    ['an access token for others as well', access({ aud: ['other', 'gen3'] })],
  ])('%s', async (_name, revokerToken) => {
    expect(reasonOf(await createWorld().revoke({ token: target(), revokerToken }))).toBe('ok')
  })
})
