// postern.token.v1.TokenService as grpc-js serves it: who calls, then the service, then the answer. Protobuf messages
// end here; what is issued and revoked is decided in issuing/ and revoking/.
import type { handleUnaryCall, ServerUnaryCall } from '@grpc/grpc-js'
import {
  type IssueRequest as IssueMessage,
  type IssueResponse,
  type RevokeAllRequest as RevokeAllMessage,
  type RevokeAllResponse,
  type RevokeResponse,
  TokenKind,
  type TokenServiceServer,
} from '../gen/postern/token/v1/token.ts'
import type { Caller, Callers } from '../issuing/callers.ts'
import type { GrantRequest } from '../issuing/request.ts'
import type { Issuing } from '../issuing/service.ts'
import { ok, type Result } from '../result.ts'
import type { RevokeAllTarget } from '../revoking/request.ts'
import type { Revoking } from '../revoking/service.ts'
import { fail, type ServiceError } from '../service-errors.ts'
import type { AuditedOperation } from '../telemetry/audit.ts'
import { type CallerIdentityDeps, identifyPeer } from './caller-identity.ts'
import { statusOf } from './service-status.ts'

export interface TokenServiceDeps extends CallerIdentityDeps {
  readonly callers: Callers
  readonly issuing: Issuing
  readonly revoking: Revoking
  /** Told of every call: whose it was, where that is known, and `ok` or the reason of the error. */
  readonly observe: (call: { readonly method: string; readonly caller: string; readonly result: string }) => void
  /** Told of calls that were refused before a service saw them. */
  readonly refused: (event: { operation: AuditedOperation; reason: string; cause?: string | undefined }) => void
}

type Answer<Response> = Promise<Result<Response, ServiceError>>

export function tokenService(deps: TokenServiceDeps): TokenServiceServer {
  const { issuing, revoking } = deps
  return {
    issue: method('issue', deps, async (caller, request) => {
      const issued = await issuing.issue(caller, { grant: grantOf(request.grant), expiresIn: request.expiresIn })
      if (!issued.ok) return issued
      const { token, jti, expiresAt, issuedTokenType, scopes } = issued.value
      const response: IssueResponse = {
        token,
        jti,
        expiresAt: new Date(expiresAt * 1000),
        issuedTokenType,
        scopes: [...scopes],
      }
      return ok(response)
    }),
    revoke: method('revoke', deps, async (caller, request): Answer<RevokeResponse> => revoking.revoke(caller, request)),
    revokeAll: method('revoke_all', deps, async (caller, request): Answer<RevokeAllResponse> => {
      const revoked = await revoking.revokeAll(caller, { ...request, target: targetOf(request.target) })
      if (!revoked.ok) return revoked
      const { notBefore, ...outcome } = revoked.value
      return ok({ ...outcome, notBefore: notBefore === undefined ? undefined : new Date(notBefore * 1000) })
    }),
    enroll: method('enroll', deps, notBuilt),
    exchange: method('exchange', deps, notBuilt),
  }
}

async function notBuilt(): Promise<{ readonly ok: false; readonly reason: ServiceError }> {
  return fail('not_implemented')
}

function method<Request, Response>(
  name: AuditedOperation,
  deps: TokenServiceDeps,
  serve: (caller: Caller, request: Request) => Answer<Response>,
): handleUnaryCall<Request, Response> {
  async function answer(call: ServerUnaryCall<Request, Response>): Answer<Response> {
    const caller = await authenticate(call, deps)
    if (!caller.ok) deps.refused({ operation: name, reason: caller.reason.reason, cause: caller.reason.audit?.cause })
    const result = caller.ok ? await serve(caller.value, call.request) : caller
    const known = caller.ok ? caller.value.name : ''
    deps.observe({ method: name, caller: known, result: result.ok ? 'ok' : result.reason.reason })
    return result
  }
  return (call, callback) => {
    answer(call)
      .catch(() => fail('internal_error'))
      .then((result) => (result.ok ? callback(null, result.value) : callback(statusOf(result.reason))))
  }
}

async function authenticate(
  call: ServerUnaryCall<unknown, unknown>,
  deps: TokenServiceDeps,
): Promise<Result<Caller, ServiceError>> {
  const identity = await identifyPeer(call, deps)
  return identity.ok ? deps.callers.identify(identity.value) : identity
}

/** A kind that is not in the enum is one that the caller has not said. */
function kindOf(kind: TokenKind): 'access' | 'api_key' | undefined {
  if (kind === TokenKind.TOKEN_KIND_ACCESS) return 'access'
  return kind === TokenKind.TOKEN_KIND_API_KEY ? 'api_key' : undefined
}

function grantOf(grant: IssueMessage['grant']): GrantRequest | undefined {
  if (grant === undefined) return undefined
  if (grant.$case === 'apiKey') return { kind: 'api_key', ...grant.apiKey }
  if (grant.$case !== 'subject') return { kind: grant.$case }
  const { kind, subject, scopes, clientId, user } = grant.subject
  return { kind: 'subject', tokenKind: kindOf(kind), subject, scopes, clientId, user }
}

function targetOf(target: RevokeAllMessage['target']): RevokeAllTarget | undefined {
  switch (target?.$case) {
    case undefined:
      return undefined
    case 'subject':
      return { by: 'subject', id: target.subject }
    case 'clientId':
      return { by: 'client_id', id: target.clientId }
    case 'keyId':
      return { by: 'key_id', id: target.keyId }
    case 'transaction':
      return { by: 'transaction', id: target.transaction }
  }
}
