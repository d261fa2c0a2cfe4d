// What is read of a token beyond the registered claims, and by which names it can be revoked.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { claimAt, identityOf, readProfile, type TokenProfile } from '../../../src/tokens/profile.ts'
import {
  apiKeyClaims,
  type Claims,
  ISSUER,
  NOW,
  ownKey,
  taskClaims,
  validClaims,
  verifiedToken,
} from '../../support/tokens.ts'

const read = (claims: Claims) => readProfile(verifiedToken(claims).claims)
const refusal = { ok: false, reason: 'claims_invalid' }

function profileOf(claims: Claims): TokenProfile {
  const profile = read(claims)
  if (!profile.ok) throw new Error(profile.reason)
  return profile.value
}

describe('readProfile', () => {
  it('reads an access token that was minted from an API key', () => {
    expect(read({})).toEqual({
      ok: true,
      value: {
        purpose: 'access',
        scopes: ['fence', 'openid', 'user', 'data'],
        clientId: undefined,
        username: 'alice@example.org',
        taskType: undefined,
        apiKey: { jti: 'e9d58890-99b0-44f0-88bd-3ebc370b1329', iat: NOW - 1000, exp: NOW + 2_591_000 },
        transaction: undefined,
      },
    })
  })

  it('reads a task token, a client and a transaction', () => {
    expect(profileOf(taskClaims).taskType).toBe('WORKFLOW')
    expect(profileOf({ azp: 'my-client' }).clientId).toBe('my-client')
    expect(profileOf({ txn: 't-1' }).transaction).toBe('t-1')
  })

  it('reads a token that has nothing but the registered claims', () => {
    const bare = { scope: undefined, azp: undefined, context: undefined, pur: undefined }
    expect(profileOf(bare)).toEqual({ scopes: [] })
  })

  it.each([
    ['a list', ['a', 'b'], ['a', 'b']],
    ['a text', 'a b', ['a', 'b']],
    ['a text with more spaces than needed', ' a  b ', ['a', 'b']],
    ['an empty text', '', []],
    ['an empty list', [], []],
    ['null', null, []],
  ])('reads a scope that is %s', (_, scope, scopes) => {
    expect(profileOf({ scope }).scopes).toEqual(scopes)
  })

  it.each([
    ['a scope that is a number', { scope: 5 }],
    ['a scope that is an object', { scope: { a: true } }],
    ['a list of scopes with a number in it', { scope: ['a', 5] }],
    ['a list within the list of scopes', { scope: [['a']] }],
    ['a context that is a list', { context: [] }],
    ['a context that is a text', { context: 'admin' }],
    ['a context that is true', { context: true }],
    ['a client that is a number', { azp: 5 }],
    ['a client that is a list', { azp: ['my-client'] }],
    ['a transaction that is a number', { txn: 5 }],
    ['a task type that is a list', { context: { task_token_type: ['WORKFLOW'] } }],
    ['a task type that is true', { context: { task_token_type: true } }],
    ['an API key that is a text', { context: { api_key: 'e9d58890' } }],
    ['an API key that is null', { context: { api_key: null } }],
    ['an API key without an id', { context: { api_key: { iat: 1, exp: 2 } } }],
    ['an API key without an expiry', { context: { api_key: { jti: 'a', iat: 1 } } }],
    ['an API key without a beginning', { context: { api_key: { jti: 'a', exp: 2 } } }],
    ['an API key with a text for its expiry', { context: { api_key: { jti: 'a', iat: 1, exp: '2' } } }],
    ['an API key with a fraction for its expiry', { context: { api_key: { jti: 'a', iat: 1, exp: 2.5 } } }],
    ['an API key that expires beyond all numbers', { context: { api_key: { jti: 'a', iat: 1, exp: 1e20 } } }],
  ])('refuses %s', (_, claims) => {
    expect(read(claims)).toEqual(refusal)
  })

  it.each([
    ['no user', {}],
    ['a user that is null', { user: null }],
    ['a user that is a text', { user: 'alice' }],
    ['a user without a name', { user: {} }],
    ['a name that is a list', { user: { name: ['alice'] } }],
    ['a name that is null, as Fence has it for API keys', { user: { name: null } }],
  ])('has no user name where the context has %s: it is only a name', (_, context) => {
    expect(profileOf({ context }).username).toBeUndefined()
  })

  it('never throws, whatever the claims are', () => {
    const { claims } = verifiedToken()
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('scope', 'context', 'azp', 'txn', 'pur'), fc.jsonValue()),
        (payload) => {
          readProfile({ ...claims, payload })
        },
      ),
    )
  })
})

describe('claimAt', () => {
  const payload = JSON.parse('{"a":{"b":{"c":1},"list":[{"d":1}],"text":"xyz"},"__proto__":{"e":1}}')

  it.each([
    [['a', 'b', 'c'], 1],
    [['a', 'b'], { c: 1 }],
    [[], payload],
    [['a', 'x'], undefined],
    [['a', 'b', 'c', 'd'], undefined],
    [['a', 'list', '0', 'd'], undefined],
    [['a', 'list', 'length'], undefined],
    [['a', 'text', 'length'], undefined],
    [['constructor'], undefined],
    [['a', 'constructor', 'name'], undefined],
    [['a', '__proto__'], undefined],
    [['toString'], undefined],
  ])('%j', (path, value) => {
    expect(claimAt(payload, path)).toEqual(value)
  })
})

describe('identityOf', () => {
  const identity = (claims: Claims) => identityOf(verifiedToken(claims), profileOf(claims))

  it('names everything that a token can be revoked by', () => {
    expect(identity({ azp: 'my-client', txn: 't-1' })).toEqual({
      issuer: ISSUER,
      jti: validClaims.jti,
      keyId: ownKey().kid,
      issuedAt: NOW,
      isApiKey: false,
      apiKey: { jti: 'e9d58890-99b0-44f0-88bd-3ebc370b1329', issuedAt: NOW - 1000 },
      subject: '42',
      clientId: 'my-client',
      transaction: 't-1',
    })
  })

  it('tells an API key from a token that was minted from one', () => {
    expect(identity({ ...apiKeyClaims, context: undefined })).toMatchObject({ isApiKey: true, apiKey: undefined })
  })

  it('takes no empty text for a client', () => {
    expect(identity({ azp: '' }).clientId).toBeUndefined()
  })
})
