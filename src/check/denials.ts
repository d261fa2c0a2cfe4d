// THE table: every reason for a denial and the answer it gives. It drives the reply, docs/denials.md and metric labels.
// What a caller caused is 400, 401 or 403; what we could not do is 503.
import { status } from '@grpc/grpc-js'

export interface DenialRow {
  readonly code: Exclude<status, status.OK>
  readonly http: 400 | 401 | 403 | 503
  /** RFC 6750 error code; `undefined` is a bare challenge (RFC 6750, section 3.1: no authentication information). */
  readonly error: string | undefined
  /** `error_description`: constant, coarse, safe to show to anybody. */
  readonly text: string
}

const malformed = {
  code: status.INVALID_ARGUMENT,
  http: 400,
  error: 'invalid_request',
  text: 'The request could not be read',
} as const satisfies DenialRow

const noPolicy = {
  code: status.PERMISSION_DENIED,
  http: 403,
  error: 'access_denied',
  text: 'No policy applies to this request',
} as const satisfies DenialRow

const missing = {
  code: status.UNAUTHENTICATED,
  http: 401,
  error: undefined,
  text: 'A bearer token is required',
} as const satisfies DenialRow

const unreadable = {
  code: status.UNAUTHENTICATED,
  http: 401,
  error: 'invalid_request',
  text: 'The credential could not be read',
} as const satisfies DenialRow

const csrf = {
  code: status.PERMISSION_DENIED,
  http: 403,
  error: 'access_denied',
  text: 'Failed CSRF check',
} as const satisfies DenialRow

const invalid = {
  code: status.UNAUTHENTICATED,
  http: 401,
  error: 'invalid_token',
  text: 'The token is not valid here',
} as const satisfies DenialRow

const revoked = {
  code: status.PERMISSION_DENIED,
  http: 403,
  error: 'access_denied',
  text: 'Token is denylisted',
} as const satisfies DenialRow

const insufficient = {
  code: status.PERMISSION_DENIED,
  http: 403,
  error: 'insufficient_scope',
  text: 'The token does not allow this',
} as const satisfies DenialRow

const ourTrouble = {
  code: status.UNAVAILABLE,
  http: 503,
  error: 'temporarily_unavailable',
  text: 'Authorization is temporarily unavailable',
} as const satisfies DenialRow

export const denials = {
  request_malformed: malformed,
  policy_unmatched: noPolicy,
  policy_unknown: noPolicy,
  credential_missing: missing,
  credential_ambiguous: unreadable,
  credential_malformed: unreadable,
  token_too_large: unreadable,
  csrf_failed: csrf,
  issuer_unknown: invalid,
  algorithm_refused: invalid,
  key_unknown: invalid,
  signature_invalid: invalid,
  type_refused: invalid,
  claims_invalid: invalid,
  token_expired: invalid,
  token_not_yet_valid: invalid,
  lifetime_exceeded: invalid,
  purpose_refused: invalid,
  audience_mismatch: invalid,
  api_key_bound_exceeded: invalid,
  upstream_refused: invalid,
  token_revoked: revoked,
  api_key_revoked: revoked,
  subject_revoked: revoked,
  client_revoked: revoked,
  key_revoked: revoked,
  transaction_revoked: revoked,
  scope_missing: insufficient,
  claim_refused: insufficient,
  denylist_unavailable: ourTrouble,
  keys_unavailable: ourTrouble,
  upstream_unavailable: ourTrouble,
  deadline_exceeded: ourTrouble,
  overloaded: ourTrouble,
  internal_error: ourTrouble,
} as const satisfies Record<string, DenialRow>

export type DenialReason = keyof typeof denials
