// Policies and routes, compiled once when a configuration is loaded; which policy applies to a request.
// Compiling from the configuration file's shape is the business of check/compile.ts.
import { ok, type Result, refuse } from '../result.ts'
import type { TrustedIssuer } from '../tokens/port.ts'
import type { DenialReason } from './denials.ts'
import type { CheckInput } from './input.ts'
import { normaliseHost, normalisePath, withoutParameters } from './path.ts'

export type CredentialKind = 'bearer' | 'cookie' | 'txn_token'

export interface CookieRule {
  readonly name: string
  readonly csrfCookie: string
  /** Lower case. */
  readonly csrfHeader: string
  /** Serialised origins (RFC 6454, section 6.1) that need no CSRF token. */
  readonly origins: ReadonlySet<string>
}

/** A claim by its path, and the test that its value must pass. */
export interface ClaimCondition {
  readonly path: readonly string[]
  readonly holds: (value: unknown) => boolean
}

/** What becomes of a good token while it is not proven that the denylist is fresh. Known revocations are refused anyway. */
export type Posture =
  | { readonly kind: 'deny' }
  /** Tokens that were verified before the outage began pass, for at most that time of it. */
  | { readonly kind: 'allow_verified'; readonly forMs: number }
  | { readonly kind: 'allow' }

export interface Leash {
  readonly tokenExpiry: boolean
  readonly atMostMs: number | undefined
}

export interface CompiledPolicy {
  readonly name: string
  /** By `iss`. */
  readonly issuers: ReadonlyMap<string, TrustedIssuer>
  readonly audiences: ReadonlySet<string>
  readonly taskTypes: ReadonlySet<string>
  readonly denyTaskTokens: boolean
  readonly scopes: readonly string[]
  readonly claims: readonly ClaimCondition[]
  readonly credentials: ReadonlySet<CredentialKind>
  readonly cookie: CookieRule | undefined
  /** Cookies that any policy takes for a credential: none reaches an upstream unchecked. */
  readonly credentialCookies: ReadonlySet<string>
  /** What a transaction token is held against instead; there where the policy takes one. */
  readonly transaction?: TransactionPolicy | undefined
  readonly forwardCredential: boolean
  readonly anonymous: boolean
  readonly preflight: boolean
  readonly whenUnknown: Posture
  readonly leash: Leash | undefined
  readonly denyStatus: ReadonlyMap<DenialReason, number>
  readonly exposeReasons: boolean
  /** `transaction`: tokens must have the claims of a transaction token. */
  readonly requires?: 'transaction'
}

/**
 * The same policy for another kind of token: its issuers accept the type `txntoken+jwt` and no other. An object of its
 * own, so that what was verified as one kind is never remembered as the other.
 */
export interface TransactionPolicy extends CompiledPolicy {
  readonly requires: 'transaction'
}

export interface Route {
  readonly matchesHost: (host: string) => boolean
  readonly matchesMethod: (method: string) => boolean
  readonly matchesPath: (path: string) => boolean
  readonly policy: CompiledPolicy
}

export type PolicyReason = Extract<DenialReason, 'policy_unmatched' | 'policy_unknown' | 'request_malformed'>

export interface Policies {
  select(input: CheckInput): Result<CompiledPolicy, PolicyReason>
}

export function createPolicies(options: {
  readonly byName: ReadonlyMap<string, CompiledPolicy>
  readonly routes: readonly Route[]
  readonly defaultPolicy: CompiledPolicy | undefined
}): Policies {
  const { byName, routes, defaultPolicy } = options
  const orUnmatched = (policy: CompiledPolicy | undefined): Result<CompiledPolicy, PolicyReason> =>
    policy === undefined ? refuse('policy_unmatched') : ok(policy)
  const routed = (path: string, method: string, host: string): CompiledPolicy | undefined => {
    const route = routes.find(
      (candidate) => candidate.matchesPath(path) && candidate.matchesMethod(method) && candidate.matchesHost(host),
    )
    return route?.policy ?? defaultPolicy
  }
  return {
    select(input) {
      if (input.policyName !== undefined) {
        const named = byName.get(input.policyName)
        return named === undefined ? refuse('policy_unknown') : ok(named)
      }
      if (routes.length === 0) return orUnmatched(defaultPolicy)
      const path = normalisePath(input.target)
      // Never the default: what cannot be read in one way only must not fall through to a wider rule.
      if (path === undefined) return refuse('request_malformed')
      const host = normaliseHost(input.host)
      const policy = routed(path, input.method, host)
      // Who serves the path may drop its parameters; then as well it has to be the same rule.
      if (path.includes(';') && routed(withoutParameters(path), input.method, host) !== policy) {
        return refuse('request_malformed')
      }
      return orUnmatched(policy)
    },
  }
}
