// The grant `api_key`: an access token, or a task token, for whoever holds an API key. The order of the checks is part
// of the contract: the caller's right, the request, expires_in, the key, the key's expiry, the task rules.
import type { SigningConfig } from '../../config/schema.ts'
import { ok } from '../../result.ts'
import { fail } from '../../service-errors.ts'
import type { ApiKey, ApiKeys } from '../api-keys.ts'
import { effectiveLifetime, limitsOf, withinApiKey } from '../lifetime.ts'
import type { TokenPlan } from '../plan.ts'
import type { ApiKeyGrantRequest } from '../request.ts'
import { mayAskForTaskType, mayUseGrant } from '../rights.ts'
import type { TaskType, TaskTypes } from '../task-types.ts'
import type { Grant } from './grant.ts'

export interface ApiKeyGrantDeps {
  readonly signing: SigningConfig
  readonly apiKeys: ApiKeys
  readonly taskTypes: TaskTypes
}

export function createApiKeyGrant({ signing, apiKeys, taskTypes }: ApiKeyGrantDeps): Grant<ApiKeyGrantRequest> {
  const { access, clamp_to_api_key: clamp, ttl_policy: policy } = signing

  /** An access token has no scope but its key's. Its key's client is not its own: `azp` stays empty. */
  function planOf(apiKey: ApiKey, taskType: TaskType | undefined, lifetimeSeconds: number): TokenPlan {
    const shared = { subject: apiKey.subject, clientId: '', user: apiKey.user, apiKey, lifetimeSeconds }
    if (taskType === undefined) {
      return { ...shared, kind: 'access', audience: [access.audience], scopes: apiKey.scopes, taskType: undefined }
    }
    const { name } = taskType
    return { ...shared, kind: 'task', audience: [name], scopes: taskTypes.scopesOf(apiKey), taskType: name }
  }

  return async ({ caller, request, expiresIn, now }) => {
    const wanted = request.taskType
    if (!mayUseGrant(caller, 'api_key')) return fail('caller_denied')
    if (wanted !== '' && !mayAskForTaskType(caller, wanted)) return fail('caller_denied')
    if (request.apiKey === '') return fail('request_invalid', { message: 'api_key is required' })
    const taskType = wanted === '' ? undefined : taskTypes.find(wanted)
    if (wanted !== '' && taskType === undefined) return fail('task_type_unknown')

    const limits = limitsOf(taskType ?? { defaultMs: access.default_ttl, maxMs: access.max_ttl }, caller.issue.max_ttl)
    const effective = effectiveLifetime(expiresIn, limits, policy)
    if (!effective.ok) return effective
    const apiKey = await apiKeys.verify(request.apiKey, now)
    if (!apiKey.ok) return apiKey
    const bound = withinApiKey(effective.value, apiKey.value, { nowSeconds: now, clamp })
    if (!bound.ok) return bound
    if (taskType !== undefined && !taskTypes.permits(taskType, apiKey.value, bound.value)) {
      return fail('task_type_denied', { audit: { jti: apiKey.value.jti, sub: apiKey.value.subject } })
    }
    return ok(planOf(apiKey.value, taskType, bound.value))
  }
}
