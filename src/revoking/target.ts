// What a Revoke is about: the token, verified without regard to its times and audience, or the id that stands for one.
// A text that is no token of ours is nothing to revoke (RFC 7009, section 2.2); keys that cannot be had are no answer.
import type { Clock } from '../clock.ts'
import type { Caller } from '../issuing/callers.ts'
import { ok, type Result } from '../result.ts'
import { fail, type ServiceError } from '../service-errors.ts'
import { parseCompactJws } from '../tokens/compact.ts'
import type { TokenVerifier, TrustedIssuer, VerifyReason } from '../tokens/port.ts'
import { type KnownToken, toKnownToken } from './authority.ts'
import type { RevokeRequest, RevokeTarget } from './request.ts'

const MAX_TOKEN_ID_LENGTH = 128

/** Either a token, or `jti` and `issuer` by a caller who may revoke any. */
export function readTarget(caller: Caller, request: RevokeRequest): Result<RevokeTarget, ServiceError> {
  const { token, jti, issuer } = request
  if (token !== '') {
    const both = jti !== '' || issuer !== ''
    return both ? invalid('token excludes jti and issuer') : ok({ by: 'token', token })
  }
  if (jti === '' && issuer === '') return invalid('token is required')
  if (caller.revoke !== 'any') return fail('caller_denied')
  if (jti === '' || issuer === '') return invalid('jti and issuer are required together')
  if (jti.length > MAX_TOKEN_ID_LENGTH || /\p{Cc}/u.test(jti)) {
    return invalid('jti must be 1 to 128 characters without control characters')
  }
  return ok({ by: 'id', jti, issuer })
}

export interface FindTokenDeps {
  readonly verifier: TokenVerifier
  readonly issuers: ReadonlyMap<string, TrustedIssuer>
  readonly clock: Clock
}

/** `nothing`: no token that anybody would accept, so there is nothing to revoke. */
export type FoundToken = { readonly nothing: VerifyReason } | { readonly known: KnownToken }

export async function findToken(token: string, deps: FindTokenDeps): Promise<Result<FoundToken, ServiceError>> {
  const { verifier, issuers } = deps
  const verified = await verifier.verify(token, { issuers, keys: 'any', nowSeconds: undefined })
  if (!verified.ok) {
    const cause = verified.reason
    const uncertain = cause === 'keys_unavailable' || (cause === 'key_unknown' && !isCertain(token, deps))
    return uncertain ? fail('keys_unavailable', { audit: { cause } }) : ok({ nothing: cause })
  }
  const known = toKnownToken(verified.value)
  return ok(known.ok ? { known: known.value } : { nothing: known.reason })
}

/** Twice the usual cool-down: a key set looked at within it holds every key that signs, since keys are published first. */
const CERTAIN_WITHIN_MS = 60_000

/** A key is unknown for certain only if the key set could be had lately; else the token may be as good as any. */
function isCertain(token: string, { issuers, clock }: FindTokenDeps): boolean {
  const jws = parseCompactJws(token)
  const iss = jws.ok ? jws.value.payload['iss'] : undefined
  const asOfMs = typeof iss === 'string' ? issuers.get(iss)?.keys.freshAsOfMs : undefined
  return asOfMs !== undefined && clock.monotonicMs() - asOfMs <= CERTAIN_WITHIN_MS
}

function invalid(message: string) {
  return fail('request_invalid', { message })
}
