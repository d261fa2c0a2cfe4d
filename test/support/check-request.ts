// CheckRequests as a real Envoy sends them, from a plain description: encoded with Envoy's own protos, in both of its
// header encodings. The same description gives the CheckInput, for tests of what comes after decoding.
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { type CheckInput, readCheckInput } from '../../src/check/input.ts'
import type { HeaderMap } from '../../src/gen/envoy/config/core/v3/base.ts'
import type { AttributeContext } from '../../src/gen/envoy/service/auth/v3/attribute_context.ts'
import { CheckRequest } from '../../src/gen/envoy/service/auth/v3/external_auth.ts'

export type HeaderEncoding = 'headers' | 'header_map'

export const headerEncodings = ['headers', 'header_map'] as const satisfies readonly HeaderEncoding[]

export interface RequestPlan {
  readonly method?: string
  /** The target: path and query. */
  readonly path?: string
  readonly host?: string
  /** In the order they are sent; a name may come more than once. */
  readonly headers?: readonly (readonly [name: string, value: string | Buffer])[]
  readonly encoding?: HeaderEncoding
  /** `context_extensions["postern.policy"]`. */
  readonly policy?: string
  readonly contextExtensions?: Readonly<Record<string, string>>
}

const HTTPS_PORT = 443

export function checkRequest(plan: RequestPlan = {}): Buffer {
  const { method = 'GET', path = '/data/file.txt?download=1', host = 'commons.example', encoding = 'headers' } = plan
  const headers = [
    [':authority', host],
    [':method', method],
    [':path', path],
    [':scheme', 'https'],
    ['x-request-id', '0a1b2c3d-0000-4000-8000-000000000000'],
    ...(plan.headers ?? []),
  ] as const
  const policy: Record<string, string> = plan.policy === undefined ? {} : { 'postern.policy': plan.policy }
  return encode({
    request: {
      time: new Date(0),
      http: {
        id: '1234567890',
        method,
        headers: encoding === 'headers' ? joined(headers) : {},
        headerMap: encoding === 'header_map' ? exact(headers) : undefined,
        path,
        host,
        scheme: 'https',
        query: '',
        fragment: '',
        size: -1n,
        protocol: 'HTTP/2',
        body: '',
        rawBody: Buffer.alloc(0),
      },
    },
    contextExtensions: { ...plan.contextExtensions, ...policy },
  })
}

/** What the network filter sends: a connection, and no HTTP request. */
export function tcpCheckRequest(): Buffer {
  return encode({ request: { time: new Date(0), http: undefined }, contextExtensions: {} })
}

/** Fields of an HttpRequest that no Envoy would write so; by the field numbers of attribute_context.proto. */
export interface RawHttp {
  readonly method?: string
  readonly path?: string
  readonly host?: string
  /** Entries of the map `headers`, in any number; an entry may be bytes that are no entry at all. */
  readonly headers?: readonly RawEntry[]
  /** HeaderValues of `header_map`; absent: there is none. */
  readonly headerMap?: readonly RawEntry[]
}

export type RawEntry = Uint8Array | readonly [name: string, value: string | Buffer, rawValue?: string | Buffer]

/** For what Envoy's own types cannot say: any entries in any number and order. */
export function rawCheckRequest(http: RawHttp, contextExtensions: readonly RawEntry[] = []): Uint8Array {
  const request = new BinaryWriter()
  const text = (field: number, value: string | undefined): void => {
    if (value !== undefined) request.uint32(tagOf(field)).string(value)
  }
  text(2, http.method)
  for (const entry of http.headers ?? []) request.uint32(tagOf(3)).bytes(encodeEntry(entry))
  text(4, http.path)
  text(5, http.host)
  if (http.headerMap !== undefined) {
    const map = new BinaryWriter()
    for (const entry of http.headerMap) map.uint32(tagOf(1)).bytes(encodeEntry(entry))
    request.uint32(tagOf(13)).bytes(map.finish())
  }
  const attributes = new BinaryWriter().uint32(tagOf(4)).bytes(message(2, request.finish()))
  for (const entry of contextExtensions) attributes.uint32(tagOf(10)).bytes(encodeEntry(entry))
  return message(1, attributes.finish())
}

/** Field numbers as tags of length-delimited fields. */
function tagOf(field: number): number {
  return (field << 3) | 2
}

function message(field: number, content: Uint8Array): Uint8Array {
  return new BinaryWriter().uint32(tagOf(field)).bytes(content).finish()
}

export function encodeEntry(entry: RawEntry): Uint8Array {
  if (entry instanceof Uint8Array) return entry
  const [name, value, rawValue] = entry
  const writer = new BinaryWriter().uint32(tagOf(1)).string(name).uint32(tagOf(2)).bytes(Buffer.from(value))
  return (rawValue === undefined ? writer : writer.uint32(tagOf(3)).bytes(Buffer.from(rawValue))).finish()
}

export function inputOf(plan: RequestPlan = {}): CheckInput {
  const input = readCheckInput(checkRequest(plan))
  if (!input.ok) throw new Error('The planned request is not readable')
  return input.value
}

function encode(attributes: Pick<AttributeContext, 'request' | 'contextExtensions'>): Buffer {
  const peer = {
    address: {
      address: {
        $case: 'socketAddress' as const,
        socketAddress: {
          protocol: 0 as const,
          address: '10.0.0.7',
          portSpecifier: { $case: 'portValue' as const, portValue: HTTPS_PORT },
          resolverName: '',
          ipv4Compat: false,
          networkNamespaceFilepath: '',
        },
      },
    },
    service: '',
    labels: { app: 'portal' },
    principal: 'spiffe://commons/portal',
    certificate: '',
  }
  return Buffer.from(
    CheckRequest.encode({
      attributes: {
        source: peer,
        destination: peer,
        metadataContext: {
          filterMetadata: { 'envoy.filters.http.jwt_authn': { sub: 'somebody' } },
          typedFilterMetadata: {},
        },
        routeMetadataContext: undefined,
        tlsSession: { sni: 'commons.example' },
        ...attributes,
      },
    }).finish(),
  )
}

type Headers = readonly (readonly [name: string, value: string | Buffer])[]

/** `headers`: names in lower case, duplicates joined by a comma, `!` for every byte that is not UTF-8. */
function joined(headers: Headers): Record<string, string> {
  const values = new Map<string, string>()
  for (const [name, value] of headers) {
    const before = values.get(name.toLowerCase())
    const text = typeof value === 'string' ? value : withoutBadBytes(value)
    values.set(name.toLowerCase(), before === undefined ? text : `${before},${text}`)
  }
  return Object.fromEntries(values)
}

/** `header_map`: the exact bytes, one entry for each header. */
function exact(headers: Headers): HeaderMap {
  return {
    headers: headers.map(([name, value]) => ({ key: name.toLowerCase(), value: '', rawValue: Buffer.from(value) })),
  }
}

function withoutBadBytes(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll('\u{fffd}', '!')
}
