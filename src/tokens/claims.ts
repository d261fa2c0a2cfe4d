// The registered claims (RFC 7519, section 4.1): their types and their times. What a claim means for a route is
// decided in check/admit.ts.
import { createHash } from 'node:crypto'
import { ok, type Result, refuse } from '../result.ts'
import type { CompactJws } from './compact.ts'
import type { JsonObject, TokenClaims, TrustedIssuer, VerifyReason } from './port.ts'

const MAX_TOKEN_ID_LENGTH = 128

/** Types of all registered claims. `exp` and `iat` are required integers; `aud` is one string or a list of strings. */
export function readClaims(
  jws: CompactJws,
  tokenId: 'jti' | 'jti_optional' | 'signing_input',
): Result<TokenClaims, 'claims_invalid'> {
  const { payload } = jws
  const { iss, exp, iat } = payload
  const sub = optional(payload['sub'], isString)
  const nbf = optional(payload['nbf'], isTimestamp)
  const aud = readAudience(payload)
  const jti = readTokenId(jws, tokenId)
  if (!isString(iss) || !isTimestamp(exp) || !isTimestamp(iat)) return refuse('claims_invalid')
  if (!sub.ok || !nbf.ok || aud === undefined || jti === undefined) return refuse('claims_invalid')
  return ok({ iss, sub: sub.value, aud, exp, iat, nbf: nbf.value, jti, payload })
}

/**
 * Times, after the last await and at every use, cached or not. No leeway for `exp` (RFC 7519, section 4.1.4 allows
 * some; a token that the upstream would call expired is expired here); `leeway` for clocks that run ahead of ours.
 */
export function checkTimes(claims: TokenClaims, issuer: TrustedIssuer, nowSeconds: number): VerifyReason | undefined {
  if (claims.exp <= nowSeconds) return 'token_expired'
  const latestStart = nowSeconds + issuer.leewaySeconds
  if (claims.iat > latestStart || (claims.nbf ?? 0) > latestStart) return 'token_not_yet_valid'
  if (claims.exp - claims.iat > issuer.maxLifetimeSeconds) return 'lifetime_exceeded'
  return undefined
}

/** SHA-256 of `header.payload`: names a token that has no `jti`, whatever the spelling of its signature. */
export function signingInputDigest(jws: CompactJws): string {
  return createHash('sha256').update(jws.signingInput, 'latin1').digest('base64url')
}

function readTokenId(jws: CompactJws, tokenId: 'jti' | 'jti_optional' | 'signing_input'): string | undefined {
  const jti = jws.payload['jti']
  if (tokenId === 'signing_input' || (tokenId === 'jti_optional' && jti === undefined)) return signingInputDigest(jws)
  return isString(jti) && jti.length >= 1 && jti.length <= MAX_TOKEN_ID_LENGTH ? jti : undefined
}

function readAudience(payload: JsonObject): readonly string[] | undefined {
  const aud = payload['aud']
  if (aud === undefined) return []
  if (isString(aud)) return [aud]
  return Array.isArray(aud) && aud.every(isString) ? aud : undefined
}

function optional<T>(value: unknown, is: (value: unknown) => value is T): Result<T | undefined, 'claims_invalid'> {
  return value === undefined || is(value) ? ok(value) : refuse('claims_invalid')
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}

/** Whole seconds since the epoch; the upper bound keeps every sum with a duration exact. */
function isTimestamp(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xff_ffff_ffff
}
