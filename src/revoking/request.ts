// What Revoke and RevokeAll are asked for and what they give, as plain data. How it travels is left to server/token-service.ts.

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

/** The targets of RevokeAll: each a right of its own in `revoke_all`. */
export const revokeAllTargets = ['subject', 'client_id', 'key_id', 'transaction'] as const

export interface RevokeAllTarget {
  readonly by: (typeof revokeAllTargets)[number]
  /** Unique within the issuer. */
  readonly id: string
}

export interface RevokeAllRequest {
  /** `undefined`: the caller has named none. */
  readonly target: RevokeAllTarget | undefined
  /** Empty: we. */
  readonly issuer: string
  /** The user's own token; empty: none. */
  readonly revokerToken: string
  readonly waitUntilApplied: boolean
  /** With a subject only: API keys, and what is minted from them, stay valid. */
  readonly keepApiKeys: boolean
}

export interface RevokeAllOutcome extends RevokeOutcome {
  /** Unix seconds: what was issued up to then is refused. `undefined` where nothing of the target is ever good again. */
  readonly notBefore: number | undefined
}
