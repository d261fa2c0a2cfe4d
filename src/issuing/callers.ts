// Who is calling? An authenticated identity → the one entry of the caller table, or a refusal.
// How a connection proves an identity is left to server/ (mutual TLS) and workload-jwt.ts; what a caller may do, to
// rights.ts and revoking/authority.ts.
import type { CallerConfig, CallerIdentityConfig } from '../config/schema.ts'
import { ok, type Result } from '../result.ts'
import { fail, type ServiceError } from '../service-errors.ts'

/** What a connection or its credential has proven. */
export type CallerIdentity =
  /** The URI names with the scheme `spiffe` and the DNS names of a verified client certificate. */
  | { readonly kind: 'tls'; readonly spiffe: readonly string[]; readonly dns: readonly string[] }
  /** A verified workload JWT. */
  | { readonly kind: 'jwt'; readonly issuer: string; readonly subject: string; readonly audiences: readonly string[] }
  /** The peer could open a unix socket that only the owner may open. */
  | { readonly kind: 'local' }

/** An entry of the table with all its rights; the name is what logs and audit lines say. */
export type Caller = CallerConfig

export interface Callers {
  /** `undefined`: the connection has proven nothing. */
  identify(identity: CallerIdentity | undefined): Result<Caller, ServiceError>
}

export function createCallers(callers: readonly CallerConfig[]): Callers {
  return {
    identify(identity) {
      if (identity === undefined) return fail('caller_unauthenticated', { audit: { cause: 'identity_missing' } })
      if (!isUnambiguous(identity)) return fail('caller_unauthenticated', { audit: { cause: 'identity_malformed' } })
      const [caller, ...others] = callers.filter((candidate) => isMeant(candidate.identity, identity))
      if (caller === undefined) return fail('caller_denied', { audit: { cause: 'caller_unknown' } })
      // Whose rights should count is not ours to guess.
      if (others.length > 0) return fail('caller_unauthenticated', { audit: { cause: 'identity_ambiguous' } })
      return ok(caller)
    },
  }
}

/** A NUL has hidden the end of a name from others before; a SPIFFE certificate has one URI name (X.509-SVID, section 2). */
function isUnambiguous(identity: CallerIdentity): boolean {
  return principalsOf(identity).every((name) => name !== '' && !/\p{Cc}/u.test(name)) && spiffeIds(identity).length <= 1
}

function spiffeIds(identity: CallerIdentity): readonly string[] {
  return identity.kind === 'tls' ? identity.spiffe : []
}

function principalsOf(identity: CallerIdentity): readonly string[] {
  if (identity.kind === 'tls') return [...identity.spiffe, ...identity.dns]
  return identity.kind === 'jwt' ? [identity.issuer, identity.subject] : []
}

/** Exact, always: no wildcard on either side. DNS names have no case (RFC 4343). */
function isMeant(expected: CallerIdentityConfig, identity: CallerIdentity): boolean {
  if ('local' in expected) return identity.kind === 'local'
  if ('jwt' in expected) {
    const { issuer, subject, audience } = expected.jwt
    return (
      identity.kind === 'jwt' &&
      identity.issuer === issuer &&
      identity.subject === subject &&
      identity.audiences.includes(audience)
    )
  }
  if (identity.kind !== 'tls') return false
  if ('spiffe' in expected) return identity.spiffe.includes(expected.spiffe)
  return identity.dns.some((name) => name.toLowerCase() === expected.dns.toLowerCase())
}
