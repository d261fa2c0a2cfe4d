// Revoke: the caller has some right, the token is genuine, the caller has the right over this token, its kind can be
// revoked, the store has it. OK means enforced, or that the token was of no use already; never that we could not tell.
// RevokeAll is put together here and decided in revoke-all.ts.
import type { Clock } from '../clock.ts'
import type { Denylist, RevocationLog } from '../denylist/port.ts'
import type { Caller } from '../issuing/callers.ts'
import { ok, type Result } from '../result.ts'
import { fail, type ServiceError } from '../service-errors.ts'
import type { Audit, RevokedEvent } from '../telemetry/audit.ts'
import { errorDetail } from '../telemetry/log.ts'
import type { TokenVerifier, TrustedIssuer } from '../tokens/port.ts'
import { createAuthority, type KnownToken } from './authority.ts'
import { isRevocable } from './kinds.ts'
import { record, storeTimeUnknown } from './record.ts'
import type { RevokeAllOutcome, RevokeAllRequest, RevokeOutcome, RevokeRequest } from './request.ts'
import { createRetentions, type RetentionDeps } from './retention.ts'
import { createRevokeAll } from './revoke-all.ts'
import { findToken, readTarget } from './target.ts'
import { isBeyondUse, untilOf } from './until.ts'

export interface RevokingDeps extends RetentionDeps {
  /** Every configured issuer, ourselves included, by `iss`. */
  readonly issuers: ReadonlyMap<string, TrustedIssuer>
  readonly verifier: TokenVerifier
  readonly denylist: Denylist
  readonly log: RevocationLog
  readonly audit: Audit
  readonly clock: Clock
}

export interface Revoking {
  /** Never rejects. */
  revoke(caller: Caller, request: RevokeRequest): Promise<Result<RevokeOutcome, ServiceError>>
  /** Never rejects. */
  revokeAll(caller: Caller, request: RevokeAllRequest): Promise<Result<RevokeAllOutcome, ServiceError>>
}

interface Done {
  readonly outcome: RevokeOutcome
  readonly event: Pick<RevokedEvent, 'outcome' | 'token'>
}

const nothingStored: RevokeOutcome = { revision: '', sidecarsApplied: 0, sidecarsKnown: 0 }

export function createRevoking(deps: RevokingDeps): Revoking {
  const { signing, verifier, denylist, log, audit, clock } = deps
  const issuers = new Map([...deps.issuers].map(([iss, issuer]) => [iss, admitEveryType(issuer)]))
  const authority = createAuthority({ verifier, issuers, denylist, audience: signing.access.audience })
  const listed = new Set<string>(signing.revocable)
  const retentionOf = createRetentions(deps)

  async function revokeToken(
    caller: Caller,
    token: string,
    request: RevokeRequest,
  ): Promise<Result<Done, ServiceError>> {
    const found = await findToken(token, { verifier, issuers, clock })
    if (!found.ok) return found
    if ('nothing' in found.value) return ok(nothing(found.value.nothing, {}))
    const { known } = found.value
    const { claims, issuer } = known.token
    const now = log.storeSeconds()
    if (now === undefined) return storeTimeUnknown()
    const keep = retentionOf(issuer, now, known.kind === 'transaction')
    if (isBeyondUse(claims, keep)) return ok(nothing('token_expired', describe(known)))
    const allowed = await authority.mayRevoke(caller, known, { revokerToken: request.revokerToken, nowSeconds: now })
    if (!allowed.ok) return allowed
    if (!isRevocable(known.kind, { ...allowed.value, listed })) {
      return fail('not_revocable', { audit: { cause: known.kind, jti: claims.jti, sub: claims.sub } })
    }
    return store({ issuer: issuer.issuer, id: claims.jti, until: untilOf(claims, keep) }, request, describe(known))
  }

  /** Nothing is known of the token but its id, so the entry is kept as long as any token of the issuer could live. */
  async function revokeId(
    target: { jti: string; issuer: string },
    request: RevokeRequest,
  ): Promise<Result<Done, ServiceError>> {
    const issuer = issuers.get(target.issuer)
    if (issuer === undefined) return ok(nothing('issuer_unknown', {}))
    const now = log.storeSeconds()
    if (now === undefined) return storeTimeUnknown()
    const keep = retentionOf(issuer, now, true)
    const until = untilOf({ iat: now, exp: Number.POSITIVE_INFINITY }, keep)
    return store({ issuer: issuer.issuer, id: target.jti, until }, request, target)
  }

  async function store(
    entry: { readonly issuer: string; readonly id: string; readonly until: number },
    { waitUntilApplied }: RevokeRequest,
    token: Done['event']['token'],
  ): Promise<Result<Done, ServiceError>> {
    const recorded = await record([{ dimension: 'jti', ...entry }], { log, waitUntilApplied })
    if (recorded.ok) return ok({ outcome: recorded.value.outcome, event: { outcome: 'recorded', token } })
    return fail(recorded.reason.reason, { ...recorded.reason, audit: { ...recorded.reason.audit, jti: entry.id } })
  }

  async function run(caller: Caller, request: RevokeRequest): Promise<Result<Done, ServiceError>> {
    if (caller.revoke === 'none') return fail('caller_denied')
    const target = readTarget(caller, request)
    if (!target.ok) return target
    return target.value.by === 'token'
      ? revokeToken(caller, target.value.token, request)
      : revokeId(target.value, request)
  }

  return {
    revokeAll: createRevokeAll({ signing, issuers, authority, retentionOf, log, audit }),
    async revoke(caller, request) {
      const done = await run(caller, request).catch((error: unknown) =>
        fail('internal_error', { audit: { cause: errorDetail(error) } }),
      )
      if (!done.ok) {
        const { reason, audit: about } = done.reason
        audit.refused({ operation: 'revoke', caller: caller.name, reason, ...about })
        return done
      }
      const { outcome, event } = done.value
      audit.revoked({ caller: caller.name, ...event, revision: outcome.revision })
      return ok(outcome)
    },
  }
}

/** RFC 7009, section 2.2: a token that is of no use already is as good as revoked. */
function nothing(cause: string, token: Done['event']['token']): Done {
  return { outcome: nothingStored, event: { outcome: cause, token } }
}

function describe({ token: { claims }, profile, kind }: KnownToken): Done['event']['token'] {
  return { issuer: claims.iss, jti: claims.jti, sub: claims.sub, azp: profile.clientId, kind }
}

/** A token of a type that only some policy takes, or none does yet, must not escape its revocation by that. */
function admitEveryType(issuer: TrustedIssuer): TrustedIssuer {
  return { ...issuer, types: new Set([...issuer.types, 'jwt', 'at+jwt', 'txntoken+jwt']) }
}
