// Expectations by short names, so that a case reads as question and answer. Codes and statuses are written out in the
// cases: taking them from our own tables would prove nothing.
import type { Allowed, Denied, Refused } from './case.ts'

type About = Pick<Refused, 'text' | 'cause'>

function refusal(code: Refused['code']) {
  return (reason: Refused['reason'], about: About = {}): Refused => ({ code, reason, ...about })
}

export const invalidArgument = refusal('INVALID_ARGUMENT')
export const failedPrecondition = refusal('FAILED_PRECONDITION')
export const unauthenticated = refusal('UNAUTHENTICATED')
export const permissionDenied = refusal('PERMISSION_DENIED')
export const unavailable = refusal('UNAVAILABLE')

/** An API key that is not good: to the caller one is as bad as the other, so the audited cause says which it was. */
export function badKey(cause: string): Refused {
  return unauthenticated('api_key_invalid', { cause })
}

export const allowed: Allowed = { allow: true }

export function denied(http: Denied['http'], reason: Denied['reason'], text?: string): Denied {
  return { http, reason, ...(text !== undefined && { text }) }
}

export const denylisted = denied(403, 'token_revoked', 'Token is denylisted')
