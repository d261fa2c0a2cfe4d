// The table against the contract, row by row: who reads it must be able to rely on it.
import { status } from '@grpc/grpc-js'
import { describe, expect, it } from 'vitest'
import { type DenialRow, denials } from '../../../src/check/denials.ts'

/** As the design page has it: reasons | gRPC | HTTP | error | text. */
const contract = `
request_malformed | INVALID_ARGUMENT | 400 | invalid_request | The request could not be read
policy_unmatched, policy_unknown | PERMISSION_DENIED | 403 | access_denied | No policy applies to this request
credential_missing | UNAUTHENTICATED | 401 | | A bearer token is required
credential_ambiguous, credential_malformed, token_too_large | UNAUTHENTICATED | 401 | invalid_request | The credential could not be read
csrf_failed | PERMISSION_DENIED | 403 | access_denied | Failed CSRF check
issuer_unknown, algorithm_refused, key_unknown, signature_invalid, type_refused, claims_invalid, token_expired, token_not_yet_valid, lifetime_exceeded, purpose_refused, audience_mismatch, api_key_bound_exceeded, upstream_refused | UNAUTHENTICATED | 401 | invalid_token | The token is not valid here
token_revoked, api_key_revoked, subject_revoked, client_revoked, key_revoked, transaction_revoked | PERMISSION_DENIED | 403 | access_denied | Token is denylisted
scope_missing, claim_refused | PERMISSION_DENIED | 403 | insufficient_scope | The token does not allow this
denylist_unavailable, keys_unavailable, upstream_unavailable, deadline_exceeded, overloaded, internal_error | UNAVAILABLE | 503 | temporarily_unavailable | Authorization is temporarily unavailable
`
const rows = contract
  .trim()
  .split('\n')
  .flatMap((line) => {
    const [reasons = '', code = '', http = '', error = '', text = ''] = line.split('|').map((cell) => cell.trim())
    return reasons.split(', ').map((reason) => ({ reason, code, http: Number(http), error, text }))
  })

const table: Readonly<Record<string, DenialRow>> = denials

describe('the denial table', () => {
  it.each(rows)('$reason: $code, $http', ({ reason, code, http, error, text }) => {
    expect(table[reason]).toEqual({
      code: Reflect.get(status, code),
      http,
      error: error === '' ? undefined : error,
      text,
    })
  })

  it('has the rows of the contract and no other', () => {
    expect(Object.keys(denials).sort()).toEqual(rows.map(({ reason }) => reason).sort())
  })

  it('has no row that Envoy could take for an allow', () => {
    for (const row of Object.values(table)) {
      expect(row.code).toBeGreaterThan(0)
      expect(row.http).toBeGreaterThanOrEqual(400)
    }
  })

  it('tells in public only what everybody may know: one text for all that is wrong with a token', () => {
    const texts = new Set(Object.values(table).map(({ text }) => text))
    expect(texts.size).toBe(9)
    // They go into headers between quotes.
    for (const text of texts) expect(text).toMatch(/^[A-Za-z ]+$/)
  })
})
