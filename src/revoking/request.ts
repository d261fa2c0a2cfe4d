// What Revoke is asked for and what it gives, as plain data. How it travels is left to server/token-service.ts.

export interface RevokeRequest {
  /** Empty where `jti` and `issuer` are given. */
  readonly token: string
  /** The user's own token; empty: none. */
  readonly revokerToken: string
  /** Instead of `token`; both or neither. */
  readonly jti: string
  readonly issuer: string
  readonly waitUntilApplied: boolean
}

export interface RevokeOutcome {
  /** Empty where there was nothing to store. */
  readonly revision: string
  readonly sidecarsApplied: number
  readonly sidecarsKnown: number
}

/** What a valid request names. */
export type RevokeTarget =
  | { readonly by: 'token'; readonly token: string }
  | { readonly by: 'id'; readonly jti: string; readonly issuer: string }
