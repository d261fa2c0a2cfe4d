// What the rest of the house knows of token verification: the types and two ports. Types only.
// How a token is parsed, which key fits and how a signature is checked is the business of the files beside this one.
import type { KeyObject } from 'node:crypto'
import type { DenialReason } from '../check/denials.ts'
import type { Result } from '../result.ts'

/** Why a token is not genuine. `keys_unavailable` is our trouble, every other one is the token's. */
export type VerifyReason = Extract<
  DenialReason,
  | 'credential_malformed'
  | 'token_too_large'
  | 'issuer_unknown'
  | 'algorithm_refused'
  | 'key_unknown'
  | 'signature_invalid'
  | 'type_refused'
  | 'claims_invalid'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'lifetime_exceeded'
  | 'keys_unavailable'
>

export interface VerificationKey {
  readonly kid: string
  readonly key: KeyObject
  /** JWS algorithms (RFC 7518) this key may be used with. */
  readonly algorithms: readonly string[]
  /** In the JWKS. A key that is not published verifies at Issue and Revoke, never at Check. */
  readonly published: boolean
}

/** The keys of one issuer. */
export interface KeyRing {
  /** Changes whenever any key changes; what was verified under another generation is verified again. */
  readonly generation: number
  /**
   * Monotonic time (ms) at which the last successful look at the source began; `undefined`: there was none yet.
   * Whether a key is unknown is certain as of then: a Revoke must not take a key set that is out of reach for an answer.
   */
  readonly freshAsOfMs?: number | undefined
  /** `keys_unavailable`: no keys could ever be had, or they are older than the hard bound. */
  find(kid: string): Result<VerificationKey, 'key_unknown' | 'keys_unavailable'>
  /** Asks the source again: at most once per cool-down, one request at a time. `undefined`: not now. Never rejects. */
  refresh(): Promise<void> | undefined
  close(): void
}

/** An issuer from the configuration, with its keys. `iss` is matched against these before any key is looked up. */
export interface TrustedIssuer {
  readonly name: string
  /** The exact `iss`. */
  readonly issuer: string
  readonly algorithms: ReadonlySet<string>
  /** Allowed `typ` values, lower case, without `application/`. An absent `typ` is allowed where this has `jwt`. */
  readonly types: ReadonlySet<string>
  /** The claim that tells access tokens from others, and its value; `undefined`: this issuer has none. */
  readonly purpose: { readonly claim: string; readonly access: string } | undefined
  readonly tokenId: 'jti' | 'signing_input'
  readonly leewaySeconds: number
  readonly maxLifetimeSeconds: number
  readonly keys: KeyRing
}

export type JsonObject = { readonly [name: string]: unknown }

/** The registered claims (RFC 7519, section 4.1), checked for type, and the whole payload. */
export interface TokenClaims {
  readonly iss: string
  readonly sub: string | undefined
  readonly aud: readonly string[]
  readonly exp: number
  readonly iat: number
  readonly nbf: number | undefined
  /** `jti`, or the digest of the signing input for issuers configured so. */
  readonly jti: string
  readonly payload: JsonObject
}

export interface VerifiedToken {
  readonly issuer: TrustedIssuer
  readonly kid: string
  readonly claims: TokenClaims
}

export interface Expectations {
  /** Trusted issuers by `iss`. */
  readonly issuers: ReadonlyMap<string, TrustedIssuer>
  /** `published`: only keys in the JWKS (Check). `any`: retired ones too (Issue from an API key, Revoke). */
  readonly keys: 'published' | 'any'
  /** Unix seconds. `undefined`: `exp`, `nbf`, `iat` and lifetime are checked for type only (Revoke). */
  readonly nowSeconds: number | undefined
  /** For callers' workload JWTs: `jti` need not exist (then `claims.jti` is the digest of the signing input). */
  readonly tokenIdOptional?: boolean
}

export interface TokenVerifier {
  /** Answers at once unless a key has to be fetched. Never throws, never rejects. */
  verify(
    token: string,
    expectations: Expectations,
  ): Result<VerifiedToken, VerifyReason> | Promise<Result<VerifiedToken, VerifyReason>>
}
