// A plan → a signed token: the id, the moment, the current key, the signature, the size. The last step of every grant;
// whether the token may exist has been decided before it.
import { randomUUID } from 'node:crypto'
import type { RevokedReason } from '../denylist/port.ts'
import { ok, type Result } from '../result.ts'
import { fail, type ServiceError } from '../service-errors.ts'
import type { Moments } from './moment.ts'
import { claimsOf, plannedKinds, type TokenPlan } from './plan.ts'
import type { IssuedToken } from './request.ts'
import { type Signer, type SigningKeys, SigningUnavailableError } from './signer.ts'

export interface MintDeps {
  readonly issuer: string
  readonly keys: Pick<SigningKeys, 'signer' | 'reload'>
  readonly moments: Moments
}

/** Fits into a header beside others; Fence has the same bound. */
const MAX_TOKEN_BYTES = 4096

/** RFC 7519, section 5.1. */
const TOKEN_TYPE = 'JWT'

export async function mint(plan: TokenPlan, now: number, deps: MintDeps): Promise<Result<IssuedToken, ServiceError>> {
  const { keys } = deps
  const signer = keys.signer()
  if (signer === undefined) return fail('keys_unavailable', { audit: { cause: 'no_current_key' } })
  const minted = await mintWith(signer, plan, now, deps)
  if (minted.ok || minted.reason.audit?.cause !== ('key_revoked' satisfies RevokedReason)) return minted
  // Whoever revokes a key has put another in its place; the files just have not been looked at since.
  await keys.reload?.()
  const other = keys.signer()
  return other === undefined || other.kid === signer.kid ? minted : mintWith(other, plan, now, deps)
}

async function mintWith(
  signer: Signer,
  plan: TokenPlan,
  now: number,
  deps: MintDeps,
): Promise<Result<IssuedToken, ServiceError>> {
  const jti = randomUUID()
  const iat = await deps.moments.settle(now, (issuedAt) => ({
    issuer: deps.issuer,
    jti,
    keyId: signer.kid,
    issuedAt,
    subject: plan.subject,
    clientId: plan.clientId,
    isApiKey: plan.kind === 'api_key',
    apiKey: plan.apiKey && { jti: plan.apiKey.jti, issuedAt: plan.apiKey.iat },
  }))
  if (!iat.ok) return iat
  const expiresAt = iat.value + plan.lifetimeSeconds
  // Only after a wait, which is for the next second.
  if (plan.apiKey !== undefined && expiresAt > plan.apiKey.exp) return fail('api_key_expires_first')
  const token = await sign(signer, claimsOf(plan, { issuer: deps.issuer, jti, iat: iat.value }))
  if (!token.ok) return token
  if (token.value.length > MAX_TOKEN_BYTES) return fail('token_too_large')
  const { issuedTokenType } = plannedKinds[plan.kind]
  return ok({ token: token.value, jti, expiresAt, issuedTokenType, scopes: plan.scopes })
}

async function sign(signer: Signer, payload: object): Promise<Result<string, ServiceError>> {
  try {
    return ok(await signer.sign({ typ: TOKEN_TYPE, payload }))
  } catch (error) {
    if (error instanceof SigningUnavailableError)
      return fail('keys_unavailable', { audit: { cause: 'signing_failed' } })
    throw error
  }
}
