// Tokens of the issuer that every Postern of the bench trusts. Their claims are those of a Fence access token.
import { randomUUID } from 'node:crypto'
import { type Algorithm, keyFor, publicJwk, signCompact, validClaims } from '../../test/support/tokens.ts'

export const benchAlgorithms = ['RS256', 'ES256', 'EdDSA'] as const satisfies readonly Algorithm[]

const LIFETIME_SECONDS = 3600

export function mintToken(algorithm: Algorithm): string {
  const iat = Math.floor(Date.now() / 1000)
  const exp = iat + LIFETIME_SECONDS
  const context = { ...validClaims.context, api_key: { ...validClaims.context.api_key, iat, exp } }
  const claims = { ...validClaims, context, iat, exp, jti: randomUUID() }
  const key = keyFor(algorithm)
  return signCompact({ alg: key.alg, kid: key.kid, typ: 'JWT' }, claims, key)
}

export function mintTokens(algorithm: Algorithm, count: number): readonly string[] {
  return Array.from({ length: count }, () => mintToken(algorithm))
}

/** The same claims and a signature of the right form that is not true. */
export function forged(token: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  bytes[40] = (bytes[40] ?? 0) ^ 0xff
  return `${header}.${payload}.${bytes.toString('base64url')}`
}

export function jwks(): string {
  return JSON.stringify({ keys: benchAlgorithms.map((algorithm) => publicJwk(keyFor(algorithm))) })
}

/** The `jti` of a token of ours. */
export function idOf(token: string): string {
  const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  if (typeof payload !== 'object' || payload === null || !('jti' in payload)) throw new Error('A token without jti')
  return String(payload.jti)
}
