// CheckResponse bytes → what Envoy would make of them, read with Envoy's own protos.
import type { HeaderValueOption } from '../../src/gen/envoy/config/core/v3/base.ts'
import { CheckResponse } from '../../src/gen/envoy/service/auth/v3/external_auth.ts'

export interface Answer {
  /** As Envoy decides it: by the status code alone, and an absent one is 0. */
  readonly allowed: boolean
  readonly code: number
  /** HTTP status of a denial. */
  readonly http: number | undefined
  /** Headers set on the upstream request (allow) or on the client's response (deny). */
  readonly headers: ReadonlyMap<string, string>
  readonly options: readonly HeaderValueOption[]
  readonly removed: readonly string[]
  readonly body: unknown
  readonly metadata: Readonly<Record<string, unknown>>
  readonly raw: CheckResponse
}

export function readAnswer(bytes: Uint8Array): Answer {
  const raw = CheckResponse.decode(bytes)
  const code = raw.status?.code ?? 0
  const { httpResponse } = raw
  const denied = httpResponse?.$case === 'deniedResponse' ? httpResponse.deniedResponse : undefined
  const allowed = httpResponse?.$case === 'okResponse' ? httpResponse.okResponse : undefined
  const options = denied?.headers ?? allowed?.headers ?? []
  return {
    allowed: code === 0,
    code,
    http: denied?.status?.code,
    headers: new Map(options.map(({ header }) => [header?.key ?? '', header?.value ?? ''])),
    options,
    removed: allowed?.headersToRemove ?? [],
    body: denied === undefined ? undefined : JSON.parse(denied.body),
    metadata: raw.dynamicMetadata ?? {},
    raw,
  }
}
