// May this caller revoke this token, or everything of this target? By the right of its entry, and for `on_behalf` by a
// token of the user. Which kinds can be revoked at all is left to kinds.ts.
import type { Denylist } from '../denylist/port.ts'
import type { Caller } from '../issuing/callers.ts'
import { standingOf } from '../issuing/standing.ts'
import { ok, type Result } from '../result.ts'
import { type Failed, fail, type ServiceError } from '../service-errors.ts'
import { checkTimes } from '../tokens/claims.ts'
import type { TokenVerifier, TrustedIssuer, VerifiedToken } from '../tokens/port.ts'
import { identityOf, readProfile, type TokenProfile } from '../tokens/profile.ts'
import { kindOf, type TokenKind, tokenKinds } from './kinds.ts'
import type { RevokeAllTarget } from './request.ts'

export interface AuthorityDeps {
  readonly verifier: TokenVerifier
  readonly issuers: ReadonlyMap<string, TrustedIssuer>
  readonly denylist: Denylist
  /** The audience that a revoker token must be for. */
  readonly audience: string
}

/** A genuine token and what is known of it. */
export interface KnownToken {
  readonly token: VerifiedToken
  readonly profile: TokenProfile
  readonly kind: TokenKind
}

export interface Authority {
  /** `isLogout`: the token was presented by its holder as its own revoker. */
  mayRevoke(caller: Caller, target: KnownToken, by: By): Promise<Result<{ readonly isLogout: boolean }, ServiceError>>
  mayRevokeAll(caller: Caller, target: TargetOfIssuer, by: By): Promise<Result<void, ServiceError>>
}

interface By {
  /** Empty: none. */
  readonly revokerToken: string
  readonly nowSeconds: number
}

/** A target of RevokeAll; its id is unique within the issuer only. */
export interface TargetOfIssuer extends RevokeAllTarget {
  readonly issuer: string
}

/** Whether a call about such a target can succeed at all, before anything of it is read. */
export function mayAskForAll(caller: Caller, by: RevokeAllTarget['by']): boolean {
  return caller.revoke_all.includes(by) || (by === 'subject' && caller.revoke === 'on_behalf')
}

export function createAuthority(deps: AuthorityDeps): Authority {
  const { verifier, issuers, denylist, audience } = deps

  /** Genuine, no more: a token that revokes itself may be of any kind, expired or revoked before. */
  async function readRevoker(revokerToken: string): Promise<Result<KnownToken | undefined, ServiceError>> {
    if (revokerToken === '') return ok(undefined)
    const verified = await verifier.verify(revokerToken, { issuers, keys: 'any', nowSeconds: undefined })
    if (!verified.ok) {
      const cause = verified.reason
      return cause === 'keys_unavailable' ? fail(cause) : fail('revoker_invalid', { audit: { cause } })
    }
    const known = toKnownToken(verified.value)
    return known.ok ? known : fail('revoker_invalid', { audit: { cause: known.reason } })
  }

  /** Unexpired, for us, of a kind that stands for its owner, not revoked. */
  async function checkRevoker(revoker: KnownToken, nowSeconds: number): Promise<Result<void, ServiceError>> {
    const { token, profile, kind } = revoker
    const untimely = checkTimes(token.claims, token.issuer, nowSeconds)
    if (untimely !== undefined) return refuseRevoker(revoker, untimely)
    if (!tokenKinds[kind].mayRevoke) return refuseRevoker(revoker, 'purpose_refused')
    if (!token.claims.aud.includes(audience)) return refuseRevoker(revoker, 'audience_mismatch')
    if (!isKeyGood(revoker)) return refuseRevoker(revoker, 'key_unknown')
    const standing = await standingOf(denylist, identityOf(token, profile))
    if (standing === 'unknown') return fail('store_unavailable', { audit: { cause: 'denylist_unavailable' } })
    return standing === 'clear' ? ok(undefined) : refuseRevoker(revoker, standing)
  }

  async function onBehalf(
    target: KnownToken,
    revoker: KnownToken | undefined,
    nowSeconds: number,
  ): Promise<Result<void, ServiceError>> {
    if (revoker === undefined) return revokerRequired()
    const checked = await checkRevoker(revoker, nowSeconds)
    if (!checked.ok) return checked
    return isSameOwner(target, revoker) ? checked : refuseOwner(target)
  }

  return {
    async mayRevoke(caller, target, { revokerToken, nowSeconds }) {
      const revoker = await readRevoker(revokerToken)
      if (!revoker.ok) return revoker
      const isLogout = revoker.value !== undefined && isSameToken(target, revoker.value)
      const allowed = ok({ isLogout })
      if (caller.revoke === 'any') return allowed
      if (caller.revoke === 'own_client') return isOfClient(target, caller.client_id) ? allowed : refuseOwner(target)
      if (caller.revoke === 'none') return fail('caller_denied')
      if (isLogout) return allowed
      const owned = await onBehalf(target, revoker.value, nowSeconds)
      return owned.ok ? allowed : owned
    },

    async mayRevokeAll(caller, target, { revokerToken, nowSeconds }) {
      const revoker = await readRevoker(revokerToken)
      if (!revoker.ok) return revoker
      if (!mayAskForAll(caller, target.by)) return fail('caller_denied')
      if (caller.revoke_all.includes(target.by)) return ok(undefined)
      if (revoker.value === undefined) return revokerRequired()
      const checked = await checkRevoker(revoker.value, nowSeconds)
      if (!checked.ok) return checked
      return isOwnSubject(target, revoker.value) ? checked : refuseSubject(revoker.value)
    },
  }
}

export function toKnownToken(token: VerifiedToken): Result<KnownToken, 'claims_invalid'> {
  const profile = readProfile(token.claims)
  return profile.ok ? ok({ token, profile: profile.value, kind: kindOf(token, profile.value) }) : profile
}

/** By identity: the same token can be spelt in several ways. */
function isSameToken({ token: { claims: one } }: KnownToken, { token: { claims: other } }: KnownToken): boolean {
  return one.iss === other.iss && one.jti === other.jti
}

/** A subject is unique within its issuer only; a token without one belongs to nobody. */
function isSameOwner({ token: { claims: one } }: KnownToken, { token: { claims: other } }: KnownToken): boolean {
  return one.iss === other.iss && one.sub !== undefined && one.sub !== '' && one.sub === other.sub
}

function isOwnSubject({ issuer, id }: TargetOfIssuer, { token: { claims } }: KnownToken): boolean {
  return claims.iss === issuer && claims.sub !== undefined && claims.sub !== '' && claims.sub === id
}

function isOfClient({ profile }: KnownToken, clientId: string | undefined): boolean {
  return clientId !== undefined && clientId !== '' && profile.clientId === clientId
}

/** A retired key verifies API keys and what is to be revoked; an access token signed by it is good nowhere. */
function isKeyGood({ token: { issuer, kid }, kind }: KnownToken): boolean {
  const key = issuer.keys.find(kid)
  return key.ok && (key.value.published || kind === 'api_key')
}

function refuseRevoker({ token: { claims } }: KnownToken, cause: string): Failed {
  return fail('revoker_invalid', { audit: { cause, jti: claims.jti, sub: claims.sub } })
}

function revokerRequired(): Failed {
  return fail('request_invalid', { message: 'revoker_token is required' })
}

/** The audit names who asked; whom they asked for is theirs to say and not verified. */
function refuseSubject({ token: { claims } }: KnownToken): Failed {
  const audit = { cause: 'subject_differs', jti: claims.jti, sub: claims.sub }
  return fail('not_owner', { message: 'The subject is somebody else', audit })
}

function refuseOwner({ token: { claims } }: KnownToken): Failed {
  return fail('not_owner', { audit: { jti: claims.jti, sub: claims.sub } })
}
