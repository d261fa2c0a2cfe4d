// Verified claims × policy: is this token meant for this route? Nothing here depends on the time, so the answer can be
// kept with the token; expiry and the denylist are asked at every use, in check/decide.ts.
import { ok, type Result, refuse } from '../result.ts'
import type { TokenClaims, VerifiedToken } from '../tokens/port.ts'
import { claimAt, type TokenProfile } from '../tokens/profile.ts'
import type { DenialReason } from './denials.ts'
import { type IdentityHeader, identityHeaders } from './identity.ts'
import type { CompiledPolicy } from './policy.ts'

export type AdmitReason = Extract<
  DenialReason,
  | 'claims_invalid'
  | 'purpose_refused'
  | 'audience_mismatch'
  | 'api_key_bound_exceeded'
  | 'scope_missing'
  | 'claim_refused'
>

export interface Admission {
  readonly token: VerifiedToken
  readonly profile: TokenProfile
  readonly identity: readonly IdentityHeader[]
}

export function admit(
  token: VerifiedToken,
  profile: TokenProfile,
  policy: CompiledPolicy,
): Result<Admission, AdmitReason> {
  const { claims, issuer } = token
  const { purpose } = issuer
  if (purpose !== undefined && claimAt(claims.payload, [purpose.claim]) !== purpose.access) {
    return refuse('purpose_refused')
  }
  if (policy.requires === 'transaction' && !isTransaction(claims)) return refuse('claims_invalid')
  if (policy.denyTaskTokens && profile.taskType !== undefined) return refuse('purpose_refused')
  if (!isForAudience(claims, profile, policy)) return refuse('audience_mismatch')
  if (profile.apiKey !== undefined && claims.exp > profile.apiKey.exp) return refuse('api_key_bound_exceeded')
  if (!policy.scopes.every((scope) => profile.scopes.includes(scope))) return refuse('scope_missing')
  if (!policy.claims.every(({ path, holds }) => holds(claimAt(claims.payload, path)))) return refuse('claim_refused')
  const identity = identityHeaders(token, profile)
  return identity === undefined ? refuse('claims_invalid') : ok({ token, profile, identity })
}

/** The claims that every transaction token has (OAuth Transaction Tokens, section 9.2), besides those of any token. */
function isTransaction({ payload }: TokenClaims): boolean {
  return ['txn', 'sub', 'scope', 'req_wl'].every((name) => typeof payload[name] === 'string' && payload[name] !== '')
}

/** Any common member; or a task type that the route lists *and* the token is addressed to. */
function isForAudience(claims: TokenClaims, profile: TokenProfile, policy: CompiledPolicy): boolean {
  if (claims.aud.some((audience) => policy.audiences.has(audience))) return true
  const { taskType } = profile
  return taskType !== undefined && policy.taskTypes.has(taskType) && claims.aud.includes(taskType)
}
