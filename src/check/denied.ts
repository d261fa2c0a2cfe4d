// What a client gets with a denial: status, RFC 6750 challenge, a JSON body of constant texts. The exact reason is shown
// only where the policy says so.
import { status } from '@grpc/grpc-js'
import { DeniedHttpResponse } from '../gen/envoy/service/auth/v3/external_auth.ts'
import type { StatusCode } from '../gen/envoy/type/v3/http_status.ts'
import { type DenialReason, type DenialRow, denials } from './denials.ts'
import { overwrite } from './header-option.ts'
import type { Deny } from './verdict.ts'
import type { Parts } from './wire.ts'

const REALM = 'postern'

/** A temporary trouble of ours: long enough for a mirror to catch up, short enough for a person to wait. */
const RETRY_AFTER_SECONDS = 1

/** An envoy.service.auth.v3.DeniedHttpResponse, in one part. */
export function deniedResponse(verdict: Deny): Parts {
  const { reason, policy, input } = verdict
  const row: DenialRow = denials[reason]
  const http = policy?.denyStatus.get(reason) ?? row.http
  const headers = [
    ...Object.entries(httpHeaders(row, http, policy?.scopes ?? [])),
    ...(input !== undefined && isGrpc(input.headers('content-type')) ? Object.entries(grpcHeaders(row, http)) : []),
  ]
  const response = DeniedHttpResponse.encode({
    status: { code: asStatusCode(http) },
    headers: headers.map(([name, value]) => overwrite(name, value)),
    body: body(row, policy?.exposeReasons === true ? reason : undefined),
  })
  return [response.finish()]
}

function body(row: DenialRow, reason: DenialReason | undefined): string {
  const error = row.error ?? 'unauthorized'
  return JSON.stringify({ error, error_description: row.text, ...(reason !== undefined && { reason }) })
}

function httpHeaders(row: DenialRow, http: number, scopes: readonly string[]): Record<string, string> {
  const challenge = challengeOf(row, http, scopes)
  return {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...(challenge !== undefined && { 'www-authenticate': challenge }),
    ...(http === 503 && { 'retry-after': String(RETRY_AFTER_SECONDS) }),
  }
}

/** RFC 6750, section 3: with every 401, and with the 403 that says which scope is missing. */
function challengeOf(row: DenialRow, http: number, scopes: readonly string[]): string | undefined {
  if (http !== 401 && !(http === 403 && row.error === 'insufficient_scope')) return undefined
  if (row.error === undefined) return `Bearer realm="${REALM}"`
  const scope = row.error === 'insufficient_scope' && scopes.length > 0 ? `, scope="${scopes.join(' ')}"` : ''
  return `Bearer realm="${REALM}", error="${row.error}", error_description="${row.text}"${scope}`
}

/** What Envoy makes of an HTTP status for a gRPC client (envoy-facts: 400 becomes INTERNAL, and so on). */
const grpcStatusByHttp: Readonly<Record<number, number>> = {
  400: status.INTERNAL,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.UNIMPLEMENTED,
  429: status.UNAVAILABLE,
  502: status.UNAVAILABLE,
  503: status.UNAVAILABLE,
  504: status.UNAVAILABLE,
}

/** Only where Envoy's own mapping would be wrong. The texts are plain ASCII, so they need no percent-encoding. */
function grpcHeaders(row: DenialRow, http: number): Record<string, string> {
  const mapped = grpcStatusByHttp[http] ?? status.UNKNOWN
  return mapped === row.code ? {} : { 'grpc-status': String(row.code), 'grpc-message': row.text }
}

/** Any number may stand in a protobuf enum; the configuration admits 400 to 599 only. */
function asStatusCode(http: number): StatusCode {
  return http as StatusCode
}

function isGrpc(contentType: readonly Buffer[]): boolean {
  return contentType.some((value) => value.toString('latin1').toLowerCase().startsWith('application/grpc'))
}
