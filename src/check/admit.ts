// Verified claims × policy: is this token meant for this route? Nothing here depends on the time, so the answer can be
// kept with the token; expiry and the denylist are asked at every use, in check/decide.ts.
import { ok, type Result, refuse } from '../result.ts'
import { isJsonObject } from '../tokens/compact.ts'
import type { JsonObject, TokenClaims, VerifiedToken } from '../tokens/port.ts'
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

/** The API key that a token was minted from: its root. */
export interface ApiKeyRoot {
  readonly jti: string
  readonly iat: number
  readonly exp: number
}

/** What a token says beyond the registered claims, read once and checked for type. */
export interface TokenProfile {
  readonly scopes: readonly string[]
  readonly clientId: string | undefined
  readonly username: string | undefined
  readonly taskType: string | undefined
  readonly apiKey: ApiKeyRoot | undefined
  readonly transaction: string | undefined
}

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
  if (policy.denyTaskTokens && profile.taskType !== undefined) return refuse('purpose_refused')
  if (!isForAudience(claims, profile, policy)) return refuse('audience_mismatch')
  if (profile.apiKey !== undefined && claims.exp > profile.apiKey.exp) return refuse('api_key_bound_exceeded')
  if (!policy.scopes.every((scope) => profile.scopes.includes(scope))) return refuse('scope_missing')
  if (!policy.claims.every(({ path, holds }) => holds(claimAt(claims.payload, path)))) return refuse('claim_refused')
  const identity = identityHeaders(token, profile)
  return identity === undefined ? refuse('claims_invalid') : ok({ token, profile, identity })
}

/** Any common member; or a task type that the route lists *and* the token is addressed to. */
function isForAudience(claims: TokenClaims, profile: TokenProfile, policy: CompiledPolicy): boolean {
  if (claims.aud.some((audience) => policy.audiences.has(audience))) return true
  const { taskType } = profile
  return taskType !== undefined && policy.taskTypes.has(taskType) && claims.aud.includes(taskType)
}

/** `undefined` where a claim that we read is of a type that nobody issues. */
export function readProfile({ payload }: TokenClaims): Result<TokenProfile, 'claims_invalid'> {
  const context = payload['context'] ?? {}
  if (!isJsonObject(context)) return refuse('claims_invalid')
  const scopes = readScopes(payload['scope'])
  const apiKey = readApiKey(own(context, 'api_key'))
  const clientId = optionalString(payload['azp'])
  const taskType = optionalString(own(context, 'task_token_type'))
  const transaction = optionalString(payload['txn'])
  if (!apiKey.ok || !clientId.ok || !taskType.ok || !transaction.ok || scopes === undefined) {
    return refuse('claims_invalid')
  }
  const username = claimAt(context, ['user', 'name'])
  return ok({
    scopes,
    clientId: clientId.value === '' ? undefined : clientId.value,
    username: typeof username === 'string' ? username : undefined,
    taskType: taskType.value,
    apiKey: apiKey.value,
    transaction: transaction.value,
  })
}

/** A list (Fence) or a space-separated string (RFC 6749, section 3.3). */
function readScopes(scope: unknown): readonly string[] | undefined {
  if (scope === undefined || scope === null) return []
  if (typeof scope === 'string') return scope.split(' ').filter((name) => name !== '')
  return Array.isArray(scope) && scope.every((name) => typeof name === 'string') ? scope : undefined
}

function readApiKey(value: unknown): Result<ApiKeyRoot | undefined, 'claims_invalid'> {
  if (value === undefined) return ok(undefined)
  if (!isJsonObject(value)) return refuse('claims_invalid')
  const { jti, iat, exp } = value
  if (typeof jti !== 'string' || !isInteger(iat) || !isInteger(exp)) return refuse('claims_invalid')
  return ok({ jti, iat, exp })
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function optionalString(value: unknown): Result<string | undefined, 'claims_invalid'> {
  if (value === undefined || value === null) return ok(undefined)
  return typeof value === 'string' ? ok(value) : refuse('claims_invalid')
}

/** A member of the token's own making: `constructor` and its like are not claims. */
function own(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

export function claimAt(object: JsonObject, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => (isJsonObject(value) ? own(value, name) : undefined), object)
}
