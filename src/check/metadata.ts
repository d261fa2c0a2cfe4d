// Dynamic metadata of an answer: what an access log can join on (`envoy.filters.http.ext_authz:reason` and so on).
// Never a token; the exact reason stands here even where the client is told only the coarse one.
import { Struct } from '../gen/google/protobuf/struct.ts'
import type { VerifiedToken } from '../tokens/port.ts'
import type { Admission } from './admit.ts'
import type { Allow, Deny, Verdict } from './verdict.ts'
import type { Parts } from './wire.ts'

/** A google.protobuf.Struct in parts: what stays the same for a token under a policy, and what depends on the moment. */
export function metadataOf(verdict: Verdict): Parts {
  const { denylistAgeMs } = verdict
  const constant = verdict.decision === 'allow' ? ofAllow(verdict) : encode(fieldsOf(verdict, verdict.token))
  return denylistAgeMs === undefined ? [constant] : [constant, ageField(denylistAgeMs)]
}

const encodedByAdmission = new WeakMap<Admission, Uint8Array>()

function ofAllow(verdict: Allow): Uint8Array {
  const { admission } = verdict
  if (admission === undefined || verdict.reason !== 'token_valid') return encode(fieldsOf(verdict, admission?.token))
  const known = encodedByAdmission.get(admission)
  if (known !== undefined) return known
  const encoded = encode(fieldsOf(verdict, admission.token))
  encodedByAdmission.set(admission, encoded)
  return encoded
}

type Fields = Readonly<Record<string, string | number | undefined>>

function fieldsOf({ decision, reason, policy }: Allow | Deny, token: VerifiedToken | undefined): Fields {
  const claims = token?.claims
  return { decision, reason, policy: policy?.name, jti: claims?.jti, sub: claims?.sub, exp: claims?.exp }
}

function encode(fields: Fields): Uint8Array {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Struct.encode(Struct.wrap(Object.fromEntries(known))).finish()
}

const ageTemplate = encode({ denylist_age_ms: 1 })
const DOUBLE_BYTES = 8

/** The number is a double at the very end of its field, so only that has to be written anew. */
function ageField(ageMs: number): Uint8Array {
  const field = Buffer.from(ageTemplate)
  field.writeDoubleLE(Math.round(ageMs), field.length - DOUBLE_BYTES)
  return field
}
