// What a token says beyond the registered claims, in Fence's and OAuth's words: read once, checked for type. What it is
// worth for a route is decided in check/admit.ts.
import type { TokenIdentity } from '../denylist/vocabulary.ts'
import { ok, type Result, refuse } from '../result.ts'
import { isJsonObject } from './compact.ts'
import type { JsonObject, TokenClaims, VerifiedToken } from './port.ts'

/** The API key that a token was minted from: its root. */
export interface ApiKeyRoot {
  readonly jti: string
  readonly iat: number
  readonly exp: number
}

export interface TokenProfile {
  /** `pur` (Fence): access, api_key, refresh, id, session. */
  readonly purpose: string | undefined
  readonly scopes: readonly string[]
  readonly clientId: string | undefined
  readonly username: string | undefined
  readonly taskType: string | undefined
  readonly apiKey: ApiKeyRoot | undefined
  readonly transaction: string | undefined
}

/** Refused where a claim that we read is of a type that nobody issues. */
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
  const purpose = payload['pur']
  const username = claimAt(context, ['user', 'name'])
  return ok({
    purpose: typeof purpose === 'string' ? purpose : undefined,
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

/** By what a verified token can be revoked. */
export function identityOf({ claims, kid }: VerifiedToken, profile: TokenProfile): TokenIdentity {
  const { apiKey } = profile
  return {
    issuer: claims.iss,
    jti: claims.jti,
    keyId: kid,
    issuedAt: claims.iat,
    isApiKey: profile.purpose === 'api_key',
    apiKey: apiKey && { jti: apiKey.jti, issuedAt: apiKey.iat },
    subject: claims.sub,
    clientId: profile.clientId,
    transaction: profile.transaction,
  }
}
