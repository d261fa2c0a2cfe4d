// A plan: everything that a grant decides about a token before it exists, and the claims that it becomes.
// Claim names and shapes are Fence's, so that its services read our tokens; the moment and the id come from mint.ts.
import type { JsonObject } from '../tokens/port.ts'
import type { ApiKeyRoot } from '../tokens/profile.ts'

export type PlannedKind = 'access' | 'task' | 'api_key'

export interface TokenPlan {
  readonly kind: PlannedKind
  readonly subject: string
  readonly audience: readonly string[]
  readonly scopes: readonly string[]
  /** Empty: none. */
  readonly clientId: string
  /** What the caller, or the API key, says about the user. */
  readonly user: JsonObject | undefined
  /** Only in task tokens. */
  readonly taskType: string | undefined
  /** What the token is minted from; it never outlives it. */
  readonly apiKey: ApiKeyRoot | undefined
  readonly lifetimeSeconds: number
}

interface KindRow {
  readonly purpose: string
  readonly issuedTokenType: string
}

/** RFC 8693, section 3. An API key is no OAuth refresh token, so it has a name of its own. */
export const plannedKinds = {
  access: { purpose: 'access', issuedTokenType: 'urn:ietf:params:oauth:token-type:access_token' },
  task: { purpose: 'access', issuedTokenType: 'urn:ietf:params:oauth:token-type:access_token' },
  api_key: { purpose: 'api_key', issuedTokenType: 'urn:postern:token-type:api_key' },
} as const satisfies Readonly<Record<PlannedKind, KindRow>>

export interface Stamp {
  readonly issuer: string
  readonly jti: string
  /** Unix seconds. */
  readonly iat: number
}

export function claimsOf(plan: TokenPlan, { issuer, jti, iat }: Stamp): JsonObject {
  const context = contextOf(plan)
  return {
    pur: plannedKinds[plan.kind].purpose,
    iss: issuer,
    sub: plan.subject,
    aud: plan.audience,
    iat,
    exp: iat + plan.lifetimeSeconds,
    jti,
    scope: plan.scopes,
    ...(context !== undefined && { context }),
    azp: plan.clientId,
  }
}

/** Always in access tokens; in an API key only where there is something to say. */
function contextOf({ kind, user, apiKey, taskType }: TokenPlan): JsonObject | undefined {
  if (kind === 'api_key' && user === undefined) return undefined
  return {
    ...(user !== undefined && { user }),
    ...(apiKey !== undefined && { api_key: { jti: apiKey.jti, iat: apiKey.iat, exp: apiKey.exp } }),
    ...(taskType !== undefined && { task_token_type: taskType }),
  }
}
