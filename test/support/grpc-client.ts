// gRPC clients that share nothing with the code under test: services are loaded from .proto files when the test runs.
// A failed call rejects with what a caller can see of it, google.rpc.ErrorInfo included.
import { join } from 'node:path'
import { type ChannelCredentials, Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { loadSync, type MessageTypeDefinition, type ServiceDefinition } from '@grpc/proto-loader'

const deps = join(import.meta.dirname, '../../node_modules/@grpc/grpc-js-xds/deps')

/** Envoy's own protos with everything they import, and Google's. */
export const protoFolders = ['envoy-api', 'googleapis', 'protoc-gen-validate', 'xds'].map((name) => join(deps, name))

interface Protos {
  service(name: string): ServiceDefinition
  message(name: string): MessageTypeDefinition<object, object>
}

/** Field names as in the files, 64-bit numbers as text, every default filled in. */
export function loadProtos(file: string, folders: readonly string[] = []): Protos {
  const loaded = loadSync(file, {
    ...{ keepCase: true, longs: String, enums: String, defaults: true, oneofs: true },
    includeDirs: [...folders, ...protoFolders],
  })
  const find = (name: string) => {
    const definition = loaded[name]
    if (definition === undefined) throw new Error(`${file} has no ${name}`)
    return definition
  }
  return {
    service(name) {
      const definition = find(name)
      if (isMessage(definition) || 'format' in definition) throw new Error(`${name} is no service`)
      return definition
    },
    message(name) {
      const definition = find(name)
      if (!isMessage(definition)) throw new Error(`${name} is no message`)
      return definition
    },
  }
}

function isMessage(definition: object): definition is MessageTypeDefinition<object, object> {
  return 'deserialize' in definition && 'format' in definition
}

export interface Channel {
  /** `unix:/path` or `host:port`. */
  readonly target: string
  /** PEM texts, and the name that the server's certificate has. */
  readonly tls?: { readonly ca: string; readonly serverName: string; readonly cert?: string; readonly key?: string }
}

export interface CallOptions {
  readonly metadata?: Readonly<Record<string, string>>
  /** After this many ms the call fails with DEADLINE_EXCEEDED. */
  readonly withinMs?: number
}

export interface UnaryClient {
  call(method: string, request: object, options?: CallOptions): Promise<object>
  /** The channel beneath, for calls of other shapes. */
  readonly client: Client
  close(): void
}

/** Longer than any call takes on loopback, shorter than a test may. */
const answerWithinMs = 10_000

export function createUnaryClient(service: ServiceDefinition, channel: Channel): UnaryClient {
  const client = new Client(channel.target, credentialsOf(channel), {
    // Tests stop and start servers: nothing of one client's troubles may hold up another.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.min_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 200,
    ...(channel.tls === undefined ? {} : { 'grpc.ssl_target_name_override': channel.tls.serverName }),
  })
  return {
    client,
    call(name, request, { metadata = {}, withinMs = answerWithinMs } = {}) {
      const method = service[name]
      if (method === undefined) throw new Error(`There is no method ${name}`)
      return new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          request,
          metadataOf(metadata),
          { deadline: Date.now() + withinMs },
          (error, answer) => (error ? reject(new GrpcFailure(error)) : resolve(answer ?? {})),
        )
      })
    },
    close: () => client.close(),
  }
}

function credentialsOf({ tls }: Channel): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure()
  const { ca, cert, key } = tls
  const bytes = (pem: string | undefined) => (pem === undefined ? null : Buffer.from(pem))
  return credentials.createSsl(Buffer.from(ca), bytes(key), bytes(cert))
}

function metadataOf(entries: NonNullable<CallOptions['metadata']>): Metadata {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(entries)) metadata.add(name, value)
  return metadata
}

/** What a caller sees of a failed call. */
export class GrpcFailure extends Error {
  override readonly name = 'GrpcFailure'
  /** google.rpc.Code */
  readonly code: number
  readonly details: string
  /** google.rpc.ErrorInfo, where the server sent one. */
  readonly reason: string | undefined
  readonly domain: string | undefined
  /** Everything that came with it, for assertions about what must not be in it. */
  readonly raw: string
  constructor(error: ServiceError) {
    super(error.message)
    const info = errorInfoOf(error.metadata)
    this.code = error.code
    this.details = error.details
    this.reason = info?.reason
    this.domain = info?.domain
    this.raw = `${error.message} ${JSON.stringify(error.metadata.toJSON())} ${JSON.stringify(info)}`
  }
}

const errorInfoType = 'type.googleapis.com/google.rpc.ErrorInfo'
const rpcStatus = loadProtos('google/rpc/status.proto').message('google.rpc.Status')
const rpcErrorInfo = loadProtos('google/rpc/error_details.proto').message('google.rpc.ErrorInfo')

function errorInfoOf(metadata: Metadata): { reason: string; domain: string } | undefined {
  const [encoded] = metadata.get('grpc-status-details-bin')
  if (!(encoded instanceof Buffer)) return undefined
  const status = rpcStatus.deserialize(encoded)
  const details: unknown[] = 'details' in status && Array.isArray(status.details) ? status.details : []
  for (const detail of details) {
    if (!isAny(detail) || detail.type_url !== errorInfoType) continue
    const info = rpcErrorInfo.deserialize(detail.value)
    if ('reason' in info && 'domain' in info) return { reason: String(info.reason), domain: String(info.domain) }
  }
  return undefined
}

function isAny(detail: unknown): detail is { type_url: string; value: Buffer } {
  return typeof detail === 'object' && detail !== null && 'type_url' in detail && 'value' in detail
}
