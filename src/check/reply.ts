// Verdict → the bytes of a CheckResponse. To Envoy a response without a non-zero status code means *allow*, whatever
// else it holds, so every response is built by `respond`, whose types know no denial without such a code.
// What the client or the upstream gets to see is put together in allowed.ts and denied.ts.
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { Status } from '../gen/google/rpc/status.ts'
import { allowedResponse } from './allowed.ts'
import { type DenialRow, denials } from './denials.ts'
import { deniedResponse } from './denied.ts'
import { metadataOf } from './metadata.ts'
import type { Verdict } from './verdict.ts'

type Answer =
  | { readonly code: 0; readonly okResponse: Uint8Array }
  | { readonly code: DenialRow['code']; readonly deniedResponse: Uint8Array }

export function reply(verdict: Verdict): Uint8Array {
  const answer: Answer =
    verdict.decision === 'allow'
      ? { code: 0, okResponse: allowedResponse(verdict) }
      : { code: denials[verdict.reason].code, deniedResponse: deniedResponse(verdict) }
  return respond(answer, metadataOf(verdict))
}

/** Field numbers of envoy.service.auth.v3.CheckResponse, as tags of length-delimited fields. */
const tag = { status: (1 << 3) | 2, deniedResponse: (2 << 3) | 2, okResponse: (3 << 3) | 2, metadata: (4 << 3) | 2 }

/**
 * The one constructor. Parts arrive encoded, so that a constant part is encoded once; each submessage is written once
 * and whole, because not every protobuf library merges a field that comes twice.
 */
function respond(answer: Answer, metadata: Uint8Array): Uint8Array {
  const writer = new BinaryWriter()
  Status.encode({ code: answer.code, message: '', details: [] }, writer.uint32(tag.status).fork()).join()
  if (answer.code === 0) writer.uint32(tag.okResponse).bytes(answer.okResponse)
  else writer.uint32(tag.deniedResponse).bytes(answer.deniedResponse)
  return writer.uint32(tag.metadata).bytes(metadata).finish()
}
