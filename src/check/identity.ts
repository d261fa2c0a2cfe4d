// The identity headers that an upstream may trust: from verified claims only, in a form that no parser can trip over.
import type { VerifiedToken } from '../tokens/port.ts'
import type { TokenProfile } from '../tokens/profile.ts'

/** `undefined`: the header is removed, so that a client's own copy never arrives. */
export interface IdentityHeader {
  readonly name: string
  readonly value: string | undefined
}

/** Longer values are refused: an upstream's header limit must not decide who somebody is. */
const MAX_VALUE_BYTES = 1024

type Source = (token: VerifiedToken, profile: TokenProfile) => string | undefined

const sources: readonly (readonly [name: string, source: Source])[] = [
  ['x-auth-subject', ({ claims }) => claims.sub],
  ['x-auth-issuer', ({ claims }) => claims.iss],
  ['x-auth-token-id', ({ claims }) => claims.jti],
  ['x-auth-client', (_, { clientId }) => clientId],
  ['x-auth-username', (_, { username }) => username],
  ['x-auth-scopes', (_, { scopes }) => scopes.join(' ')],
  ['x-auth-task-type', (_, { taskType }) => taskType],
]

/** For requests without identity: every name, no value. */
export const noIdentity: readonly IdentityHeader[] = sources.map(([name]) => ({ name, value: undefined }))

/** `undefined` where a value is too long. */
export function identityHeaders(token: VerifiedToken, profile: TokenProfile): readonly IdentityHeader[] | undefined {
  const headers = sources.map(([name, source]) => ({ name, value: headerValue(source(token, profile)) }))
  return headers.every(({ value }) => (value?.length ?? 0) <= MAX_VALUE_BYTES) ? headers : undefined
}

function headerValue(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : percentEncode(value)
}

/** Everything outside printable ASCII, and `%` itself so that it can be undone. */
const unsafe = /[^\x20-\x24\x26-\x7e]/gu

function percentEncode(value: string): string {
  return value.replace(unsafe, (character) =>
    [...Buffer.from(character, 'utf8')].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}
