// THE table of the token service: every reason for which a call fails and the answer it gives. Both services use it.
// How a row becomes a gRPC status with google.rpc.ErrorInfo is the business of server/.
import { status } from '@grpc/grpc-js'

interface ServiceErrorRow {
  readonly code: Exclude<status, status.OK>
  /** Constant and safe to show to the caller; says nothing about the token that it is about. */
  readonly text: string
}

export const serviceErrors = {
  // What the caller asked for.
  request_invalid: { code: status.INVALID_ARGUMENT, text: 'The request is not valid' },
  expires_in_invalid: {
    code: status.INVALID_ARGUMENT,
    text: 'expires_in must be a positive number of seconds',
  },
  expires_in_exceeds_max: { code: status.INVALID_ARGUMENT, text: 'expires_in is above the maximum' },
  task_type_unknown: { code: status.INVALID_ARGUMENT, text: 'There is no such task type' },
  token_too_large: { code: status.INVALID_ARGUMENT, text: 'The token would be larger than 4096 bytes' },
  not_revocable: { code: status.INVALID_ARGUMENT, text: 'Tokens of this kind cannot be revoked one by one' },
  api_key_expires_first: {
    code: status.FAILED_PRECONDITION,
    text: 'Cannot issue a token that would expire after the provided API key does',
  },
  not_enrolled: { code: status.FAILED_PRECONDITION, text: 'The user has to log in at the provider first' },

  // Who is asking, and with what.
  caller_unauthenticated: { code: status.UNAUTHENTICATED, text: 'The caller could not be authenticated' },
  api_key_invalid: { code: status.UNAUTHENTICATED, text: 'The API key is not valid' },
  api_key_revoked: { code: status.UNAUTHENTICATED, text: 'The API key has been revoked' },
  revoker_invalid: { code: status.UNAUTHENTICATED, text: 'The revoker token is not valid' },

  // Who may.
  caller_denied: { code: status.PERMISSION_DENIED, text: 'The caller does not have the right to do this' },
  task_type_denied: {
    code: status.PERMISSION_DENIED,
    text: 'The API key does not give access to tokens of this task type and lifetime',
  },
  not_owner: { code: status.PERMISSION_DENIED, text: 'The token belongs to somebody else' },
  quota_exceeded: { code: status.RESOURCE_EXHAUSTED, text: 'Too many requests' },

  // What we cannot do now. Never OK: a lost revocation must not look like a good one.
  store_unavailable: { code: status.UNAVAILABLE, text: 'The revocation store is not available' },
  keys_unavailable: { code: status.UNAVAILABLE, text: 'The keys are not available' },
  upstream_unavailable: { code: status.UNAVAILABLE, text: 'The identity provider is not available' },

  // What we cannot do at all.
  not_implemented: { code: status.UNIMPLEMENTED, text: 'This is not available in this version' },
  internal_error: { code: status.INTERNAL, text: 'Something went wrong' },
} as const satisfies Record<string, ServiceErrorRow>

/** `google.rpc.ErrorInfo.reason`: public interface, callers switch on it. */
export type ServiceErrorReason = keyof typeof serviceErrors

export interface ServiceError {
  readonly reason: ServiceErrorReason
  /** Constant text for the caller: that of the table, or one that says which field is meant. */
  readonly message: string
  /** For the audit line, never for the caller: the precise cause would be an oracle. */
  readonly audit?: AuditedFailure
}

export interface AuditedFailure {
  /** A constant. */
  readonly cause?: string
  /** The token that was presented; only where it has been verified. */
  readonly jti?: string
  readonly sub?: string | undefined
}

/** The failing half of a `Result<T, ServiceError>`. */
export interface Failed {
  readonly ok: false
  readonly reason: ServiceError
}

export function fail(
  reason: ServiceErrorReason,
  about: { readonly message?: string; readonly audit?: AuditedFailure } = {},
): Failed {
  return { ok: false, reason: { message: serviceErrors[reason].text, ...about, reason } }
}
