// Keys and tokens for tests: one valid claim set, one trusted issuer and one foreign one; tests change one thing each.
// Keys are generated on first use, once per test file. Tokens are put together by hand, so that hostile ones can be too.
import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { JWK } from 'jose'
import { readClaims } from '../../src/tokens/claims.ts'
import { parseCompactJws } from '../../src/tokens/compact.ts'
import type { KeyRing, TrustedIssuer, VerifiedToken } from '../../src/tokens/port.ts'
import { createFakeKeyRing } from './fakes/key-ring.ts'

/** Seconds; the moment at which the valid claim set was issued, and START_MS of the fake clock. */
export const NOW = 1_770_000_000

export const ISSUER = 'https://commons.example/user'
export const FOREIGN_ISSUER = 'https://elsewhere.example/user'

export type Algorithm = keyof typeof rows

export interface TestKey {
  readonly kid: string
  readonly alg: Algorithm
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

interface AlgorithmRow {
  readonly generate: () => { readonly privateKey: KeyObject; readonly publicKey: KeyObject }
  readonly sign: (data: Buffer, key: KeyObject) => Buffer
}

const RSA_BITS = 2048

const rsa = (hash: string): AlgorithmRow => ({
  generate: () => generateKeyPairSync('rsa', { modulusLength: RSA_BITS }),
  sign: (data, key) => sign(hash, data, key),
})
const rsaPss = (hash: string): AlgorithmRow => ({
  generate: () => generateKeyPairSync('rsa', { modulusLength: RSA_BITS }),
  sign: (data, key) =>
    sign(hash, data, {
      key,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    }),
})
const ecdsa = (hash: string, namedCurve: string): AlgorithmRow => ({
  generate: () => generateKeyPairSync('ec', { namedCurve }),
  sign: (data, key) => sign(hash, data, { key, dsaEncoding: 'ieee-p1363' }),
})
const eddsa: AlgorithmRow = {
  generate: () => generateKeyPairSync('ed25519'),
  sign: (data, key) => sign(null, data, key),
}

const rows = {
  RS256: rsa('sha256'),
  RS384: rsa('sha384'),
  RS512: rsa('sha512'),
  PS256: rsaPss('sha256'),
  PS384: rsaPss('sha384'),
  PS512: rsaPss('sha512'),
  ES256: ecdsa('sha256', 'P-256'),
  ES384: ecdsa('sha384', 'P-384'),
  ES512: ecdsa('sha512', 'P-521'),
  EdDSA: eddsa,
  Ed25519: eddsa,
} as const satisfies Readonly<Record<string, AlgorithmRow>>

const pairs = new Map<string, Pick<TestKey, 'privateKey' | 'publicKey'>>()

/** The same key for the same name, always. RSA pairs are dear to make: all RSA algorithms share one of each name. */
export function keyFor(alg: Algorithm, name = 'current'): TestKey {
  const family = /^[RP]S/.test(alg) ? 'RSA' : alg
  const pair = pairs.get(`${family} ${name}`) ?? rows[alg].generate()
  pairs.set(`${family} ${name}`, pair)
  return { kid: `${name}-${alg}`, alg, ...pair }
}

export function signBytes(alg: Algorithm, data: Buffer, key: TestKey): Buffer {
  return rows[alg].sign(data, key.privateKey)
}

/** The signing key of the trusted issuer, unless a test says otherwise: ES256, the cheapest to make. */
export function ownKey(): TestKey {
  return keyFor('ES256')
}

/** Never in a key set of the trusted issuer. */
export function foreignKey(): TestKey {
  return keyFor('ES256', 'foreign')
}

/** As an issuer publishes it. */
export function publicJwk(key: TestKey): JWK {
  return { ...key.publicKey.export({ format: 'jwk' }), kid: key.kid, alg: key.alg, use: 'sig', key_ops: ['verify'] }
}

export function jwkSetText(...jwks: readonly unknown[]): string {
  return JSON.stringify({ keys: jwks })
}

export type Claims = Readonly<Record<string, unknown>>

/** What Fence puts into an access token made from an API key, and what our own token service puts into it besides. */
export const validClaims = {
  pur: 'access',
  iss: ISSUER,
  sub: '42',
  aud: ['gen3'],
  iat: NOW,
  exp: NOW + 3600,
  jti: '2b0a0b1e-8f55-4b8a-9d6e-0d6b3a0a2f11',
  scope: ['fence', 'openid', 'user', 'data'],
  azp: '',
  context: {
    user: { name: 'alice@example.org', is_admin: false, google: { proxy_group: null } },
    api_key: { jti: 'e9d58890-99b0-44f0-88bd-3ebc370b1329', iat: NOW - 1000, exp: NOW + 2_591_000 },
  },
} as const satisfies Claims

/** A task token: its type is its only audience. */
export const taskClaims = {
  ...validClaims,
  aud: ['WORKFLOW'],
  jti: '7c4c6f0a-52d7-4d7e-8a53-9f0c6f6b7c55',
  scope: ['fence', 'openid', 'user'],
  context: { ...validClaims.context, task_token_type: 'WORKFLOW' },
} as const satisfies Claims

/** Tokens of other purposes, as fence-reference lists them: none may pass for an access token. */
export const apiKeyClaims = {
  pur: 'api_key',
  iss: ISSUER,
  sub: '42',
  aud: ['gen3'],
  iat: NOW - 1000,
  exp: NOW + 2_591_000,
  jti: 'e9d58890-99b0-44f0-88bd-3ebc370b1329',
  azp: '',
  scope: ['fence', 'openid', 'user', 'data'],
} as const satisfies Claims

export interface MintOptions {
  readonly key?: TestKey
  /** Header parameters to change; `undefined` takes one away. */
  readonly header?: Claims
}

/** The valid token with some claims changed; `undefined` takes one away. */
export function mint(claims: Claims = {}, { key = ownKey(), header = {} }: MintOptions = {}): string {
  return signCompact({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header }, { ...validClaims, ...claims }, key)
}

export type Part = string | Buffer | object

/** Signs whatever it is given: objects as JSON, texts and bytes as they are. The header's `alg` is not believed. */
export function signCompact(header: Part, payload: Part, key: TestKey): string {
  const signingInput = `${encodePart(header)}.${encodePart(payload)}`
  return `${signingInput}.${signBytes(key.alg, Buffer.from(signingInput), key).toString('base64url')}`
}

/** What somebody makes who takes a public key for the secret of an HMAC. */
export function hmacCompact(header: Part, payload: Part, secret: string | Buffer): string {
  const signingInput = `${encodePart(header)}.${encodePart(payload)}`
  return `${signingInput}.${createHmac('sha256', secret).update(signingInput).digest('base64url')}`
}

export function encodePart(part: Part): string {
  const bytes = Buffer.isBuffer(part) ? part : typeof part === 'string' ? part : JSON.stringify(part)
  return Buffer.from(bytes).toString('base64url')
}

const alphabet = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']

/** The same bytes, spelt otherwise: every text that differs from this base64url part in its last character only. */
export function respellings(part: string): readonly string[] {
  return alphabet
    .map((last) => part.slice(0, -1) + last)
    .filter((text) => text !== part && Buffer.from(text, 'base64url').equals(Buffer.from(part, 'base64url')))
}

/** The trusted issuer with the given keys (its current one where none is given). */
export function commons(changes: Partial<TrustedIssuer> = {}): TrustedIssuer {
  return {
    name: 'commons',
    issuer: ISSUER,
    algorithms: new Set(['RS256', 'ES256', 'EdDSA']),
    types: new Set(['jwt', 'at+jwt']),
    purpose: { claim: 'pur', access: 'access' },
    tokenId: 'jti',
    leewaySeconds: 30,
    maxLifetimeSeconds: 30 * 24 * 3600,
    keys: changes.keys ?? createFakeKeyRing(ownKey()),
    ...changes,
  }
}

export function issuersByIss(...issuers: readonly TrustedIssuer[]): ReadonlyMap<string, TrustedIssuer> {
  return new Map(issuers.map((issuer) => [issuer.issuer, issuer]))
}

/** What a verifier gives for the valid claims with some changed; no signature is checked. */
export function verifiedToken(claims: Claims = {}, issuer: TrustedIssuer = commons()): VerifiedToken {
  const jws = parseCompactJws(mint(claims))
  const read = jws.ok ? readClaims(jws.value, issuer.tokenId) : jws
  if (!read.ok) throw new Error(`These claims are not readable: ${read.reason}`)
  return { issuer, kid: ownKey().kid, claims: read.value }
}

/** Keys that must not even be looked at. */
export const untouchableKeys: KeyRing = {
  generation: 1,
  find() {
    throw new Error('a key was looked up')
  },
  refresh() {
    throw new Error('a refresh was asked for')
  },
  close() {},
}
