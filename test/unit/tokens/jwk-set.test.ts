// JWK Set documents: which keys are taken, which left out and why, and that no error quotes the document.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JwkSetError, parseJwkSet, type SkippedKey } from '../../../src/tokens/jwk-set.ts'
import { jwkSetText, keyFor, publicJwk } from '../../support/tokens.ts'

const es256 = publicJwk(keyFor('ES256'))
const rs256 = publicJwk(keyFor('RS256'))
const eddsa = publicJwk(keyFor('EdDSA'))
const { alg: _alg, use: _use, key_ops: _ops, ...bare } = es256

async function errorOf(text: string): Promise<unknown> {
  return parseJwkSet(text).then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('a JWK Set', () => {
  it('gives every usable key by its kid, with what it may be used for', async () => {
    const { keys, skipped } = await parseJwkSet(jwkSetText(es256, rs256, eddsa))
    expect(skipped).toEqual([])
    expect([...keys.values()].map(({ kid, algorithms, published }) => ({ kid, algorithms, published }))).toEqual([
      { kid: es256.kid, algorithms: ['ES256'], published: true },
      { kid: rs256.kid, algorithms: ['RS256'], published: true },
      { kid: eddsa.kid, algorithms: ['EdDSA'], published: true },
    ])
    expect(keys.get(es256.kid ?? '')?.key.equals(keyFor('ES256').publicKey)).toBe(true)
  })

  it('ignores members of the document and of keys that it does not know', async () => {
    const text = JSON.stringify({ keys: [{ ...es256, x5t: 'a', note: 'b' }], cached: true })
    expect((await parseJwkSet(text)).keys.size).toBe(1)
  })

  it('may be empty', async () => {
    expect(await parseJwkSet('{"keys":[]}')).toEqual({ keys: new Map(), skipped: [] })
  })

  it('lets a key without alg, use and key_ops be used for all that it fits', async () => {
    const { alg: _, ...rsa } = rs256
    const { keys } = await parseJwkSet(jwkSetText(bare, rsa))
    expect([...keys.values()].map(({ algorithms }) => algorithms)).toEqual([
      ['ES256'],
      ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
    ])
  })

  it.each<readonly [SkippedKey, string, unknown]>([
    ['kid_missing', 'has no kid', { ...es256, kid: undefined }],
    ['kid_missing', 'has an empty kid', { ...es256, kid: '' }],
    ['kid_missing', 'has a number for a kid', { ...es256, kid: 7 }],
    ['kid_missing', 'has null for a kid', { ...es256, kid: null }],
    ['not_for_signatures', 'is for encryption', { ...es256, use: 'enc' }],
    ['not_for_signatures', 'has a use of another type', { ...es256, use: ['sig'] }],
    ['not_for_signatures', 'is for signing only', { ...es256, key_ops: ['sign'] }],
    ['not_for_signatures', 'is for no operation', { ...es256, key_ops: [] }],
    ['not_for_signatures', 'has a text for its operations', { ...es256, key_ops: 'verify' }],
    ['key_unusable', 'is a symmetric key', { kty: 'oct', k: 'c2VjcmV0', kid: 'k', alg: 'HS256' }],
    ['key_unusable', 'is of an unknown type', { ...es256, kty: 'AKP' }],
    ['key_unusable', 'is of a type that every object has', { ...es256, kty: 'constructor' }],
    ['key_unusable', 'has no type', { ...es256, kty: undefined }],
    ['key_unusable', 'has a type that is no text', { ...es256, kty: { toString: null } }],
    ['key_unusable', 'has a curve that is no text', { ...es256, crv: { toString: null } }],
    ['key_unusable', 'is on a curve that every object has', { ...es256, crv: 'constructor' }],
    ['key_unusable', 'has the curve of another type', { ...eddsa, kid: 'x', crv: 'P-256' }],
    ['key_unusable', 'has a type for its curve', { ...es256, crv: 'RSA' }],
    ['key_unusable', 'is on an unknown curve', { ...es256, crv: 'secp256k1' }],
    ['key_unusable', 'says another curve than it is on', { ...es256, crv: 'P-384' }],
    ['key_unusable', 'is no point of its curve', { ...es256, x: es256.y }],
    ['key_unusable', 'lacks a coordinate', { ...es256, y: undefined }],
    ['key_unusable', 'has a number for a coordinate', { ...es256, x: 5 }],
    ['key_unusable', 'has an RSA modulus that is no base64url', { ...rs256, n: '!!' }],
    ['key_unusable', 'lacks the RSA exponent', { ...rs256, e: undefined }],
    ['key_unusable', 'is an RSA key of 1024 bits', { ...rs256, n: Buffer.alloc(128, 0xff).toString('base64url') }],
    ['key_unusable', 'is an RSA key of 8192 bits', { ...rs256, n: Buffer.alloc(1024, 0xff).toString('base64url') }],
    ['key_unusable', 'is an RSA key with exponent 1', { ...rs256, e: 'AQ' }],
    ['key_unusable', 'is for key agreement', { ...eddsa, kid: 'x', crv: 'X25519' }],
    ['key_unusable', 'says an algorithm that does not fit it', { ...es256, alg: 'RS256' }],
    ['key_unusable', 'says an algorithm for encryption', { ...rs256, alg: 'RSA-OAEP' }],
    ['key_unusable', 'says an HMAC', { ...rs256, alg: 'HS256' }],
    ['key_unusable', 'says none', { ...rs256, alg: 'none' }],
  ])('leaves out, as %s, a key that %s, and keeps the others', async (reason, _, jwk) => {
    const { keys, skipped } = await parseJwkSet(jwkSetText(jwk, eddsa))
    expect(skipped).toEqual([reason])
    expect([...keys.keys()]).toEqual([eddsa.kid])
  })

  it('leaves out both of two keys of one name, whichever comes first', async () => {
    const twin = { ...eddsa, kid: es256.kid }
    for (const text of [jwkSetText(es256, twin, rs256), jwkSetText(twin, es256, rs256)]) {
      const { keys, skipped } = await parseJwkSet(text)
      expect(skipped).toEqual(['kid_duplicate', 'kid_duplicate'])
      expect([...keys.keys()]).toEqual([rs256.kid])
    }
  })

  it('drops the private part of a key that was published by mistake', async () => {
    const { privateKey, publicKey } = keyFor('RS256')
    const leaked = { ...privateKey.export({ format: 'jwk' }), kid: 'leaked' }
    const { keys } = await parseJwkSet(jwkSetText(leaked))
    const key = keys.get('leaked')?.key
    expect(key?.type).toBe('public')
    expect(key?.equals(publicKey)).toBe(true)
    expect(Object.keys(key?.export({ format: 'jwk' }) ?? {}).sort()).toEqual(['e', 'kty', 'n'])
  })

  it('may have a hundred keys and not one more', async () => {
    const many = (count: number) =>
      jwkSetText(...Array.from({ length: count }, (_, at) => ({ ...es256, kid: `k${at}` })))
    expect((await parseJwkSet(many(100))).keys.size).toBe(100)
    expect(await errorOf(many(101))).toEqual(new JwkSetError('The JWK Set has too many keys'))
  })
})

describe('a document that is no JWK Set', () => {
  const secret = 'c2VjcmV0LXNlY3JldA'

  it.each([
    ['text', secret, 'The JWK Set is not JSON'],
    ['an HTML page', `<html>${secret}</html>`, 'The JWK Set is not JSON'],
    ['nothing', '', 'The JWK Set is not JSON'],
    ['cut short', `{"keys":[{"kty":"oct","k":"${secret}"`, 'The JWK Set is not JSON'],
    ['followed by something', `{"keys":[]} ${secret}`, 'The JWK Set is not JSON'],
    ['null', 'null', 'The document is not a JWK Set'],
    ['a list', `["${secret}"]`, 'The document is not a JWK Set'],
    ['an object without keys', `{"error":"${secret}"}`, 'The document is not a JWK Set'],
    ['one with an object for its keys', `{"keys":{"a":"${secret}"}}`, 'The document is not a JWK Set'],
    ['one with a text among its keys', `{"keys":["${secret}"]}`, 'The document is not a JWK Set'],
    ['one with null among its keys', `{"keys":[null]}`, 'The document is not a JWK Set'],
    ['the older form of Fence, a list of pairs', `{"keys":[["kid","${secret}"]]}`, 'The document is not a JWK Set'],
  ])('(%s) is an error of constant words', async (_, text, message) => {
    const error = await errorOf(text)
    expect(error).toEqual(new JwkSetError(message))
    expect(error).toHaveProperty('name', 'JwkSetError')
    expect(error).not.toHaveProperty('cause')
    expect(String(error instanceof Error ? error.stack : error)).not.toContain(secret)
  })

  it('is never anything but such an error, whatever the document is', async () => {
    const member = fc.dictionary(
      fc.constantFrom('kty', 'crv', 'kid', 'use', 'alg', 'key_ops', 'n', 'e', 'x', 'y', 'd', 'toString'),
      fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom('RSA', 'EC', 'OKP', 'P-256', 'Ed25519', 'AQAB', 'sig')),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(member, fc.constant(es256)), { maxLength: 4 }), async (members) => {
        const { keys, skipped } = await parseJwkSet(jwkSetText(...members))
        expect(keys.size + skipped.length).toBe(members.length)
      }),
    )
  })
})
