// CheckInput × policy → the one credential that will be checked, or a denial. Headers beat cookies; more than one
// reading is a denial; a bad credential is never anonymous. Whether the token is genuine is not asked here.
import { timingSafeEqual } from 'node:crypto'
import { ok, type Result, refuse } from '../result.ts'
import { looksLikeCompactJws, MAX_TOKEN_BYTES } from '../tokens/compact.ts'
import { hidesCookie, readCookies } from './cookies.ts'
import type { DenialReason } from './denials.ts'
import type { CheckInput } from './input.ts'
import type { CompiledPolicy, CookieRule, CredentialKind } from './policy.ts'

export interface Credential {
  readonly kind: CredentialKind
  /** A compact JWS by its characters. */
  readonly token: string
}

export type CredentialReason = Extract<
  DenialReason,
  'credential_missing' | 'credential_ambiguous' | 'credential_malformed' | 'token_too_large' | 'csrf_failed'
>

/** `undefined`: nothing was presented and the policy admits anonymous requests. */
export function findCredential(
  input: CheckInput,
  policy: CompiledPolicy,
): Result<Credential | undefined, CredentialReason> {
  const authorization = input.headers('authorization')
  if (authorization.length > 0) return fromAuthorization(authorization, policy)
  if (policy.credentials.has('txn_token')) {
    const transaction = input.headers('txn-token')
    if (transaction.length > 0) return fromTxnToken(transaction)
  }
  const cookie = policy.cookie === undefined ? ok(undefined) : fromCookie(input, policy.cookie)
  if (!cookie.ok || cookie.value !== undefined) return cookie
  return policy.anonymous ? ok(undefined) : refuse('credential_missing')
}

/** `Bearer`, exactly one space, a compact JWS, nothing after (RFC 6750, section 2.1). Schemes have no case. */
const bearer = /^bearer ([^ ]+)$/i

/** A comma is how Envoy joins duplicate headers; what is no ASCII, or NUL, is read differently by the next hop. */
function isAmbiguous(header: string): boolean {
  return /,|\P{ASCII}/u.test(header) || header.includes('\0')
}

function fromAuthorization(values: readonly Buffer[], policy: CompiledPolicy): Result<Credential, CredentialReason> {
  const [value] = values
  if (value === undefined || values.length > 1) return refuse('credential_ambiguous')
  const header = value.toString('latin1')
  const token = bearer.exec(header)?.[1]
  const credential = token === undefined ? refuse('credential_malformed' as const) : asCredential('bearer', token)
  // What is a compact JWS after the scheme can hold nothing ambiguous, so only the rest is searched for it.
  if (!credential.ok && isAmbiguous(header)) return refuse('credential_ambiguous')
  return policy.credentials.has('bearer') ? credential : refuse('credential_malformed')
}

/** The header holds exactly one token and nothing else (OAuth Transaction Tokens, section 12). */
function fromTxnToken(values: readonly Buffer[]): Result<Credential, CredentialReason> {
  const [value] = values
  if (value === undefined || values.length > 1) return refuse('credential_ambiguous')
  const header = value.toString('latin1')
  const credential = asCredential('txn_token', header)
  return !credential.ok && isAmbiguous(header) ? refuse('credential_ambiguous') : credential
}

function asCredential(kind: CredentialKind, token: string): Result<Credential, CredentialReason> {
  if (token.length > MAX_TOKEN_BYTES) return refuse('token_too_large')
  return looksLikeCompactJws(token) ? ok({ kind, token }) : refuse('credential_malformed')
}

function fromCookie(input: CheckInput, rule: CookieRule): Result<Credential | undefined, CredentialReason> {
  const lines = input.headers('cookie')
  if (hidesCookie(lines, rule.name)) return refuse('credential_ambiguous')
  const cookies = readCookies(lines)
  const [found, ...more] = cookies.filter(({ name }) => name === rule.name)
  if (found === undefined || (found.value === '' && more.length === 0)) return ok(undefined)
  if (more.length > 0) return refuse('credential_ambiguous')
  const csrfTokens = cookies.filter(({ name }) => name === rule.csrfCookie).map(({ value }) => value)
  if (changesState(input) && !isSameSite(input, rule, csrfTokens)) return refuse('csrf_failed')
  return asCredential('cookie', found.value)
}

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** A WebSocket handshake is a GET, but what follows it is not (and browsers send cookies with it to any site). */
function changesState(input: CheckInput): boolean {
  return !safeMethods.has(input.method) || input.headers('upgrade').length > 0
}

/** A page of another site can send the cookie, but can neither read the CSRF cookie nor choose the Origin. */
function isSameSite(input: CheckInput, rule: CookieRule, csrfTokens: readonly string[]): boolean {
  const [origin, ...moreOrigins] = input.headers('origin')
  if (origin !== undefined && moreOrigins.length === 0 && rule.origins.has(origin.toString('latin1'))) return true
  const [cookie, ...moreCookies] = csrfTokens
  const [header, ...moreHeaders] = input.headers(rule.csrfHeader)
  if (cookie === undefined || header === undefined || moreCookies.length + moreHeaders.length > 0) return false
  return cookie.length >= MIN_CSRF_TOKEN_LENGTH && isEqual(Buffer.from(cookie, 'latin1'), header)
}

/** As the Gen3 gateway has it: a single character is no token. */
const MIN_CSRF_TOKEN_LENGTH = 2

function isEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
