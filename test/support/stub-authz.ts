// A stand-in for Postern in tests of Envoy itself: answers every Check as it is told, and keeps what it was asked. Its
// answers are not Postern's; tests of those use Postern.
import { Metadata, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js'
import {
  HeaderValueOption_HeaderAppendAction as AppendAction,
  type HeaderValueOption,
} from '../../src/gen/envoy/config/core/v3/base.ts'
import type { AttributeContext } from '../../src/gen/envoy/service/auth/v3/attribute_context.ts'
import {
  AuthorizationService,
  type CheckRequest,
  type CheckResponse,
} from '../../src/gen/envoy/service/auth/v3/external_auth.ts'

type StubAnswer = CheckResponse | 'silence' | 'rpc error'

export interface StubAuthz {
  /** `unix` path or `host` and `port`, as envoy-config.ts takes it. */
  readonly address: { readonly unix: string } | { readonly host: string; readonly port: number }
  /** Every Check since the last `reset`, oldest first. */
  readonly checks: readonly SeenCheck[]
  answer: (check: SeenCheck) => StubAnswer
  /** Forgets the Checks and answers with a plain allow. */
  reset(): void
  /** Ends as a server that is being replaced: no new connections, and those that are open are told to go away. */
  drain(): Promise<void>
  /** Cuts every connection and stops listening. */
  stop(): void
}

interface SeenCheck {
  readonly path: string
  readonly scheme: string
  /** The address that Envoy says the client has. */
  readonly client: string | undefined
  readonly policy: string | undefined
  /** Raw bytes as latin1 text, one entry per header as it arrived. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The values of one name. */
  values(name: string): readonly string[]
}

export async function startStubAuthz(options: { readonly unix?: string } = {}): Promise<StubAuthz> {
  const server = new Server()
  const checks: SeenCheck[] = []
  const stub = { answer: (_check: SeenCheck): StubAnswer => allow() }
  server.addService(AuthorizationService, {
    check(call: ServerUnaryCall<CheckRequest, CheckResponse>, callback: sendUnaryData<CheckResponse>) {
      const seen = seenCheck(call.request.attributes)
      checks.push(seen)
      const answer = stub.answer(seen)
      if (answer === 'silence') return
      if (answer === 'rpc error') callback({ code: status.INTERNAL, details: 'stub', metadata: new Metadata() })
      else callback(null, answer)
    },
  })
  const target = options.unix === undefined ? '127.0.0.1:0' : `unix:${options.unix}`
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  return Object.assign(stub, {
    address: options.unix === undefined ? { host: '127.0.0.1', port } : { unix: options.unix },
    checks,
    reset() {
      checks.length = 0
      stub.answer = () => allow()
    },
    drain: () => new Promise<void>((resolve) => server.tryShutdown(() => resolve())),
    stop: () => server.forceShutdown(),
  })
}

export interface Mutations {
  readonly set?: Readonly<Record<string, string>>
  readonly remove?: readonly string[]
  readonly metadata?: Readonly<Record<string, string>>
}

export function allow({ set = {}, remove = [], metadata }: Mutations = {}): CheckResponse {
  return {
    status: { code: status.OK, message: '', details: [] },
    httpResponse: {
      $case: 'okResponse',
      okResponse: {
        headers: headerOptions(set),
        headersToRemove: [...remove],
        dynamicMetadata: undefined,
        responseHeadersToAdd: [],
        queryParametersToSet: [],
        queryParametersToRemove: [],
      },
    },
    dynamicMetadata: metadata,
  }
}

export interface Denial {
  readonly http: 400 | 401 | 403 | 503
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly metadata?: Readonly<Record<string, string>>
}

export function deny({ http, body = '', headers = {}, metadata }: Denial): CheckResponse {
  return {
    status: { code: status.PERMISSION_DENIED, message: '', details: [] },
    httpResponse: {
      $case: 'deniedResponse',
      deniedResponse: { status: { code: http }, headers: headerOptions(headers), body },
    },
    dynamicMetadata: metadata,
  }
}

function headerOptions(headers: Readonly<Record<string, string>>): HeaderValueOption[] {
  return Object.entries(headers).map(([key, value]) => ({
    header: { key, value, rawValue: Buffer.alloc(0) },
    append: false,
    appendAction: AppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    keepEmptyValue: false,
  }))
}

function seenCheck(attributes: AttributeContext | undefined): SeenCheck {
  const http = attributes?.request?.http
  const address = attributes?.source?.address?.address
  const headers = (http?.headerMap?.headers ?? []).map(
    ({ key, rawValue }) => [key, Buffer.from(rawValue).toString('latin1')] as const,
  )
  return {
    path: http?.path ?? '',
    scheme: http?.scheme ?? '',
    client: address?.$case === 'socketAddress' ? address.socketAddress.address : undefined,
    policy: attributes?.contextExtensions['postern.policy'],
    headers,
    values: (wanted) => headers.flatMap(([name, value]) => (name === wanted ? [value] : [])),
  }
}
