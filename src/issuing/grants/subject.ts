// The grant `subject`: an access token or an API key for a user whom the caller has authenticated itself. Nothing but
// the caller's rights stands between its word and the token, so all of them are asked first.
import type { SigningConfig } from '../../config/schema.ts'
import { ok, type Result } from '../../result.ts'
import { fail, type ServiceError } from '../../service-errors.ts'
import { effectiveLifetime, limitsOf } from '../lifetime.ts'
import type { TokenPlan } from '../plan.ts'
import type { SubjectGrantRequest } from '../request.ts'
import { type MintableKind, mayMintFor, mayUseGrant } from '../rights.ts'
import type { Grant } from './grant.ts'

/** OpenID Connect Core, section 2, for `sub`; as much is plenty for a client id. */
const MAX_ID_LENGTH = 255
/** More would not fit into a token anyway. */
const MAX_SCOPES = 200

/** No control characters: these values end up in headers and log lines. */
const plainText = /^\P{Cc}+$/u
const printableAscii = /^[\x21-\x7e]+$/
/** RFC 6749, section 3.3. A scope with a space in it would be two for whoever joins them. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

export function createSubjectGrant({ signing }: { readonly signing: SigningConfig }): Grant<SubjectGrantRequest> {
  const { access, api_key: apiKey, ttl_policy: policy } = signing
  const limits = {
    access: { defaultMs: access.default_ttl, maxMs: access.max_ttl },
    api_key: { defaultMs: apiKey.max_ttl, maxMs: apiKey.max_ttl },
  } as const satisfies Readonly<Record<MintableKind, object>>
  const reserved = reservedAudiences(signing)

  function check({ subject, clientId, scopes }: SubjectGrantRequest): Result<void, ServiceError> {
    if (!isId(subject, plainText)) return invalid('subject must be 1 to 255 characters without control characters')
    if (clientId !== '' && !isId(clientId, printableAscii)) {
      return invalid('client_id must be up to 255 printable ASCII characters')
    }
    // It becomes an audience, so it must not be one that means something else.
    if (reserved.has(clientId)) return invalid('client_id is reserved for another audience')
    if (scopes.length > MAX_SCOPES || !scopes.every((scope) => scopeToken.test(scope))) {
      return invalid('scopes must be up to 200 scopes of RFC 6749, without spaces')
    }
    return ok(undefined)
  }

  return async ({ caller, request, expiresIn }) => {
    const { tokenKind: kind, subject, clientId, user } = request
    if (!mayUseGrant(caller, 'subject')) return fail('caller_denied')
    if (kind === undefined) return invalid('kind is required')
    const scopes = [...new Set(request.scopes)]
    if (!mayMintFor(caller, { kind, subject, scopes, hasUser: user !== undefined })) return fail('caller_denied')
    const checked = check(request)
    if (!checked.ok) return checked
    const lifetime = effectiveLifetime(expiresIn, limitsOf(limits[kind], caller.issue.max_ttl), policy)
    if (!lifetime.ok) return lifetime
    const audience = kind === 'access' && clientId !== '' ? [access.audience, clientId] : [access.audience]
    const plan: TokenPlan = {
      kind,
      subject,
      audience,
      scopes,
      clientId,
      user,
      taskType: undefined,
      apiKey: undefined,
      lifetimeSeconds: lifetime.value,
    }
    return ok(plan)
  }
}

function invalid(message: string) {
  return fail('request_invalid', { message })
}

function isId(text: string, pattern: RegExp): boolean {
  return text.length <= MAX_ID_LENGTH && pattern.test(text)
}

/** A client registered under the name of a task type would otherwise get tokens that its services take for theirs. */
function reservedAudiences({ access, tasks, transaction, upstream }: SigningConfig): ReadonlySet<string | undefined> {
  return new Set([access.audience, ...Object.keys(tasks.types), transaction?.trust_domain, upstream?.audience])
}
