// Issue: quota, grant, quota of the subject, mint, audit. Straight down; the first refusal leaves. What each grant
// checks is in grants/; how calls arrive is left to server/.
import type { Clock } from '../clock.ts'
import type { SigningConfig } from '../config/schema.ts'
import type { Denylist, RevocationLog } from '../denylist/port.ts'
import type { Result } from '../result.ts'
import { fail, type ServiceError } from '../service-errors.ts'
import type { Audit } from '../telemetry/audit.ts'
import { errorDetail } from '../telemetry/log.ts'
import type { TokenVerifier, TrustedIssuer } from '../tokens/port.ts'
import { createApiKeys } from './api-keys.ts'
import type { Caller } from './callers.ts'
import { createApiKeyGrant } from './grants/api-key.ts'
import { createSubjectGrant } from './grants/subject.ts'
import { mint } from './mint.ts'
import { createMoments } from './moment.ts'
import type { TokenPlan } from './plan.ts'
import type { Quotas } from './quotas.ts'
import type { GrantRequest, IssuedToken, IssueRequest } from './request.ts'
import type { SigningKeys } from './signer.ts'
import { createTaskTypes } from './task-types.ts'

export interface IssuingDeps {
  readonly signing: SigningConfig
  /** We as an issuer, with all our keys. */
  readonly own: TrustedIssuer
  readonly keys: Pick<SigningKeys, 'signer' | 'reload'>
  readonly verifier: TokenVerifier
  readonly denylist: Denylist
  readonly log: Pick<RevocationLog, 'storeSeconds'>
  readonly quotas: Quotas
  readonly audit: Audit
  readonly clock: Clock
  readonly sleep: (ms: number) => Promise<unknown>
}

export interface Issuing {
  /** Never rejects. */
  issue(caller: Caller, request: IssueRequest): Promise<Result<IssuedToken, ServiceError>>
}

interface Minted {
  readonly plan: TokenPlan
  readonly token: IssuedToken
}

export function createIssuing(deps: IssuingDeps): Issuing {
  const { signing, quotas, audit, keys } = deps
  const moments = createMoments(deps)
  const apiKeyGrant = createApiKeyGrant({ signing, apiKeys: createApiKeys(deps), taskTypes: createTaskTypes(signing) })
  const subjectGrant = createSubjectGrant({ signing })

  async function planFor(
    caller: Caller,
    grant: GrantRequest,
    at: { readonly expiresIn: bigint | undefined; readonly now: number },
  ): Promise<Result<TokenPlan, ServiceError>> {
    if (grant.kind === 'api_key') return apiKeyGrant({ caller, request: grant, ...at })
    if (grant.kind === 'subject') return subjectGrant({ caller, request: grant, ...at })
    return fail('not_implemented')
  }

  async function run(caller: Caller, { grant, expiresIn }: IssueRequest): Promise<Result<Minted, ServiceError>> {
    if (!quotas.take(caller)) return fail('quota_exceeded')
    if (grant === undefined) return fail('request_invalid', { message: 'grant is required' })
    const now = moments.now()
    if (!now.ok) return now
    const plan = await planFor(caller, grant, { expiresIn, now: now.value })
    if (!plan.ok) return plan
    const { subject } = plan.value
    if (!quotas.takeFor(caller, subject)) return fail('quota_exceeded', { audit: { sub: subject } })
    const token = await mint(plan.value, now.value, { issuer: signing.issuer, keys, moments })
    return token.ok ? { ok: true, value: { plan: plan.value, token: token.value } } : token
  }

  return {
    async issue(caller, request) {
      const minted = await run(caller, request).catch((error: unknown) =>
        fail('internal_error', { audit: { cause: errorDetail(error) } }),
      )
      const grant = request.grant?.kind
      if (!minted.ok) {
        const { reason, audit: about } = minted.reason
        audit.refused({ operation: 'issue', caller: caller.name, grant, reason, ...about })
        return minted
      }
      const { plan, token } = minted.value
      audit.issued({
        caller: caller.name,
        grant: grant ?? '',
        kind: plan.kind,
        jti: token.jti,
        sub: plan.subject,
        azp: plan.clientId,
        expiresAt: token.expiresAt,
        rootJti: plan.apiKey?.jti,
      })
      return { ok: true, value: token }
    },
  }
}
