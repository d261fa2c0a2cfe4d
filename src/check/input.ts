// CheckRequest bytes → CheckInput. Reads through the narrow view, keeps header values as bytes, and judges nothing:
// what a header means is decided by whoever asks for it.
import { CheckRequestView, type HttpRequestView } from '../gen/postern/check/v1/view.ts'
import { ok, type Result, refuse } from '../result.ts'

/** Set by Envoy's route configuration, out of a client's reach. */
const POLICY_EXTENSION = 'postern.policy'

export interface CheckInput {
  /** Envoy's stream id; not `x-request-id`. */
  readonly id: string
  readonly method: string
  readonly host: string
  /** As sent, query included. */
  readonly target: string
  readonly policyName: string | undefined
  /** All values of a header in the order they were sent; the name in lower case. */
  headers(name: string): readonly Buffer[]
}

interface HeaderEntry {
  readonly key: Buffer
  readonly value: Buffer
  readonly rawValue?: Buffer
}

/** `request_malformed` for bytes that are no CheckRequest, and for TCP requests, which carry no HTTP request. */
export function readCheckInput(bytes: Uint8Array): Result<CheckInput, 'request_malformed'> {
  const attributes = decode(bytes)?.attributes
  const http = attributes?.request?.http
  if (attributes === undefined || http === undefined) return refuse('request_malformed')
  const entries = headerEntries(http)
  return ok({
    id: text(http.id),
    method: text(http.method),
    host: text(http.host),
    target: text(http.path),
    policyName: extension(attributes.contextExtensions, POLICY_EXTENSION),
    headers: (name) => entries.filter((entry) => isNamed(entry.key, name)).map(headerValue),
  })
}

function decode(bytes: Uint8Array): CheckRequestView | undefined {
  try {
    return CheckRequestView.decode(bytes)
  } catch {
    return undefined
  }
}

/** `header_map` has the exact bytes; where it is present it wins entirely. */
function headerEntries(http: HttpRequestView): readonly HeaderEntry[] {
  return http.headerMap === undefined ? http.headers : http.headerMap.headers
}

/** Envoy sets one of `value` and `raw_value`. */
function headerValue(entry: HeaderEntry): Buffer {
  return entry.rawValue !== undefined && entry.rawValue.length > 0 ? entry.rawValue : entry.value
}

/** Names are ASCII and case-insensitive (RFC 9110, section 5.1). */
function isNamed(key: Buffer, name: string): boolean {
  return key.length === name.length && text(key).toLowerCase() === name
}

/** A protobuf map: of several entries with one key the last counts. */
function extension(entries: readonly HeaderEntry[], name: string): string | undefined {
  return entries.findLast(({ key }) => text(key) === name)?.value.toString('utf8')
}

/** Latin-1 keeps every byte apart, whatever the client sent; what matters is compared as ASCII. */
function text(bytes: Buffer): string {
  return bytes.toString('latin1')
}
