// Is this API key good, now? Verified over all own keys, retired ones included: an API key lives longer than the keys
// that Checks use. Every failure looks the same to the caller; the audit line says which it was.

import type { SigningConfig } from '../config/schema.ts'
import type { Denylist } from '../denylist/port.ts'
import { ok, type Result } from '../result.ts'
import { type Failed, fail, type ServiceError } from '../service-errors.ts'
import { isJsonObject } from '../tokens/compact.ts'
import type { JsonObject, TokenVerifier, TrustedIssuer, VerifiedToken } from '../tokens/port.ts'
import { type ApiKeyRoot, claimAt, identityOf, readProfile, type TokenProfile } from '../tokens/profile.ts'
import { toSeconds } from './lifetime.ts'
import { standingOf } from './standing.ts'

export interface ApiKeyDeps {
  readonly signing: Pick<SigningConfig, 'access' | 'api_key'>
  /** We as an issuer, with all our keys. */
  readonly own: TrustedIssuer
  readonly verifier: TokenVerifier
  readonly denylist: Denylist
}

export interface ApiKey extends ApiKeyRoot {
  readonly subject: string
  readonly scopes: readonly string[]
  /** `context.user`, copied into what is minted from it. */
  readonly user: JsonObject | undefined
  /** All claims, for the task rules. */
  readonly payload: JsonObject
}

export interface ApiKeys {
  verify(apiKey: string, nowSeconds: number): Promise<Result<ApiKey, ServiceError>>
}

export function createApiKeys({ signing, own, verifier, denylist }: ApiKeyDeps): ApiKeys {
  // What a Check accepts has no bearing on API keys: they are not for Checks.
  const issuer: TrustedIssuer = {
    ...own,
    types: new Set(['jwt']),
    maxLifetimeSeconds: Math.max(own.maxLifetimeSeconds, toSeconds(signing.api_key.max_ttl)),
  }
  const issuers = new Map([[issuer.issuer, issuer]])

  /** Facts that no time changes. */
  function read(token: VerifiedToken, profile: TokenProfile): Result<ApiKey, string> {
    const { claims } = token
    const missing = signing.api_key.required_scopes.some((scope) => !profile.scopes.includes(scope))
    if (profile.purpose !== 'api_key') return { ok: false, reason: 'purpose_refused' }
    if (!claims.aud.includes(signing.access.audience)) return { ok: false, reason: 'audience_mismatch' }
    if (claims.sub === undefined || claims.sub === '') return { ok: false, reason: 'claims_invalid' }
    if (missing) return { ok: false, reason: 'scope_missing' }
    const { jti, iat, exp, sub: subject, payload } = claims
    const user = claimAt(payload, ['context', 'user'])
    return ok({ jti, iat, exp, subject, scopes: profile.scopes, user: isJsonObject(user) ? user : undefined, payload })
  }

  return {
    async verify(apiKey, nowSeconds) {
      const verified = await verifier.verify(apiKey, { issuers, keys: 'any', nowSeconds })
      if (!verified.ok) {
        const cause = verified.reason
        return fail(cause === 'keys_unavailable' ? cause : 'api_key_invalid', { audit: { cause } })
      }
      const token = verified.value
      const profile = readProfile(token.claims)
      if (!profile.ok) return refuseKey(token, profile.reason)
      const facts = read(token, profile.value)
      if (!facts.ok) return refuseKey(token, facts.reason)
      const standing = await standingOf(denylist, identityOf(token, profile.value))
      if (standing === 'unknown') return fail('store_unavailable', { audit: { cause: 'denylist_unavailable' } })
      if (standing !== 'clear') return refuseKey(token, standing, 'api_key_revoked')
      return facts
    },
  }
}

function refuseKey(
  { claims }: VerifiedToken,
  cause: string,
  reason: 'api_key_invalid' | 'api_key_revoked' = 'api_key_invalid',
): Failed {
  return fail(reason, { audit: { cause, jti: claims.jti, sub: claims.sub } })
}
