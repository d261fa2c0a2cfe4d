// Identity headers: from verified claims only, so encoded that no parser reads another identity than was signed.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { identityHeaders, noIdentity } from '../../../src/check/identity.ts'
import { readProfile } from '../../../src/tokens/profile.ts'
import { anyText } from '../../support/arbitraries.ts'
import { type Claims, ISSUER, taskClaims, validClaims, verifiedToken } from '../../support/tokens.ts'

const NAMES = [
  'x-auth-subject',
  'x-auth-issuer',
  'x-auth-token-id',
  'x-auth-client',
  'x-auth-username',
  'x-auth-scopes',
  'x-auth-task-type',
]

function headersOf(claims: Claims): Readonly<Record<string, string | undefined>> | undefined {
  const token = verifiedToken(claims)
  const profile = readProfile(token.claims)
  if (!profile.ok) throw new Error(profile.reason)
  const headers = identityHeaders(token, profile.value)
  return headers && Object.fromEntries(headers.map(({ name, value }) => [name, value]))
}

describe('identityHeaders', () => {
  it('say who it is', () => {
    expect(headersOf({ ...taskClaims, azp: 'my-client' })).toEqual({
      'x-auth-subject': '42',
      'x-auth-issuer': ISSUER,
      'x-auth-token-id': taskClaims.jti,
      'x-auth-client': 'my-client',
      'x-auth-username': 'alice@example.org',
      'x-auth-scopes': 'fence openid user',
      'x-auth-task-type': 'WORKFLOW',
    })
  })

  it('name every header, so that what a token does not say is removed', () => {
    const bare = { sub: undefined, azp: undefined, scope: undefined, context: undefined }
    expect(headersOf(bare)).toEqual({
      ...Object.fromEntries(NAMES.map((name) => [name, undefined])),
      'x-auth-issuer': ISSUER,
      'x-auth-token-id': validClaims.jti,
    })
    expect(noIdentity).toEqual(NAMES.map((name) => ({ name, value: undefined })))
  })

  it('are removed rather than empty', () => {
    expect(headersOf({ sub: '', azp: '', scope: [], context: { user: { name: '' } } })).toMatchObject({
      'x-auth-subject': undefined,
      'x-auth-client': undefined,
      'x-auth-scopes': undefined,
      'x-auth-username': undefined,
    })
  })

  it.each([
    ['printable ASCII', 'a!"#$&\'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~', 'a!"#$&\'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~'],
    ['a space within', 'Alice Example', 'Alice Example'],
    ['a space in front: a parser would drop it', ' alice', '%20alice'],
    ['spaces behind', 'alice  ', 'alice%20%20'],
    ['nothing but a space', ' ', '%20'],
    ['CR and LF', 'a\r\nx-auth-subject: admin', 'a%0D%0Ax-auth-subject: admin'],
    ['a NUL', 'admin\0.evil', 'admin%00.evil'],
    ['a tab', 'a\tb', 'a%09b'],
    ['DEL', 'a\u007fb', 'a%7Fb'],
    ['percent, so that it can be undone', '100%41', '100%2541'],
    ['an umlaut', 'J\u00fcrgen', 'J%C3%BCrgen'],
    ['a control character of Latin-1', 'a\u0085b', 'a%C2%85b'],
    ['a line separator', 'a\u2028b', 'a%E2%80%A8b'],
    ['a letter beyond 16 bits', '\u{1f600}', '%F0%9F%98%80'],
  ])('encode %s', (_, sub, value) => {
    expect(headersOf({ sub })).toMatchObject({ 'x-auth-subject': value })
  })

  it('keep one scope one scope, though it has a space in it', () => {
    expect(headersOf({ scope: ['read admin', 'user'] })).toMatchObject({ 'x-auth-scopes': 'read%20admin user' })
    expect(headersOf({ scope: 'read admin' })).toMatchObject({ 'x-auth-scopes': 'read admin' })
  })

  it('may have 1024 characters, counted as they are sent, and not one more', () => {
    expect(headersOf({ sub: 'x'.repeat(1024) })).toMatchObject({ 'x-auth-subject': 'x'.repeat(1024) })
    expect(headersOf({ sub: 'x'.repeat(1025) })).toBeUndefined()
    expect(headersOf({ sub: '\u00fc'.repeat(170) })).toBeDefined()
    expect(headersOf({ sub: '\u00fc'.repeat(171) })).toBeUndefined()
    expect(headersOf({ context: { user: { name: 'x'.repeat(1025) } } })).toBeUndefined()
    expect(headersOf({ scope: Array.from({ length: 600 }, () => 'x') })).toBeUndefined()
  })

  it('are printable ASCII without white space at the ends, and give back what was signed', () => {
    // Half a surrogate pair is no character: it has no UTF-8.
    const text = anyText(60).filter((candidate) => !/\p{Cs}/u.test(candidate) && candidate !== '')
    fc.assert(
      fc.property(text, (sub) => {
        const value = headersOf({ sub })?.['x-auth-subject']
        expect(value).toMatch(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/)
        expect(decodeURIComponent(value ?? '')).toBe(sub)
      }),
      { numRuns: 500 },
    )
  })

  it('never throw, whatever the text is, and never give a header for what cannot be told apart', () => {
    fc.assert(
      fc.property(anyText(60), (sub) => {
        expect(headersOf({ sub })?.['x-auth-subject'] ?? 'a').toMatch(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/)
      }),
    )
    expect(headersOf({ sub: '\ud800' })).toBeUndefined()
    expect(headersOf({ context: { user: { name: 'a\udc00' } } })).toBeUndefined()
  })
})
