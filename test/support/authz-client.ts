// Asks Postern as an Envoy would, from Envoy's own .proto files: a plain description of a request in, what Envoy would
// make of the answer out. Bytes that are no CheckRequest can be sent as well.
import { status } from '@grpc/grpc-js'
import { z } from 'zod'
import { type CallOptions, type Channel, createUnaryClient, loadProtos } from './grpc-client.ts'
import { fromStruct } from './struct.ts'

const protos = loadProtos('envoy/service/auth/v3/external_auth.proto')
const service = protos.service('envoy.service.auth.v3.Authorization')

export interface CheckPlan {
  readonly method?: string
  readonly path?: string
  readonly host?: string
  /** `Authorization: Bearer <token>` before all other headers. */
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
  /** `context_extensions["postern.policy"]`; `null` sends none. Default `default`. */
  readonly policy?: string | null
}

const option = z.object({ header: z.object({ key: z.string(), value: z.string() }) })
const response = z.object({
  status: z.object({ code: z.number() }).nullable(),
  denied_response: z
    .object({ status: z.object({ code: z.string() }).nullable(), headers: z.array(option), body: z.string() })
    .optional(),
  ok_response: z.object({ headers: z.array(option), headers_to_remove: z.array(z.string()) }).optional(),
  dynamic_metadata: z.unknown(),
})

export interface CheckAnswer {
  /** As Envoy decides it: by the status code alone. */
  readonly allowed: boolean
  /** google.rpc.Code */
  readonly code: number
  /** Name of the HTTP status of a denial, as envoy.type.v3.StatusCode spells it. */
  readonly http: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly removed: readonly string[]
  readonly body: string
  /** From the dynamic metadata. */
  readonly reason: unknown
  readonly metadata: Readonly<Record<string, unknown>>
}

export interface AuthzClient {
  check(plan?: CheckPlan, options?: CallOptions): Promise<CheckAnswer>
  /** Whatever these bytes are. */
  checkBytes(bytes: Buffer, options?: CallOptions): Promise<CheckAnswer>
  close(): void
}

export function createAuthzClient(channel: Channel): AuthzClient {
  const { Check: check } = service
  if (check === undefined) throw new Error('Authorization has no Check')
  const bytesAsTheyAre = (bytes: object) => (Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0))
  const asIs = { ...service, Check: { ...check, requestSerialize: bytesAsTheyAre } }
  const client = createUnaryClient(service, channel)
  const rawClient = createUnaryClient(asIs, channel)
  return {
    check: async (plan = {}, options) => readAnswer(await client.call('Check', requestOf(plan), options)),
    checkBytes: async (bytes, options) => readAnswer(await rawClient.call('Check', bytes, options)),
    close() {
      client.close()
      rawClient.close()
    },
  }
}

/** An envoy.service.auth.v3.CheckRequest by its field names, for checkBytes. */
export function encodeCheck(request: object): Buffer {
  return protos.message('envoy.service.auth.v3.CheckRequest').serialize(request)
}

/** Envoy 1.40 with `encode_raw_headers`: one entry a header, values as bytes. */
function requestOf({ method = 'GET', path = '/data', host = 'app.example', token, ...plan }: CheckPlan): object {
  const { headers = {}, policy = 'default' } = plan
  const lines = [
    [':method', method],
    [':path', path],
    [':authority', host],
    ...(token === undefined ? [] : [['authorization', `Bearer ${token}`]]),
    ...Object.entries(headers),
  ]
  const headerMap = { headers: lines.map(([key, value = '']) => ({ key, raw_value: Buffer.from(value, 'latin1') })) }
  return {
    attributes: {
      request: { http: { id: '1', method, path, host, scheme: 'http', protocol: 'HTTP/1.1', header_map: headerMap } },
      context_extensions: policy === null ? {} : { 'postern.policy': policy },
    },
  }
}

function readAnswer(message: object): CheckAnswer {
  const { status: verdict, denied_response: denied, ok_response: ok, dynamic_metadata } = response.parse(message)
  const code = verdict?.code ?? status.OK
  const metadata = dynamic_metadata === null ? {} : fromStruct(dynamic_metadata)
  return {
    allowed: code === status.OK,
    code,
    http: denied?.status?.code,
    headers: Object.fromEntries((denied ?? ok)?.headers.map(({ header }) => [header.key, header.value]) ?? []),
    removed: ok?.headers_to_remove ?? [],
    body: denied?.body ?? '',
    reason: metadata['reason'],
    metadata,
  }
}
