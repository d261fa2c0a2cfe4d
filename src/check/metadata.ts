// Dynamic metadata of an answer: what an access log can join on (`envoy.filters.http.ext_authz:reason` and so on).
// Never a token; the exact reason stands here even where the client is told only the coarse one.
import { Struct } from '../gen/google/protobuf/struct.ts'
import type { Verdict } from './verdict.ts'

/** The encoded google.protobuf.Struct. */
export function metadataOf(verdict: Verdict): Uint8Array {
  const { decision, reason, policy, denylistAgeMs } = verdict
  const token = verdict.decision === 'allow' ? verdict.admission?.token : verdict.token
  return encode({
    decision,
    reason,
    policy: policy?.name,
    jti: token?.claims.jti,
    sub: token?.claims.sub,
    exp: token?.claims.exp,
    denylist_age_ms: denylistAgeMs === undefined ? undefined : Math.round(denylistAgeMs),
  })
}

function encode(fields: Readonly<Record<string, string | number | undefined>>): Uint8Array {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Struct.encode(Struct.wrap(Object.fromEntries(known))).finish()
}
