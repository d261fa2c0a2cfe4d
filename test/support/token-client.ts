// A client of the token service, as somebody in another language would have it: built from the published .proto alone.
// Every token that passes through is remembered as something that must never be printed.
import { join } from 'node:path'
import { z } from 'zod'
import { type CallOptions, type Channel, createUnaryClient, loadProtos } from './grpc-client.ts'
import { rememberSecret } from './secrets.ts'
import { toStruct } from './struct.ts'

const protoFolder = join(import.meta.dirname, '../../proto')

const service = loadProtos('postern/token/v1/token.proto', [protoFolder]).service('postern.token.v1.TokenService')

const issued = z.object({
  token: z.string(),
  jti: z.string(),
  expires_at: z.object({ seconds: z.string() }),
  issued_token_type: z.string(),
  scopes: z.array(z.string()),
})

const revoked = z.object({ revision: z.string(), sidecars_applied: z.number(), sidecars_known: z.number() })

export type IssuedToken = z.output<typeof issued>
type RevokedToken = z.output<typeof revoked>

export interface IssueRequest {
  readonly api_key?: { readonly api_key: string; readonly task_type?: string }
  readonly subject?: {
    readonly kind?: 'TOKEN_KIND_ACCESS' | 'TOKEN_KIND_API_KEY' | 'TOKEN_KIND_UNSPECIFIED'
    readonly subject: string
    readonly scopes?: readonly string[]
    readonly client_id?: string
    readonly user?: Readonly<Record<string, unknown>>
  }
  readonly transaction?: object
  readonly replacement?: object
  readonly upstream?: object
  /** Seconds: text, since it has 64 bits. */
  readonly expires_in?: string
}

interface RevokeRequest {
  readonly token?: string
  readonly token_type_hint?: string
  readonly revoker_token?: string
  readonly wait_until_applied?: boolean
  readonly jti?: string
  readonly issuer?: string
}

interface TokenCallOptions extends CallOptions {
  /** Sent as `authorization: Bearer …`. */
  readonly workloadJwt?: string
}

/** Calls reject with GrpcFailure. */
export interface TokenClient {
  issue(request: IssueRequest, options?: TokenCallOptions): Promise<IssuedToken>
  revoke(request: RevokeRequest, options?: TokenCallOptions): Promise<RevokedToken>
  /** Any other method, as it stands in the .proto. */
  call(method: string, request: object, options?: TokenCallOptions): Promise<object>
  close(): void
}

export function createTokenClient(channel: Channel): TokenClient {
  const client = createUnaryClient(service, channel)

  function call(method: string, request: object, { workloadJwt, ...options }: TokenCallOptions = {}): Promise<object> {
    if (workloadJwt === undefined) return client.call(method, request, options)
    rememberSecret(workloadJwt)
    const metadata = { ...options.metadata, authorization: `Bearer ${workloadJwt}` }
    return client.call(method, request, { ...options, metadata })
  }

  return {
    call,
    close: client.close,
    async issue({ subject, ...request }, options) {
      if (request.api_key !== undefined) rememberSecret(request.api_key.api_key)
      const message = subject === undefined ? request : { ...request, subject: withUser(subject) }
      const answer = issued.parse(await call('Issue', message, options))
      rememberSecret(answer.token)
      return answer
    },
    async revoke(request, options) {
      for (const token of [request.token, request.revoker_token]) if (token) rememberSecret(token)
      return revoked.parse(await call('Revoke', request, options))
    },
  }
}

function withUser({ user, ...subject }: NonNullable<IssueRequest['subject']>): object {
  return user === undefined ? subject : { ...subject, user: toStruct(user) }
}
