// Which key may be used with which algorithm, and that a signature is checked as that algorithm and no other.
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { algorithmsOf, verifySignature } from '../../../src/tokens/algorithms.ts'
import { type Algorithm, keyFor, signBytes } from '../../support/tokens.ts'

const RSA_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const satisfies readonly Algorithm[]
const ALGORITHMS = [...RSA_ALGORITHMS, 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const

/** A public key with a modulus of that many bits: nobody has to know its factors to be asked to use it. */
function rsaPublicKey(bits: number, exponent = 'AQAB'): KeyObject {
  const modulus = randomBytes(bits / 8)
  modulus.writeUInt8(modulus.readUInt8(0) | 0x80, 0)
  modulus.writeUInt8(modulus.readUInt8(modulus.length - 1) | 1, modulus.length - 1)
  return createPublicKey({ key: { kty: 'RSA', n: modulus.toString('base64url'), e: exponent }, format: 'jwk' })
}

describe('algorithmsOf', () => {
  it.each([
    ['RSA of 2048 bits', () => keyFor('RS256').publicKey, RSA_ALGORITHMS],
    ['RSA of 4096 bits', () => rsaPublicKey(4096), RSA_ALGORITHMS],
    ['RSA of 1024 bits: weak', () => rsaPublicKey(1024), []],
    ['RSA of 2040 bits: weak', () => rsaPublicKey(2040), []],
    ['RSA of 4104 bits: dear', () => rsaPublicKey(4104), []],
    ['RSA of 8192 bits: dear', () => rsaPublicKey(8192), []],
    ['RSA with exponent 1: every text is its own signature', () => rsaPublicKey(2048, 'AQ'), []],
    ['RSA with exponent 3', () => rsaPublicKey(2048, 'Aw'), RSA_ALGORITHMS],
    ['RSA with an exponent of 2^32 + 1: dear', () => rsaPublicKey(2048, 'AQAAAAE'), []],
    ['P-256', () => keyFor('ES256').publicKey, ['ES256']],
    ['P-384', () => keyFor('ES384').publicKey, ['ES384']],
    ['P-521', () => keyFor('ES512').publicKey, ['ES512']],
    ['secp256k1', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey, []],
    ['Ed25519', () => keyFor('EdDSA').publicKey, ['EdDSA', 'Ed25519']],
    ['Ed448', () => generateKeyPairSync('ed448').publicKey, []],
    ['X25519: for agreement, not for signatures', () => generateKeyPairSync('x25519').publicKey, []],
    ['RSA restricted to PSS', () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey, []],
  ])('a key of %s may be used with these algorithms', (_, key, algorithms) => {
    expect(algorithmsOf(key())).toEqual(algorithms)
  })

  it('names no algorithm without a key pair', () => {
    const named = ALGORITHMS.flatMap((alg) => algorithmsOf(keyFor(alg).publicKey))
    expect(named.filter((name) => /^(none|HS)/i.test(name))).toEqual([])
  })
})

describe('verifySignature', () => {
  const signingInput = 'eyJhbGciOiJ4In0.eyJzdWIiOiI0MiJ9'
  const data = Buffer.from(signingInput)

  it.each(ALGORITHMS)(
    '%s: accepts what the key signed and refuses another text, another key, another algorithm',
    (alg) => {
      const { publicKey } = keyFor(alg)
      const signature = signBytes(alg, data, keyFor(alg))
      expect(verifySignature(alg, publicKey, { signingInput, signature })).toBe(true)
      expect(verifySignature(alg, publicKey, { signingInput: `${signingInput}A`, signature })).toBe(false)
      expect(verifySignature(alg, keyFor(alg, 'another').publicKey, { signingInput, signature })).toBe(false)
      const others = algorithmsOf(publicKey).filter((name) => name !== alg && !name.startsWith('Ed'))
      for (const other of others) expect(verifySignature(other, publicKey, { signingInput, signature })).toBe(false)
    },
  )

  it.each(ALGORITHMS)('%s: refuses a signature with any bit changed, cut or lengthened', (alg) => {
    const { publicKey } = keyFor(alg)
    const signature = signBytes(alg, data, keyFor(alg))
    fc.assert(
      fc.property(fc.nat(signature.length - 1), fc.nat(7), fc.nat(signature.length - 1), (at, bit, length) => {
        const changed = Buffer.from(signature)
        changed.writeUInt8(changed.readUInt8(at) ^ (1 << bit), at)
        expect(verifySignature(alg, publicKey, { signingInput, signature: changed })).toBe(false)
        const cut = signature.subarray(0, length)
        expect(verifySignature(alg, publicKey, { signingInput, signature: cut })).toBe(false)
        const longer = Buffer.concat([signature, Buffer.alloc(length + 1)])
        expect(verifySignature(alg, publicKey, { signingInput, signature: longer })).toBe(false)
      }),
      { numRuns: 25 },
    )
  })

  it.each(['ES256', 'ES384', 'ES512'] as const)('%s: refuses the DER form and a signature of zeros', (alg) => {
    const { privateKey, publicKey } = keyFor(alg)
    const der = sign(`sha${alg.slice(2)}`, data, privateKey)
    expect(verifySignature(alg, publicKey, { signingInput, signature: der })).toBe(false)
    const { length } = signBytes(alg, data, keyFor(alg))
    expect(verifySignature(alg, publicKey, { signingInput, signature: Buffer.alloc(length) })).toBe(false)
  })

  it.each(['none', 'None', 'HS256', 'hs256', 'rs256', 'RS1', '', 'constructor', '__proto__', 'ES256K'])(
    'refuses the algorithm %j whatever the signature is',
    (alg) => {
      const { publicKey } = keyFor('RS256')
      expect(verifySignature(alg, publicKey, { signingInput, signature: Buffer.alloc(0) })).toBe(false)
      expect(verifySignature(alg, publicKey, { signingInput, signature: Buffer.alloc(256, 1) })).toBe(false)
    },
  )
})
