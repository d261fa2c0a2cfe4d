// The audit: one line for every Issue, Revoke and RevokeAll, refused ones included. Names and ids only, never a token.
// Who reads the lines finds them by `audit: true`.
import type { Log, LogFields } from './log.ts'

export type AuditedOperation = 'issue' | 'revoke' | 'revoke_all' | 'enroll' | 'exchange'

interface IssuedEvent {
  readonly caller: string
  readonly grant: string
  readonly kind: string
  readonly jti: string
  readonly sub: string
  readonly azp: string
  /** Unix seconds. */
  readonly expiresAt: number
  /** The API key it was minted from. */
  readonly rootJti: string | undefined
}

export interface RevokedEvent {
  readonly caller: string
  /** `recorded`, or why there was nothing to record. */
  readonly outcome: string
  /** What is known of the token; nothing of one that was not genuine. */
  readonly token: {
    readonly issuer?: string
    readonly jti?: string
    readonly sub?: string | undefined
    readonly azp?: string | undefined
    readonly kind?: string
  }
  /** Empty where nothing was recorded. */
  readonly revision: string
}

export interface RevokedAllEvent {
  readonly caller: string
  /** The dimension of the denylist: `subject_sessions` is a subject whose API keys were kept. */
  readonly kind: string
  /** What was named; exactly one of them. */
  readonly target: {
    readonly sub?: string
    readonly azp?: string
    readonly kid?: string
    readonly txn?: string
  }
  readonly issuer: string
  readonly notBefore: number | undefined
  readonly revision: string
}

interface RefusedEvent {
  readonly operation: AuditedOperation
  /** `undefined` where the caller could not be told. */
  readonly caller: string | undefined
  readonly reason: string
  /** The precise cause, which the caller is not told. */
  readonly cause?: string | undefined
  readonly grant?: string | undefined
  readonly jti?: string | undefined
  readonly sub?: string | undefined
}

export interface Audit {
  issued(event: IssuedEvent): void
  revoked(event: RevokedEvent): void
  revokedAll(event: RevokedAllEvent): void
  refused(event: RefusedEvent): void
}

export function createAudit(log: Log): Audit {
  return {
    issued: ({ rootJti, ...fields }) =>
      log.info({ audit: true, method: 'issue', ...fields, ...present({ rootJti }) }, 'Issued a token'),
    revoked: ({ caller, outcome, token, revision }) =>
      log.info(
        { audit: true, method: 'revoke', caller, outcome, ...present(token), revision },
        revision === '' ? 'There was nothing to revoke' : 'Revoked a token',
      ),
    revokedAll: ({ target, notBefore, ...fields }) =>
      log.info(
        { audit: true, method: 'revoke_all', ...fields, ...present({ ...target, notBefore }) },
        'Revoked everything of a target',
      ),
    refused: ({ operation, reason, caller, cause, ...fields }) =>
      log.warn(
        { audit: true, method: operation, reason, ...present({ caller, detail: cause, ...fields }) },
        'Refused a call to the token service',
      ),
  }
}

/** Without what is not known. */
function present(fields: { readonly [Name in keyof LogFields]?: LogFields[Name] | undefined }): LogFields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
