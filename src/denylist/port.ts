// The ports of the denylist: what a Check asks, what a revocation service writes. Types only; no I/O, no clock.
// How revocations are stored, mirrored and proven fresh is the business of the files beside this one.
import type { DenialReason } from '../check/denials.ts'

/** What a revocation can name. `jti` covers tokens and API keys alike: both are tokens with an id. */
export type Dimension = 'jti' | 'subject' | 'subject_sessions' | 'client_id' | 'key_id' | 'transaction'

/** The denials that only a denylist gives. */
export type RevokedReason = Extract<
  DenialReason,
  'token_revoked' | 'api_key_revoked' | 'subject_revoked' | 'client_revoked' | 'key_revoked' | 'transaction_revoked'
>

/** The first 16 bytes of SHA-256 of the JSON array `[dimension, issuer, id]`. */
export type Member = Buffer

/** What one verified token can be revoked by; computed once, when the token is verified. */
export interface DenylistRefs {
  /** Denied when the member is on the denylist. */
  readonly marks: readonly { readonly reason: RevokedReason; readonly member: Member }[]
  /** Denied when `issuedAt` (s; the smallest `iat` of the token and its root) is at or before the member's epoch. */
  readonly epochs: readonly { readonly reason: RevokedReason; readonly member: Member; readonly issuedAt: number }[]
}

/** `unknown`: freshness is not proven; a known revocation is never `unknown`. */
export type Lookup = 'clear' | 'unknown' | RevokedReason

/** What the store itself said about some refs, in lookup mode or after overflow. Opaque to everybody else. */
export interface Consultation {
  readonly lookup: Lookup
  /** Monotonic and wall time (ms) before the question was sent. */
  readonly askedAt: { readonly monotonicMs: number; readonly wallMs: number }
}

export interface DenylistStatus {
  readonly state: 'starting' | 'live' | 'stale' | 'recovering'
  /** Age of the last proof of freshness, in ms; `undefined` before the first. */
  readonly ageMs: number | undefined
  /** Wall time (ms) since when answers have been `unknown`; `undefined` while they are not. */
  readonly unknownSinceMs: number | undefined
  readonly revision: string
  readonly entries: number
}

/** Asked by every Check. */
export interface Denylist {
  /**
   * `undefined`: the local mirror answers alone. A promise: the store has to be asked (lookup mode, overflow);
   * hand what it gives to `lookup`. Never rejects: a store that does not answer is a Consultation of `unknown`.
   */
  consult(refs: DenylistRefs): Promise<Consultation> | undefined
  /** Synchronous and local; called in the step that writes the answer, after the last await. */
  lookup(refs: DenylistRefs, consultation?: Consultation): Lookup
  status(): DenylistStatus
}

/** One thing to revoke. Times are whole seconds of the store's clock. */
export type Revocation =
  | {
      readonly dimension: 'jti' | 'transaction'
      readonly issuer: string
      readonly id: string
      /** Enforced until then. */
      readonly until: number
    }
  /** A signing key: never expires. */
  | { readonly dimension: 'key_id'; readonly issuer: string; readonly id: string }
  | {
      readonly dimension: 'subject' | 'subject_sessions' | 'client_id'
      readonly issuer: string
      readonly id: string
      /** The epoch is the store's time at the moment of the call plus this many seconds (0 for our own tokens). */
      readonly plusSeconds: number
    }

export interface Recorded {
  /** The feed position of the newest of these revocations; opaque to callers. */
  readonly revision: string
  /** The store's time (s) at which they were recorded. */
  readonly recordedAt: number
}

export interface Applied {
  readonly sidecarsApplied: number
  readonly sidecarsKnown: number
}

/** Why a revocation could not be recorded. `possiblyApplied`: it may have been, so the caller has to repeat it. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError'
  readonly possiblyApplied: boolean
  constructor(message: string, options: { possiblyApplied: boolean; cause?: unknown }) {
    super(message, { cause: options.cause })
    this.possiblyApplied = options.possiblyApplied
  }
}

/** Used by the revocation service. */
export interface RevocationLog {
  /** Resolves once the revocations are durable and the own mirror has them. Idempotent. Throws StoreUnavailableError. */
  record(revocations: readonly Revocation[]): Promise<Recorded>
  /** Resolves when every registered mirror has the revision or can no longer answer without it. */
  waitUntilApplied(revision: string): Promise<Applied>
  /** The store's clock, in whole seconds, by the offset learnt from its last beat; `undefined` before the first. */
  storeSeconds(): number | undefined
}
