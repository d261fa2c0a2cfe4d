// CheckRequest bytes → CheckInput. Reads through the narrow view, keeps header values as bytes, and judges nothing:
// what a header means is decided by whoever asks for it.
import { CheckRequestView, type HttpRequestView } from '../gen/postern/check/v1/view.ts'
import { ok, type Result, refuse } from '../result.ts'
import { type Entry, entryValue, hasKey, isNamed, toEntry } from './entries.ts'

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

/** `request_malformed` for bytes that are no CheckRequest, and for TCP requests, which carry no HTTP request. */
export function readCheckInput(bytes: Uint8Array): Result<CheckInput, 'request_malformed'> {
  try {
    // Not as a Buffer: cutting one of those into parts takes several times as long.
    const view = CheckRequestView.decode(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    const input = toInput(view)
    return input === undefined ? refuse('request_malformed') : ok(input)
  } catch {
    return refuse('request_malformed')
  }
}

function toInput({ attributes }: CheckRequestView): CheckInput | undefined {
  const http = attributes?.request?.http
  if (attributes === undefined || http === undefined) return undefined
  const headers = readHeaders(http)
  return {
    // Most decisions ask for few of these, and a text costs more than its bytes.
    get id() {
      return text(http.id)
    },
    get method() {
      return text(http.method)
    },
    get host() {
      return text(http.host)
    },
    get target() {
      return text(http.path)
    },
    policyName: readPolicyName(attributes.contextExtensions),
    headers: (name) => valuesOf(headers, name),
  }
}

/** `header_map` has the exact bytes; where it is present it wins entirely. */
function readHeaders({ headers, headerMap }: HttpRequestView): readonly Entry[] {
  return headerMap === undefined
    ? headers.map((entry) => toEntry(entry, 'map'))
    : headerMap.headers.map((entry) => toEntry(entry, 'header_value'))
}

const none: readonly Buffer[] = []

/** Most requests have none or one of what is asked for. */
function valuesOf(entries: readonly Entry[], name: string): readonly Buffer[] {
  let values: Buffer[] | undefined
  for (const entry of entries) {
    if (isNamed(entry, name)) {
      values ??= []
      values.push(entryValue(entry))
    }
  }
  return values ?? none
}

/** A protobuf map: of several entries with one key the last counts. */
function readPolicyName(extensions: readonly Uint8Array[]): string | undefined {
  const entry = extensions.map((bytes) => toEntry(bytes, 'map')).findLast((bytes) => hasKey(bytes, POLICY_EXTENSION))
  return entry && entryValue(entry).toString('utf8')
}

/** Latin-1 keeps every byte apart, whatever the client sent; what matters is compared as ASCII. */
function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
