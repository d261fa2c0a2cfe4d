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
  ['x-auth-subject', ({ claims }) => encodeText(claims.sub)],
  ['x-auth-issuer', ({ claims }) => encodeText(claims.iss)],
  ['x-auth-token-id', ({ claims }) => encodeText(claims.jti)],
  ['x-auth-client', (_, { clientId }) => encodeText(clientId)],
  ['x-auth-username', (_, { username }) => encodeText(username)],
  ['x-auth-scopes', (_, { scopes }) => scopes.map(encodeWord).join(' ')],
  ['x-auth-task-type', (_, { taskType }) => encodeText(taskType)],
]

/** For requests without identity: every name, no value. */
export const noIdentity: readonly IdentityHeader[] = sources.map(([name]) => ({ name, value: undefined }))

/** `undefined` where a value is too long, or no text that could be told from another. An empty value is none. */
export function identityHeaders(token: VerifiedToken, profile: TokenProfile): readonly IdentityHeader[] | undefined {
  const headers = sources.map(([name, source]) => ({ name, value: source(token, profile) || undefined }))
  return headers.every(({ value }) => value === undefined || isSendable(value)) ? headers : undefined
}

/** Half a surrogate pair (JSON can hold one) has no UTF-8 and stays as it is, so it is refused here. */
function isSendable(value: string): boolean {
  return value.length <= MAX_VALUE_BYTES && /^[\x20-\x7e]*$/.test(value)
}

/**
 * Everything outside printable ASCII, `%` itself so that it can be undone, and spaces at the ends: parsers drop those,
 * and somebody else would be named.
 */
const unsafe = /^ +| +$|[^\x20-\x24\x26-\x7e\p{Cs}]/gu

/** In a list that is joined by spaces, a space within would make two of one. */
const unsafeInWord = /[^\x21-\x24\x26-\x7e\p{Cs}]/gu

function encodeText(text: string | undefined): string | undefined {
  return text?.replace(unsafe, percentEncode)
}

function encodeWord(word: string): string {
  return word.replace(unsafeInWord, percentEncode)
}

function percentEncode(characters: string): string {
  return [...Buffer.from(characters, 'utf8')]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('')
}
