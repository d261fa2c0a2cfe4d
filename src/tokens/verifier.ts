// Is this token genuine? Form, header, issuer, key, signature, claims: in this order, so that the configuration and
// not the token decides which key is used, and nothing of the payload is believed before the signature holds.
import { ok, type Result, refuse } from '../result.ts'
import { verifySignature } from './algorithms.ts'
import { checkTimes, readClaims } from './claims.ts'
import { type CompactJws, parseCompactJws } from './compact.ts'
import type {
  Expectations,
  JsonObject,
  TokenVerifier,
  TrustedIssuer,
  VerificationKey,
  VerifiedToken,
  VerifyReason,
} from './port.ts'

interface Candidate {
  readonly jws: CompactJws
  readonly issuer: TrustedIssuer
  readonly algorithm: string
  readonly kid: string
}

type Verification = Result<VerifiedToken, VerifyReason>

export const tokenVerifier: TokenVerifier = {
  verify(token, expectations) {
    const jws = parseCompactJws(token)
    if (!jws.ok) return jws
    const candidate = readHeader(jws.value, expectations)
    if (!candidate.ok) return candidate
    const { issuer, kid } = candidate.value
    const key = issuer.keys.find(kid)
    if (key.ok) return verifyWith(key.value, candidate.value, expectations)
    const refreshing = key.reason === 'key_unknown' ? issuer.keys.refresh() : undefined
    if (refreshing === undefined) return key
    return refreshing.then(() => {
      const found = issuer.keys.find(kid)
      return found.ok ? verifyWith(found.value, candidate.value, expectations) : found
    })
  },
}

/** The issuer and key that the header may name. `jku`, `x5u`, `jwk` and `x5c` are not even read. */
function readHeader(jws: CompactJws, expectations: Expectations): Result<Candidate, VerifyReason> {
  const { iss } = jws.payload
  const issuer = typeof iss === 'string' ? expectations.issuers.get(iss) : undefined
  if (issuer === undefined) return refuse('issuer_unknown')
  const { alg, kid } = jws.header
  if (typeof alg !== 'string' || !issuer.algorithms.has(alg)) return refuse('algorithm_refused')
  if (!isPlain(jws.header) || !isAllowedType(jws.header['typ'], issuer)) return refuse('type_refused')
  if (typeof kid !== 'string') return refuse('key_unknown')
  return ok({ jws, issuer, algorithm: alg, kid })
}

/** Extensions that change what is signed or how it is packed (`crit`, `b64`, `zip`) are refused, known or not. */
function isPlain(header: JsonObject): boolean {
  return !['crit', 'b64', 'zip'].some((name) => Object.hasOwn(header, name))
}

function isAllowedType(typ: unknown, issuer: TrustedIssuer): boolean {
  if (typ === undefined) return issuer.types.has('jwt')
  return typeof typ === 'string' && issuer.types.has(mediaType(typ))
}

/** `typ` is a media type without regard to case, and `application/` may be left out (RFC 7515, section 4.1.9). */
export function mediaType(typ: string): string {
  const lower = typ.toLowerCase()
  return lower.startsWith('application/') ? lower.slice('application/'.length) : lower
}

function verifyWith(key: VerificationKey, candidate: Candidate, expectations: Expectations): Verification {
  const { jws, issuer, algorithm } = candidate
  if (expectations.keys === 'published' && !key.published) return refuse('key_unknown')
  if (!key.algorithms.includes(algorithm)) return refuse('algorithm_refused')
  if (!verifySignature(algorithm, key.key, jws)) return refuse('signature_invalid')
  const claims = readClaims(jws, tokenIdRule(issuer, expectations))
  if (!claims.ok) return claims
  if (expectations.nowSeconds !== undefined) {
    const untimely = checkTimes(claims.value, issuer, expectations.nowSeconds)
    if (untimely !== undefined) return refuse(untimely)
  }
  return ok({ issuer, kid: key.kid, claims: claims.value })
}

function tokenIdRule(issuer: TrustedIssuer, expectations: Expectations): 'jti' | 'jti_optional' | 'signing_input' {
  if (issuer.tokenId === 'signing_input') return 'signing_input'
  return expectations.tokenIdOptional === true ? 'jti_optional' : 'jti'
}
