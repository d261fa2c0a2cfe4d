// What an upstream gets with an allowed request: identity headers, no unchecked credential, a leash on the stream.
// A name is either set or removed, never both: Envoy removes after it sets.
import { OkHttpResponse } from '../gen/envoy/service/auth/v3/external_auth.ts'
import type { Admission } from './admit.ts'
import { withoutCookies } from './cookies.ts'
import { overwrite } from './header-option.ts'
import { type IdentityHeader, noIdentity } from './identity.ts'
import type { Allow } from './verdict.ts'
import type { Parts } from './wire.ts'

/** Cuts the stream after that many ms; Envoy obeys it without any route configuration. */
const LEASH_HEADER = 'x-envoy-upstream-stream-duration-ms'

/** An envoy.service.auth.v3.OkHttpResponse in parts: who is calling, and what depends on this request and moment. */
export function allowedResponse(verdict: Allow): Parts {
  const { admission, leashMs } = verdict
  const headers = credentialHeaders(verdict)
  if (leashMs !== undefined) headers.push({ name: LEASH_HEADER, value: String(leashMs) })
  const identity = admission === undefined ? encodedNoIdentity : encodedIdentity(admission)
  return headers.length === 0 ? [identity] : [identity, encode(headers)]
}

/** A header without a value is removed. */
function encode(headers: readonly IdentityHeader[]): Uint8Array {
  return OkHttpResponse.encode({
    headers: headers.flatMap(({ name, value }) => (value === undefined ? [] : [overwrite(name, value)])),
    headersToRemove: headers.flatMap(({ name, value }) => (value === undefined ? [name] : [])),
    dynamicMetadata: undefined,
    responseHeadersToAdd: [],
    queryParametersToSet: [],
    queryParametersToRemove: [],
  }).finish()
}

const encodedNoIdentity = encode(noIdentity)
const encodedByAdmission = new WeakMap<Admission, Uint8Array>()

function encodedIdentity(admission: Admission): Uint8Array {
  const known = encodedByAdmission.get(admission)
  if (known !== undefined) return known
  const encoded = encode(admission.identity)
  encodedByAdmission.set(admission, encoded)
  return encoded
}

/** Only the checked credential goes on, and only where the policy forwards it. Headers that are absent stay unnamed. */
function credentialHeaders({ input, policy, credential }: Allow): IdentityHeader[] {
  const headers: IdentityHeader[] = []
  const forwarded = policy.forwardCredential ? credential : undefined
  if (forwarded !== 'bearer' && input.headers('authorization').length > 0) {
    headers.push({ name: 'authorization', value: undefined })
  }
  if (forwarded !== 'txn_token' && input.headers('txn-token').length > 0) {
    headers.push({ name: 'txn-token', value: undefined })
  }
  const lines = input.headers('cookie')
  const cookies = lines.length > 0 ? withoutCookies(lines, cookiesToStrip(policy, forwarded)) : undefined
  if (cookies !== undefined) headers.push({ name: 'cookie', value: cookies === '' ? undefined : cookies })
  return headers
}

function cookiesToStrip(policy: Allow['policy'], forwarded: Allow['credential']): ReadonlySet<string> {
  const checked = forwarded === 'cookie' ? policy.cookie?.name : undefined
  return new Set([...policy.credentialCookies].filter((name) => name !== checked))
}
