// Is this token genuine? Every reason for a no, the classic forgeries, and which key is asked for when.
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Expectations, TrustedIssuer, VerifyReason } from '../../../src/tokens/port.ts'
import { mediaType, tokenVerifier } from '../../../src/tokens/verifier.ts'
import { createFakeKeyRing } from '../../support/fakes/key-ring.ts'
import {
  type Algorithm,
  type Claims,
  commons,
  encodePart,
  FOREIGN_ISSUER,
  foreignKey,
  hmacCompact,
  ISSUER,
  issuersByIss,
  keyFor,
  mint,
  NOW,
  ownKey,
  publicJwk,
  respellings,
  signCompact,
  untouchableKeys,
  validClaims,
} from '../../support/tokens.ts'

const issuer = commons()

function expecting(changes: Partial<Expectations> & { readonly issuer?: TrustedIssuer } = {}): Expectations {
  return { issuers: issuersByIss(changes.issuer ?? issuer), keys: 'published', nowSeconds: NOW, ...changes }
}

const verify = (token: string, changes?: Parameters<typeof expecting>[0]) =>
  tokenVerifier.verify(token, expecting(changes))

const refused = (reason: VerifyReason) => ({ ok: false, reason })

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('a genuine token', () => {
  it.each(['RS256', 'ES256', 'EdDSA'] as const)('of %s is accepted at once', (alg) => {
    const key = keyFor(alg)
    const trusted = commons({ keys: createFakeKeyRing(key) })
    expect(verify(mint({}, { key }), { issuer: trusted })).toEqual({
      ok: true,
      value: {
        issuer: trusted,
        kid: key.kid,
        claims: expect.objectContaining({ iss: ISSUER, sub: '42', aud: ['gen3'], jti: validClaims.jti }),
      },
    })
  })

  it.each(['RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES384', 'ES512'] as const)(
    'of %s is accepted where the issuer lists that algorithm, and refused where it does not',
    (alg) => {
      const key = keyFor(alg)
      const keys = createFakeKeyRing(key)
      const token = mint({}, { key })
      expect(verify(token, { issuer: commons({ keys, algorithms: new Set([alg]) }) })).toMatchObject({ ok: true })
      expect(verify(token, { issuer: commons({ keys }) })).toEqual(refused('algorithm_refused'))
    },
  )

  it('gives the configured issuer, not what the token says about it', () => {
    const other = commons({ name: 'other', issuer: FOREIGN_ISSUER, keys: createFakeKeyRing(foreignKey()) })
    const token = mint({ iss: FOREIGN_ISSUER }, { key: foreignKey() })
    const verified = verify(token, { issuers: issuersByIss(issuer, other) })
    expect(verified).toMatchObject({ ok: true, value: { issuer: { name: 'other' } } })
  })
})

describe('every reason for a no', () => {
  const table: readonly (readonly [VerifyReason, string, () => string])[] = [
    ['credential_malformed', 'is no compact JWS', () => 'blah'],
    [
      'credential_malformed',
      'is spelt otherwise',
      () => mint().replace(/[^.]+$/, (text) => respellings(text)[0] ?? ''),
    ],
    ['token_too_large', 'is larger than 8 KiB', () => mint({ filler: 'x'.repeat(8192) })],
    ['issuer_unknown', 'comes from another issuer', () => mint({ iss: FOREIGN_ISSUER })],
    [
      'algorithm_refused',
      'names an algorithm that the issuer does not use',
      () => mint({}, { header: { alg: 'ES384' } }),
    ],
    ['algorithm_refused', 'names none at all', () => mint({}, { header: { alg: undefined } })],
    ['algorithm_refused', 'names an algorithm that its key is not for', () => mint({}, { header: { alg: 'EdDSA' } })],
    ['type_refused', 'is of another type', () => mint({}, { header: { typ: 'txntoken+jwt' } })],
    ['type_refused', 'has critical extensions', () => mint({}, { header: { crit: ['exp'] } })],
    ['key_unknown', 'names a key that the issuer does not have', () => mint({}, { header: { kid: 'gone' } })],
    [
      'signature_invalid',
      'is signed by somebody else',
      () => mint({}, { key: { ...foreignKey(), kid: ownKey().kid } }),
    ],
    ['signature_invalid', 'was changed', () => changedPayload({ sub: '43' })],
    ['claims_invalid', 'never expires', () => mint({ exp: undefined })],
    ['token_expired', 'expires now', () => mint({ exp: NOW })],
    ['token_not_yet_valid', 'is issued in the future', () => mint({ iat: NOW + 31 })],
    ['token_not_yet_valid', 'begins in the future', () => mint({ nbf: NOW + 31 })],
    ['lifetime_exceeded', 'lives longer than the issuer may let it', () => mint({ exp: NOW + 30 * 86_400 + 1 })],
  ]

  it.each(table)('%s: the token %s', (reason, _, token) => {
    expect(verify(token())).toEqual(refused(reason))
  })

  it('keys_unavailable: the keys of the issuer could never be had', () => {
    const keys = createFakeKeyRing(ownKey())
    keys.setUnavailable(true)
    expect(verify(mint(), { issuer: commons({ keys }) })).toEqual(refused('keys_unavailable'))
  })

  it('is in this table', () => {
    const covered: Readonly<Record<VerifyReason, true>> = {
      credential_malformed: true,
      token_too_large: true,
      issuer_unknown: true,
      algorithm_refused: true,
      key_unknown: true,
      signature_invalid: true,
      type_refused: true,
      claims_invalid: true,
      token_expired: true,
      token_not_yet_valid: true,
      lifetime_exceeded: true,
      keys_unavailable: true,
    }
    const inTable = new Set<string>(table.map(([reason]) => reason)).add('keys_unavailable')
    expect([...inTable].sort()).toEqual(Object.keys(covered).sort())
  })
})

/** The payload of another token under the signature of the valid one. */
function changedPayload(claims: Claims): string {
  const [header, , signature] = mint().split('.')
  return [header, encodePart({ ...validClaims, ...claims }), signature].join('.')
}

describe('alg', () => {
  const rsaKey = keyFor('RS256')
  const trusted = commons({ keys: createFakeKeyRing(rsaKey) })
  const header = { alg: 'HS256', kid: rsaKey.kid, typ: 'JWT' }
  const publicKeyAs = {
    'SPKI in PEM': () => rsaKey.publicKey.export({ type: 'spki', format: 'pem' }),
    'PKCS #1 in PEM': () => rsaKey.publicKey.export({ type: 'pkcs1', format: 'pem' }),
    'PEM without the last newline': () => String(rsaKey.publicKey.export({ type: 'spki', format: 'pem' })).trimEnd(),
    'SPKI in DER': () => rsaKey.publicKey.export({ type: 'spki', format: 'der' }),
    JWK: () => JSON.stringify(rsaKey.publicKey.export({ format: 'jwk' })),
    modulus: () => Buffer.from(String(rsaKey.publicKey.export({ format: 'jwk' }).n), 'base64url'),
    'an empty secret': () => '',
  }

  it.each(Object.entries(publicKeyAs))('HS256 with the public key (%s) for a secret is refused', (_, secret) => {
    const token = hmacCompact(header, validClaims, secret())
    expect(verify(token, { issuer: trusted })).toEqual(refused('algorithm_refused'))
    const disguised = hmacCompact({ ...header, alg: 'RS256' }, validClaims, secret())
    expect(verify(disguised, { issuer: trusted })).toEqual(refused('signature_invalid'))
  })

  it('an HMAC is refused even where a configuration could name it', () => {
    const careless = commons({ keys: createFakeKeyRing(rsaKey), algorithms: new Set(['HS256', 'none', 'RS256']) })
    const token = hmacCompact(header, validClaims, publicKeyAs['SPKI in PEM']())
    expect(verify(token, { issuer: careless })).toEqual(refused('algorithm_refused'))
    const unsigned = `${encodePart({ ...header, alg: 'none' })}.${encodePart(validClaims)}.AA`
    expect(verify(unsigned, { issuer: careless })).toEqual(refused('algorithm_refused'))
  })

  it.each(['none', 'None', 'NONE', 'nOnE', 'none ', ' none', '', 'null'])('%j is refused with any signature', (alg) => {
    const [, payload, signature] = mint().split('.')
    const unsigned = `${encodePart({ alg, kid: ownKey().kid, typ: 'JWT' })}.${payload}`
    expect(verify(`${unsigned}.${signature}`)).toEqual(refused('algorithm_refused'))
    expect(verify(`${unsigned}.AA`)).toEqual(refused('algorithm_refused'))
    expect(verify(`${unsigned}.`)).toEqual(refused('credential_malformed'))
    expect(verify(unsigned)).toEqual(refused('credential_malformed'))
  })

  it.each([null, 256, true, ['ES256'], { ES256: true }, 'es256', 'ES256 ', 'ES256\0', 'constructor'])(
    '%j is refused',
    (alg) => {
      expect(verify(mint({}, { header: { alg } }))).toEqual(refused('algorithm_refused'))
    },
  )

  it.each([
    ['RS256', 'ES256'],
    ['RS256', 'EdDSA'],
    ['ES256', 'RS256'],
    ['ES256', 'EdDSA'],
    ['EdDSA', 'ES256'],
    ['EdDSA', 'RS256'],
  ] as const satisfies readonly (readonly [Algorithm, Algorithm])[])(
    '%s over a key that is for %s is refused, without trying',
    (alg, keyAlg) => {
      const key = keyFor(keyAlg)
      const token = mint({}, { key, header: { alg } })
      expect(verify(token, { issuer: commons({ keys: createFakeKeyRing(key) }) })).toEqual(refused('algorithm_refused'))
    },
  )

  it('is refused where the key set says that the key is for another one', () => {
    const keys = createFakeKeyRing()
    keys.put(keyFor('PS256'), { algorithms: ['RS256'] })
    const token = mint({}, { key: keyFor('PS256') })
    const both = commons({ keys, algorithms: new Set(['RS256', 'PS256']) })
    expect(verify(token, { issuer: both })).toEqual(refused('algorithm_refused'))
  })
})

describe('header parameters', () => {
  it.each([
    { crit: ['cnf'], cnf: { jkt: 'x' } },
    { crit: ['b64'], b64: true },
    { crit: ['b64'], b64: false },
    { crit: [] },
    { crit: null },
    { crit: 'exp' },
    { b64: false },
    { b64: true },
    { zip: 'DEF' },
    { zip: null },
  ])('that change what is signed or how it is packed are refused: %j', (header) => {
    expect(verify(mint({}, { header }))).toEqual(refused('type_refused'))
  })

  it.each([
    'JWT',
    'jwt',
    'Jwt',
    'at+jwt',
    'AT+JWT',
    'application/jwt',
    'application/at+jwt',
    'APPLICATION/JWT',
    undefined,
  ])('typ %j is a token for access', (typ) => {
    expect(verify(mint({}, { header: { typ } }))).toMatchObject({ ok: true })
  })

  it.each([
    '',
    'JWS',
    'jose',
    'txntoken+jwt',
    'application/',
    'text/jwt',
    'logout+jwt',
    'dpop+jwt',
    'JWT ',
    'jwt;v=1',
    null,
    5,
    ['JWT'],
    {},
  ])('typ %j is not', (typ) => {
    expect(verify(mint({}, { header: { typ } }))).toEqual(refused('type_refused'))
  })

  it('typ may only be absent where JWT is among the types', () => {
    const strict = commons({ types: new Set(['at+jwt']) })
    expect(verify(mint({}, { header: { typ: undefined } }), { issuer: strict })).toEqual(refused('type_refused'))
    expect(verify(mint({}, { header: { typ: 'at+jwt' } }), { issuer: strict })).toMatchObject({ ok: true })
    expect(verify(mint(), { issuer: strict })).toEqual(refused('type_refused'))
  })

  it('that name or carry a key are not even read: no network, and the key of the issuer decides', () => {
    const fetched = vi.fn(() => Promise.reject(new Error('no network in a Check')))
    vi.stubGlobal('fetch', fetched)
    const attacker = foreignKey()
    const carried = {
      jku: 'https://attacker.example/jwks.json',
      x5u: 'http://169.254.169.254/latest/meta-data',
      jwk: publicJwk(attacker),
      x5c: ['MIIB'],
      x5t: 'AAAA',
    }
    for (const [name, value] of Object.entries(carried)) {
      const header = { [name]: value }
      expect(verify(mint({}, { header }))).toMatchObject({ ok: true })
      const forged = mint({}, { key: attacker, header: { ...header, kid: ownKey().kid } })
      expect(verify(forged)).toEqual(refused('signature_invalid'))
      expect(verify(mint({}, { key: attacker, header }))).toEqual(refused('key_unknown'))
    }
    expect(fetched).not.toHaveBeenCalled()
  })

  it('mediaType leaves out application/ and case, nothing else', () => {
    expect(mediaType('APPLICATION/at+JWT')).toBe('at+jwt')
    expect(mediaType('application/application/jwt')).toBe('application/jwt')
    expect(mediaType('text/jwt')).toBe('text/jwt')
  })
})

describe('kid', () => {
  it.each([
    undefined,
    null,
    7,
    '',
    ['ES256'],
    { kid: 'x' },
    'unknown',
    'current-es256',
    'current-ES256 ',
    '__proto__',
    '../current-ES256',
    "' OR 1=1",
  ])('%j is no key of the issuer', (kid) => {
    expect(verify(mint({}, { header: { kid } }))).toEqual(refused('key_unknown'))
  })

  it('of a key that is not published is unknown at Check and good where retired keys are', () => {
    const keys = createFakeKeyRing()
    keys.put(ownKey(), { published: false })
    const retired = commons({ keys })
    expect(verify(mint(), { issuer: retired })).toEqual(refused('key_unknown'))
    expect(keys.refreshes).toBe(0)
    expect(verify(mint(), { issuer: retired, keys: 'any' })).toMatchObject({ ok: true })
  })

  it('of another issuer is unknown here, and a key of the same name there proves nothing', () => {
    const other = commons({ name: 'other', issuer: FOREIGN_ISSUER, keys: createFakeKeyRing(foreignKey()) })
    const issuers = issuersByIss(issuer, other)
    expect(verify(mint({}, { key: foreignKey() }), { issuers })).toEqual(refused('key_unknown'))
    const sameName = createFakeKeyRing()
    sameName.put(foreignKey(), { kid: ownKey().kid })
    const twin = issuersByIss(issuer, commons({ name: 'other', issuer: FOREIGN_ISSUER, keys: sameName }))
    expect(verify(mint({ iss: FOREIGN_ISSUER }), { issuers: twin })).toEqual(refused('signature_invalid'))
  })
})

describe('iss', () => {
  const untouchable = commons({ keys: untouchableKeys })

  it.each([
    FOREIGN_ISSUER,
    `${ISSUER}/`,
    ISSUER.toUpperCase(),
    ISSUER.slice(0, -1),
    ` ${ISSUER}`,
    `${ISSUER}\0`,
    '',
    '*',
    null,
    5,
    [ISSUER],
    { iss: ISSUER },
    undefined,
    '__proto__',
  ])('%j is not in the configuration: refused before any key is looked up', (iss) => {
    expect(verify(mint({ iss }), { issuer: untouchable })).toEqual(refused('issuer_unknown'))
  })

  it('is matched before the algorithm, the type and the key are', () => {
    const token = mint({ iss: FOREIGN_ISSUER }, { header: { alg: 'none', typ: 'x', kid: undefined } })
    expect(verify(token, { issuer: untouchable })).toEqual(refused('issuer_unknown'))
  })

  it('of no policy at all is refused', () => {
    expect(verify(mint(), { issuers: new Map() })).toEqual(refused('issuer_unknown'))
  })

  it('with a refused algorithm, type or kid does not reach the keys either', () => {
    for (const header of [{ alg: 'HS256' }, { typ: 'x' }, { crit: [] }, { kid: 5 }]) {
      expect(verify(mint({}, { header }), { issuer: untouchable })).toMatchObject({ ok: false })
    }
  })
})

describe('an unknown kid', () => {
  function rotating() {
    const keys = createFakeKeyRing()
    return { keys, issuer: commons({ keys }) }
  }

  it('makes the issuer look once more, and a key that is there now is good', async () => {
    const { keys, issuer: trusted } = rotating()
    keys.onRefresh(async () => keys.put(ownKey()))
    const verifying = verify(mint(), { issuer: trusted })
    expect(verifying).toBeInstanceOf(Promise)
    expect(await verifying).toMatchObject({ ok: true })
    expect(keys.asked).toEqual([ownKey().kid, ownKey().kid])
    expect(keys.refreshes).toBe(1)
  })

  it('is refused when the key is still not there, and the signature is checked when it is', async () => {
    const { keys, issuer: trusted } = rotating()
    keys.onRefresh(async () => {})
    expect(await verify(mint(), { issuer: trusted })).toEqual(refused('key_unknown'))
    keys.onRefresh(async () => keys.put(foreignKey(), { kid: ownKey().kid }))
    expect(await verify(mint(), { issuer: trusted })).toEqual(refused('signature_invalid'))
  })

  it('is refused at once while the cool-down is on', () => {
    const { keys, issuer: trusted } = rotating()
    expect(verify(mint(), { issuer: trusted })).toEqual(refused('key_unknown'))
    expect(keys.refreshes).toBe(1)
  })

  it('is our trouble when the keys grew too old meanwhile', async () => {
    const { keys, issuer: trusted } = rotating()
    keys.onRefresh(async () => keys.setUnavailable(true))
    expect(await verify(mint(), { issuer: trusted })).toEqual(refused('keys_unavailable'))
  })

  it('found by looking again is still no key for Check when it is not published', async () => {
    const { keys, issuer: trusted } = rotating()
    keys.onRefresh(async () => keys.put(ownKey(), { published: false }))
    expect(await verify(mint(), { issuer: trusted })).toEqual(refused('key_unknown'))
  })
})

describe('expectations', () => {
  it('without a moment leave the times to the caller: an expired token can be revoked', () => {
    const expired = mint({ iat: NOW - 7200, exp: NOW - 3600 })
    expect(verify(expired)).toEqual(refused('token_expired'))
    expect(verify(expired, { nowSeconds: undefined })).toMatchObject({ ok: true })
    expect(verify(mint({ exp: 'never' }), { nowSeconds: undefined })).toEqual(refused('claims_invalid'))
  })

  it('decide whether a jti is needed', () => {
    const nameless = mint({ jti: undefined })
    expect(verify(nameless)).toEqual(refused('claims_invalid'))
    expect(verify(nameless, { tokenIdOptional: true })).toMatchObject({ ok: true })
    expect(verify(nameless, { issuer: commons({ tokenId: 'signing_input' }) })).toMatchObject({ ok: true })
    expect(verify(mint({ jti: 5 }), { tokenIdOptional: true })).toEqual(refused('claims_invalid'))
  })
})

describe('one token in many spellings', () => {
  const withSignature = (token: string, change: (signature: string) => string) =>
    token.replace(/[^.]+$/, (signature) => change(signature))

  it.each(['RS256', 'ES256', 'EdDSA'] as const)('%s: only the canonical one is accepted', (alg) => {
    const key = keyFor(alg)
    const trusted = commons({ keys: createFakeKeyRing(key) })
    const token = mint({}, { key })
    const spellings = [
      ...respellings(token.split('.')[2] ?? '').map((other) => withSignature(token, () => other)),
      withSignature(token, (signature) => `${signature}=`),
      withSignature(token, (signature) => `${signature}==`),
      withSignature(token, (signature) => `${signature.slice(0, 20)}\n${signature.slice(20)}`),
      ` ${token}`,
      `${token} `,
    ]
    for (const spelling of spellings) {
      expect(verify(spelling, { issuer: trusted })).toEqual(refused('credential_malformed'))
    }
    expect(spellings.length).toBeGreaterThan(5)
  })

  it('ES256: the mirrored signature (r, n-s) is the same token, by the same jti', () => {
    const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const token = mint()
    const mirrored = withSignature(token, (signature) => {
      const bytes = Buffer.from(signature, 'base64url')
      const s = n - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
      return Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]).toString(
        'base64url',
      )
    })
    expect(mirrored).not.toBe(token)
    expect(verify(mirrored)).toEqual(verify(token))
    const nameless = commons({ tokenId: 'signing_input' })
    expect(verify(mirrored, { issuer: nameless })).toEqual(verify(token, { issuer: nameless }))
  })

  it('ES256 made anew over the same claims is another text of the same token', () => {
    const make = () => signCompact({ alg: 'ES256', kid: ownKey().kid }, validClaims, ownKey())
    const [first, second] = [make(), make()]
    expect(first).not.toBe(second)
    expect(verify(first)).toEqual(verify(second))
  })
})
