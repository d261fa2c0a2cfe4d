// RevokeAll: everything of one subject, client, signing key or transaction at once, whatever its kind. Subjects and
// clients get an epoch by the store's clock; keys and transactions are never good again. Who may is in authority.ts.
import type { SigningConfig } from '../config/schema.ts'
import type { Revocation, RevocationLog } from '../denylist/port.ts'
import type { Caller } from '../issuing/callers.ts'
import { ok, type Result } from '../result.ts'
import { fail, type ServiceError } from '../service-errors.ts'
import type { Audit, RevokedAllEvent } from '../telemetry/audit.ts'
import { errorDetail } from '../telemetry/log.ts'
import type { TrustedIssuer } from '../tokens/port.ts'
import { type Authority, mayAskForAll, type TargetOfIssuer } from './authority.ts'
import { record, storeTimeUnknown } from './record.ts'
import { type RevokeAllOutcome, type RevokeAllRequest, type RevokeAllTarget, revokeAllTargets } from './request.ts'
import type { Retentions } from './retention.ts'
import { untilOf } from './until.ts'

export interface RevokeAllDeps {
  readonly signing: Pick<SigningConfig, 'issuer'>
  readonly issuers: ReadonlyMap<string, TrustedIssuer>
  readonly authority: Authority
  readonly retentionOf: Retentions
  readonly log: RevocationLog
  readonly audit: Audit
}

type RevokeAll = (caller: Caller, request: RevokeAllRequest) => Promise<Result<RevokeAllOutcome, ServiceError>>

/** As much as a `sub` may have (OpenID Connect Core, section 2); too little for a token that was put here by mistake. */
const MAX_ID_LENGTH = 255

/** Sound, and of an issuer that we know. */
interface Target {
  readonly target: TargetOfIssuer
  readonly issuer: TrustedIssuer
  readonly keepApiKeys: boolean
}

export function createRevokeAll({ signing, issuers, authority, retentionOf, log, audit }: RevokeAllDeps): RevokeAll {
  function readTarget({ target, issuer: named, keepApiKeys }: RevokeAllRequest): Result<Target, ServiceError> {
    if (target === undefined || target.id === '') return invalid('a target is required')
    if (target.id.length > MAX_ID_LENGTH || /\p{Cc}/u.test(target.id)) {
      return invalid('the target must be 1 to 255 characters without control characters')
    }
    if (keepApiKeys && target.by !== 'subject') return invalid('keep_api_keys goes with subject only')
    // Unlike a token, of which nothing is left to revoke, a name that we do not know is a mistake.
    const issuer = issuers.get(named === '' ? signing.issuer : named)
    if (issuer === undefined) return invalid('issuer is not configured')
    return ok({ target: { ...target, issuer: issuer.issuer }, issuer, keepApiKeys })
  }

  function revocationOf({ target: { by, id }, issuer, keepApiKeys }: Target, nowSeconds: number): Revocation {
    const named = { issuer: issuer.issuer, id }
    if (by === 'key_id') return { dimension: by, ...named }
    if (by === 'transaction') {
      // The newest token of the transaction may have been issued just now, and may have its whole life before it.
      const keep = retentionOf(issuer, nowSeconds, true)
      return { dimension: by, ...named, until: untilOf({ iat: nowSeconds, exp: Number.POSITIVE_INFINITY }, keep) }
    }
    // Whoever issues by a clock that is ahead of the store's would have issued "later" than the call.
    const plusSeconds = issuer.issuer === signing.issuer ? 0 : issuer.leewaySeconds
    return { dimension: by === 'subject' && keepApiKeys ? 'subject_sessions' : by, ...named, plusSeconds }
  }

  async function run(caller: Caller, request: RevokeAllRequest): Promise<Result<Done, ServiceError>> {
    const asked = request.target === undefined ? revokeAllTargets : [request.target.by]
    if (!asked.some((by) => mayAskForAll(caller, by))) return fail('caller_denied')
    const read = readTarget(request)
    if (!read.ok) return read
    const nowSeconds = log.storeSeconds()
    if (nowSeconds === undefined) return storeTimeUnknown()
    const { target } = read.value
    const allowed = await authority.mayRevokeAll(caller, target, { revokerToken: request.revokerToken, nowSeconds })
    if (!allowed.ok) return allowed
    const revocation = revocationOf(read.value, nowSeconds)
    const recorded = await record([revocation], { log, waitUntilApplied: request.waitUntilApplied })
    if (!recorded.ok) return recorded
    const { outcome, recordedAt } = recorded.value
    const notBefore = 'plusSeconds' in revocation ? recordedAt + revocation.plusSeconds : undefined
    return ok({ outcome: { ...outcome, notBefore }, kind: revocation.dimension, target })
  }

  return async (caller, request) => {
    const done = await run(caller, request).catch((error: unknown) =>
      fail('internal_error', { audit: { cause: errorDetail(error) } }),
    )
    if (!done.ok) {
      const { reason, audit: about } = done.reason
      audit.refused({ operation: 'revoke_all', caller: caller.name, reason, ...about })
      return done
    }
    const { outcome, kind, target } = done.value
    const { notBefore, revision } = outcome
    const named = auditedTargets[target.by](target.id)
    audit.revokedAll({ caller: caller.name, kind, target: named, issuer: target.issuer, notBefore, revision })
    return ok(outcome)
  }
}

interface Done {
  readonly outcome: RevokeAllOutcome
  readonly kind: Revocation['dimension']
  readonly target: TargetOfIssuer
}

/** By which field of the audit a target is found again. */
const auditedTargets: Readonly<Record<RevokeAllTarget['by'], (id: string) => RevokedAllEvent['target']>> = {
  subject: (sub) => ({ sub }),
  client_id: (azp) => ({ azp }),
  key_id: (kid) => ({ kid }),
  transaction: (txn) => ({ txn }),
}

function invalid(message: string) {
  return fail('request_invalid', { message })
}
