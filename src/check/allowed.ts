// What an upstream gets with an allowed request: identity headers, no unchecked credential, a leash on the stream.
// A name is either set or removed, never both: Envoy removes after it sets.
import { OkHttpResponse } from '../gen/envoy/service/auth/v3/external_auth.ts'
import { withoutCookies } from './cookies.ts'
import { overwrite } from './header-option.ts'
import { type IdentityHeader, noIdentity } from './identity.ts'
import type { Allow } from './verdict.ts'

/** Cuts the stream after that many ms; Envoy obeys it without any route configuration. */
const LEASH_HEADER = 'x-envoy-upstream-stream-duration-ms'

/** The encoded envoy.service.auth.v3.OkHttpResponse. */
export function allowedResponse(verdict: Allow): Uint8Array {
  const headers = [...(verdict.admission?.identity ?? noIdentity), ...credentialHeaders(verdict)]
  if (verdict.leashMs !== undefined) headers.push({ name: LEASH_HEADER, value: String(verdict.leashMs) })
  return OkHttpResponse.encode({
    headers: headers.flatMap(({ name, value }) => (value === undefined ? [] : [overwrite(name, value)])),
    headersToRemove: headers.flatMap(({ name, value }) => (value === undefined ? [name] : [])),
    dynamicMetadata: undefined,
    responseHeadersToAdd: [],
    queryParametersToSet: [],
    queryParametersToRemove: [],
  }).finish()
}

/** Only the checked credential goes on, and only where the policy forwards it. Headers that are absent stay unnamed. */
function credentialHeaders({ input, policy, credential }: Allow): IdentityHeader[] {
  const headers: IdentityHeader[] = []
  const forwarded = policy.forwardCredential ? credential : undefined
  if (forwarded !== 'bearer' && input.headers('authorization').length > 0) {
    headers.push({ name: 'authorization', value: undefined })
  }
  if (input.headers('txn-token').length > 0) headers.push({ name: 'txn-token', value: undefined })
  const cookies = withoutCookies(input.headers('cookie'), cookiesToStrip(policy, forwarded))
  if (cookies !== undefined) headers.push({ name: 'cookie', value: cookies === '' ? undefined : cookies })
  return headers
}

function cookiesToStrip(policy: Allow['policy'], forwarded: Allow['credential']): ReadonlySet<string> {
  const checked = forwarded === 'cookie' ? policy.cookie?.name : undefined
  return new Set([...policy.credentialCookies].filter((name) => name !== checked))
}
