// The registered claims: which types are read, which refused, and where exactly a time begins and ends.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkTimes, readClaims, signingInputDigest } from '../../../src/tokens/claims.ts'
import { parseCompactJws } from '../../../src/tokens/compact.ts'
import type { TokenClaims } from '../../../src/tokens/port.ts'
import { type Claims, commons, encodePart, mint, NOW, ownKey, signCompact, validClaims } from '../../support/tokens.ts'

function parsed(token: string) {
  const jws = parseCompactJws(token)
  if (!jws.ok) throw new Error(jws.reason)
  return jws.value
}

const read = (claims: Claims) => readClaims(parsed(mint(claims)), 'jti')

/** The payload as text, for numbers that JSON.stringify would write in another way. */
const readText = (changes: string) =>
  readClaims(
    parsed(signCompact({ alg: 'ES256' }, `${JSON.stringify(validClaims).slice(0, -1)},${changes}}`, ownKey())),
    'jti',
  )

const refusal = { ok: false, reason: 'claims_invalid' }

describe('readClaims', () => {
  it('gives the registered claims and the whole payload', () => {
    expect(read({ nbf: NOW })).toEqual({
      ok: true,
      value: {
        iss: validClaims.iss,
        sub: '42',
        aud: ['gen3'],
        exp: NOW + 3600,
        iat: NOW,
        nbf: NOW,
        jti: validClaims.jti,
        payload: { ...validClaims, nbf: NOW },
      },
    })
  })

  it.each([
    ['a text', '"1770003600"'],
    ['a fraction', '1770003600.5'],
    ['negative', '-1'],
    ['1e20', '1e20'],
    ['1e400, which is infinite', '1e400'],
    ['in milliseconds', '1770003600000'],
    ['null', 'null'],
    ['true', 'true'],
    ['a list', '[1770003600]'],
    ['an object', '{}'],
  ])('refuses exp, iat and nbf that are %s', (_, value) => {
    for (const claim of ['exp', 'iat', 'nbf'])
      expect([claim, readText(`"${claim}":${value}`)]).toEqual([claim, refusal])
  })

  it.each([
    ['exp', refusal],
    ['iat', refusal],
    ['iss', refusal],
    ['jti', refusal],
    ['nbf', { ok: true }],
    ['sub', { ok: true }],
    ['aud', { ok: true, value: { aud: [] } }],
  ])('a token without %s', (claim, result) => {
    expect(read({ [claim]: undefined })).toMatchObject(result)
  })

  it.each([
    ['one text', 'gen3', ['gen3']],
    ['a list', ['gen3', 'client'], ['gen3', 'client']],
    ['an empty list', [], []],
    ['an empty text', '', ['']],
  ])('accepts an audience that is %s', (_, aud, expected) => {
    expect(read({ aud })).toMatchObject({ ok: true, value: { aud: expected } })
  })

  it.each([
    ['a number', 5],
    ['null', null],
    ['true', true],
    ['an object', { gen3: 1 }],
    ['a list with a number beside a match', ['gen3', 5]],
    ['a list with null beside a match', ['gen3', null]],
    ['a list within a list', [['gen3']]],
    ['a list of objects', [{ gen3: 1 }]],
  ])('refuses an audience that is %s', (_, aud) => {
    expect(read({ aud })).toEqual(refusal)
  })

  it.each([
    ['of one character', 'x'],
    ['of 128 characters', 'x'.repeat(128)],
  ])('accepts a jti %s', (_, jti) => {
    expect(read({ jti })).toMatchObject({ ok: true, value: { jti } })
  })

  it.each([
    ['empty', ''],
    ['of 129 characters', 'x'.repeat(129)],
    ['null', null],
    ['a number', 7],
    ['a list', ['x']],
    ['an object', { toString: 'x' }],
  ])('refuses a jti that is %s', (_, jti) => {
    expect(read({ jti })).toEqual(refusal)
  })

  it.each([
    ['sub', null],
    ['sub', 42],
    ['sub', ['42']],
    ['sub', { id: '42' }],
    ['iss', null],
    ['iss', ['https://commons.example/user']],
  ])('refuses a %s that is %j', (claim, value) => {
    expect(read({ [claim]: value })).toEqual(refusal)
  })

  it('reads claims of the token itself only, never what every object has', () => {
    const jws = parsed(signCompact({ alg: 'ES256' }, '{"__proto__":{"iss":"x","exp":1,"iat":1,"jti":"x"}}', ownKey()))
    expect(readClaims(jws, 'jti')).toEqual(refusal)
  })
})

describe('the id of a token', () => {
  const ofSigningInput = (token: string) =>
    createHash('sha256')
      .update(token.slice(0, token.lastIndexOf('.')))
      .digest('base64url')

  it('is SHA-256 of header and payload for an issuer that sends no jti', () => {
    const token = mint({ jti: undefined })
    const id = ofSigningInput(token)
    expect(readClaims(parsed(token), 'signing_input')).toMatchObject({ ok: true, value: { jti: id } })
    expect(signingInputDigest(parsed(token))).toBe(id)
    expect(id).toMatch(/^[A-Za-z0-9_-]{43}$/)
  })

  it('does not depend on the signature, which may be made again and again', () => {
    const [header = '', payload = ''] = mint().split('.')
    const token = (byte: number) => `${header}.${payload}.${encodePart(Buffer.alloc(64, byte))}`
    expect(signingInputDigest(parsed(token(1)))).toBe(signingInputDigest(parsed(token(2))))
    expect(signingInputDigest(parsed(mint({ sub: '43' })))).not.toBe(signingInputDigest(parsed(token(1))))
  })

  it('is the digest even where such a token names a jti: the configuration decides, not the token', () => {
    const token = mint({ jti: 'chosen' })
    expect(readClaims(parsed(token), 'signing_input')).toMatchObject({
      ok: true,
      value: { jti: ofSigningInput(token) },
    })
  })

  it('is the jti where it is optional and given, else the digest; a jti of another type is still refused', () => {
    expect(readClaims(parsed(mint()), 'jti_optional')).toMatchObject({ ok: true, value: { jti: validClaims.jti } })
    const without = mint({ jti: undefined })
    expect(readClaims(parsed(without), 'jti_optional')).toMatchObject({
      ok: true,
      value: { jti: ofSigningInput(without) },
    })
    for (const jti of [null, 5, '', 'x'.repeat(129)]) {
      expect(readClaims(parsed(mint({ jti })), 'jti_optional')).toEqual(refusal)
    }
  })
})

describe('checkTimes', () => {
  const issuer = commons({ leewaySeconds: 30, maxLifetimeSeconds: 3600 })
  const at = (times: Partial<TokenClaims>, now = NOW) => checkTimes({ ...validTimes, ...times }, issuer, now)
  const validTimes: TokenClaims = {
    iss: 'i',
    sub: 's',
    aud: [],
    exp: NOW + 60,
    iat: NOW - 60,
    nbf: undefined,
    jti: 'j',
    payload: {},
  }

  it.each([
    ['expires in one second', { exp: NOW + 1 }, undefined],
    ['expires now', { exp: NOW }, 'token_expired'],
    ['expired a second ago: exp has no leeway', { exp: NOW - 1 }, 'token_expired'],
    ['was issued now', { iat: NOW }, undefined],
    ['was issued within the leeway, by a clock that runs ahead', { iat: NOW + 30 }, undefined],
    ['was issued beyond the leeway', { iat: NOW + 31 }, 'token_not_yet_valid'],
    ['begins within the leeway', { nbf: NOW + 30 }, undefined],
    ['begins beyond the leeway', { nbf: NOW + 31 }, 'token_not_yet_valid'],
    ['begins long ago', { nbf: 0 }, undefined],
    ['lives exactly as long as allowed', { iat: NOW - 60, exp: NOW - 60 + 3600 }, undefined],
    ['lives a second longer', { iat: NOW - 60, exp: NOW - 60 + 3601 }, 'lifetime_exceeded'],
    ['was issued at the beginning of time', { iat: 0 }, 'lifetime_exceeded'],
    ['expires at the end of time', { exp: 0xff_ffff_ffff }, 'lifetime_exceeded'],
    ['expired, not begun and too long: the expiry is said', { exp: NOW, nbf: NOW + 99, iat: 0 }, 'token_expired'],
    [
      'not begun and too long: the beginning is said',
      { exp: NOW + 9999, nbf: NOW + 99, iat: 0 },
      'token_not_yet_valid',
    ],
  ])('a token that %s', (_, times, reason) => {
    expect(at(times)).toBe(reason)
  })

  it('allows only times at which a token has begun, has not ended and is not too long', () => {
    const seconds = fc.integer({ min: NOW - 5000, max: NOW + 5000 })
    fc.assert(
      fc.property(seconds, seconds, fc.option(seconds, { nil: undefined }), (iat, exp, nbf) => {
        const sound = exp > NOW && iat <= NOW + 30 && (nbf ?? 0) <= NOW + 30 && exp - iat <= 3600
        expect(at({ iat, exp, nbf }) === undefined).toBe(sound)
      }),
      { numRuns: 1000 },
    )
  })
})
