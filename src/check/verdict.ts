// Verdict: what a Check comes to. Only check/reply.ts turns it into bytes.
import type { VerifiedToken } from '../tokens/port.ts'
import type { Admission } from './admit.ts'
import type { DenialReason } from './denials.ts'
import type { CheckInput } from './input.ts'
import type { CompiledPolicy, CredentialKind } from './policy.ts'

/**
 * Why a request was let through. The last two are the postures of `when_unknown`: the token is good, but that it has
 * not been revoked is not proven.
 */
export const allowReasons = ['token_valid', 'anonymous', 'preflight', 'unproven_verified', 'unproven'] as const
export type AllowReason = (typeof allowReasons)[number]

export interface Allow {
  readonly decision: 'allow'
  readonly reason: AllowReason
  readonly policy: CompiledPolicy
  readonly input: CheckInput
  /** What the checked token came in; absent, as the admission is, for anonymous requests and preflights. */
  readonly credential: CredentialKind | undefined
  readonly admission: Admission | undefined
  /** After this many ms the stream is cut; absent where the policy has no leash. */
  readonly leashMs: number | undefined
  readonly denylistAgeMs: number | undefined
}

export interface Deny {
  readonly decision: 'deny'
  readonly reason: DenialReason
  readonly policy: CompiledPolicy | undefined
  readonly input: CheckInput | undefined
  /** Once the token is known to be genuine; for log and metadata, never for the public answer. */
  readonly token: VerifiedToken | undefined
  readonly denylistAgeMs: number | undefined
}

export type Verdict = Allow | Deny
