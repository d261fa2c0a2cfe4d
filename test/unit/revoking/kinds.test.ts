// What kind a token is by its claims, and whether one of its kind can be revoked by itself.
import { describe, expect, it } from 'vitest'
import { isRevocable, kindOf, type TokenKind, tokenKinds } from '../../../src/revoking/kinds.ts'
import { readProfile } from '../../../src/tokens/profile.ts'
import { type Claims, commons, verifiedToken } from '../../support/tokens.ts'

function kind(claims: Claims, issuer = commons()): TokenKind {
  const token = verifiedToken(claims, issuer)
  const profile = readProfile(token.claims)
  if (!profile.ok) throw new Error(profile.reason)
  return kindOf(token, profile.value)
}

describe('the kind of a token', () => {
  const task = { context: { task_token_type: 'FOO' } }
  it.each<[string, Claims, TokenKind]>([
    ['access', { pur: 'access' }, 'access'],
    ['access, addressed to a task type but not marked', { pur: 'access', aud: ['FOO'], context: {} }, 'access'],
    ['a marked access token', { pur: 'access', ...task }, 'task'],
    ['a marked access token for everybody', { pur: 'access', aud: ['gen3', 'FOO'], ...task }, 'task'],
    ['API key', { pur: 'api_key' }, 'api_key'],
    ['a marked API key', { pur: 'api_key', ...task }, 'api_key'],
    ['refresh', { pur: 'refresh' }, 'refresh'],
    ['session', { pur: 'session' }, 'session'],
    ['ID', { pur: 'id' }, 'id'],
    ['upstream', { pur: 'upstream' }, 'upstream'],
    ['a transaction token', { pur: undefined, txn: 't-1' }, 'transaction'],
    ['an access token that names a transaction', { pur: 'access', txn: 't-1' }, 'access'],
    ['a purpose that nobody knows', { pur: 'root' }, 'other'],
    ['a purpose of another type', { pur: ['access'] }, 'other'],
    ['no purpose', { pur: undefined }, 'other'],
    ['a purpose of the prototype', { pur: 'constructor' }, 'other'],
  ])('%s', (_name, claims, expected) => {
    expect(kind(claims)).toBe(expected)
  })

  it('is told by the claim that the issuer uses', () => {
    const issuer = commons({ purpose: { claim: 'token_use', access: 'at' } })
    expect(kind({ pur: 'api_key', token_use: 'at' }, issuer)).toBe('access')
    expect(kind({ pur: 'access', token_use: 'refresh' }, issuer)).toBe('refresh')
    expect(kind({ pur: 'access' }, issuer)).toBe('other')
  })

  it('is access for whatever an issuer without purposes makes', () => {
    const issuer = commons({ purpose: undefined })
    expect(kind({ pur: 'id' }, issuer)).toBe('access')
    expect(kind({ pur: undefined, txn: 't-1' }, issuer)).toBe('transaction')
  })
})

describe('revocable', () => {
  const none = { isLogout: false, listed: new Set<string>() }
  const kinds = Object.keys(tokenKinds).filter((name): name is TokenKind => Object.hasOwn(tokenKinds, name))
  const always: readonly TokenKind[] = ['task', 'api_key', 'refresh', 'session', 'upstream', 'transaction']

  it.each<[string, Parameters<typeof isRevocable>[1], readonly TokenKind[]]>([
    ['by default: all but access, ID and unknown tokens', none, always],
    ['by whoever holds it: access tokens too', { ...none, isLogout: true }, ['access', ...always]],
    ['where listed: access tokens too', { ...none, listed: new Set(['access']) }, ['access', ...always]],
    [
      'never, even if listed and held: ID and unknown tokens',
      { isLogout: true, listed: new Set(['id', 'other']) },
      ['access', ...always],
    ],
  ])('%s', (_name, options, expected) => {
    expect(kinds.filter((name) => isRevocable(name, options))).toEqual(expected)
  })

  it('revokers are access tokens and API keys only', () => {
    expect(kinds.filter((name) => tokenKinds[name].mayRevoke)).toEqual(['access', 'api_key'])
  })
})
