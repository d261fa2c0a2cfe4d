// Compact JWS (RFC 7515, section 3.1) → its parts, in the one canonical spelling. Checks form only:
// no key, no signature, no claim is looked at here.
import type { Result } from '../result.ts'
import { ok, refuse } from '../result.ts'
import type { JsonObject } from './port.ts'

/** Larger tokens are refused before anything else is done with them. */
export const MAX_TOKEN_BYTES = 8192

/** Objects and arrays within each other; real tokens stay under ten. */
const MAX_JSON_DEPTH = 32

export interface CompactJws {
  readonly header: JsonObject
  readonly payload: JsonObject
  /** `header.payload`, what the signature is over. */
  readonly signingInput: string
  readonly signature: Buffer
}

const threeParts = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/** Three base64url parts and nothing else; says nothing about what is in them. */
export function looksLikeCompactJws(text: string): boolean {
  return threeParts.test(text)
}

export function parseCompactJws(text: string): Result<CompactJws, 'credential_malformed' | 'token_too_large'> {
  if (text.length > MAX_TOKEN_BYTES) return refuse('token_too_large')
  if (!looksLikeCompactJws(text)) return refuse('credential_malformed')
  const [headerText = '', payloadText = '', signatureText = ''] = text.split('.')
  if (![headerText, payloadText, signatureText].every(isCanonicalBase64Url)) return refuse('credential_malformed')
  const header = parseJsonObject(headerText)
  const payload = parseJsonObject(payloadText)
  if (header === undefined || payload === undefined) return refuse('credential_malformed')
  return ok({
    header,
    payload,
    signingInput: text.slice(0, headerText.length + 1 + payloadText.length),
    signature: Buffer.from(signatureText, 'base64url'),
  })
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Bits of the last character that carry no data, by `length % 4`; a remainder of 1 cannot be. */
const spareBits: readonly (number | undefined)[] = [0, undefined, 0b1111, 0b11]

/** Base64url has several spellings of the same bytes unless the spare bits of its last character are zero. */
function isCanonicalBase64Url(part: string): boolean {
  const spare = spareBits[part.length % 4]
  return spare !== undefined && (alphabet.indexOf(part.charAt(part.length - 1)) & spare) === 0
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function parseJsonObject(part: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(utf8.decode(Buffer.from(part, 'base64url')))
    return isJsonObject(value) && isShallow(value, MAX_JSON_DEPTH) ? value : undefined
  } catch {
    return undefined
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isShallow(value: unknown, depthLeft: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depthLeft > 0 && Object.values(value).every((member) => isShallow(member, depthLeft - 1))
}
