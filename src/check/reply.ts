// Verdict → the bytes of a CheckResponse. To Envoy a response without a non-zero status code means *allow*, whatever
// else it holds, so every response is built by `respond`, whose types know no denial without such a code.
// What the client or the upstream gets to see is put together in allowed.ts and denied.ts.
import { Status } from '../gen/google/rpc/status.ts'
import { allowedResponse } from './allowed.ts'
import { type DenialRow, denials } from './denials.ts'
import { deniedResponse } from './denied.ts'
import { metadataOf } from './metadata.ts'
import type { Verdict } from './verdict.ts'
import { joinFields, type Parts } from './wire.ts'

type Answer =
  | { readonly code: 0; readonly okResponse: Parts }
  | { readonly code: DenialRow['code']; readonly deniedResponse: Parts }

export function reply(verdict: Verdict): Uint8Array {
  const answer: Answer =
    verdict.decision === 'allow'
      ? { code: 0, okResponse: allowedResponse(verdict) }
      : { code: denials[verdict.reason].code, deniedResponse: deniedResponse(verdict) }
  return respond(answer, metadataOf(verdict))
}

/** Field numbers of envoy.service.auth.v3.CheckResponse. */
const field = { status: 1, deniedResponse: 2, okResponse: 3, dynamicMetadata: 4 } as const

/**
 * The one constructor. Parts arrive encoded, so that what is constant is encoded once; each submessage is written once
 * and whole, because not every protobuf library merges a field that comes twice.
 */
function respond(answer: Answer, metadata: Parts): Uint8Array {
  return joinFields([
    [field.status, [statusOf(answer.code)]],
    answer.code === 0 ? [field.okResponse, answer.okResponse] : [field.deniedResponse, answer.deniedResponse],
    [field.dynamicMetadata, metadata],
  ])
}

const statuses = new Map<number, Uint8Array>()

/** Encoded google.rpc.Status; there are only as many as there are codes. */
function statusOf(code: number): Uint8Array {
  const known = statuses.get(code)
  if (known !== undefined) return known
  const encoded = Status.encode({ code, message: '', details: [] }).finish()
  statuses.set(code, encoded)
  return encoded
}
