// envoy.service.auth.v3.Authorization as grpc-js serves it. Bytes pass through untouched, so that what cannot be decoded
// is answered by a denial as well and not by an RPC error.
import type { handleUnaryCall, ServiceDefinition } from '@grpc/grpc-js'
import type { Authorization } from './authorization.ts'

const asIs = (bytes: Buffer): Buffer => bytes

const definition = {
  check: {
    path: '/envoy.service.auth.v3.Authorization/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  },
} as const satisfies ServiceDefinition

export function authorizationService(authorization: Authorization): {
  readonly definition: ServiceDefinition
  readonly handlers: { readonly check: handleUnaryCall<Buffer, Buffer> }
} {
  return {
    definition,
    handlers: {
      check(call, callback) {
        const answer = authorization.check(call.request, Number(call.getDeadline()))
        if (answer instanceof Promise) answer.then((bytes) => callback(null, asBuffer(bytes)))
        else callback(null, asBuffer(answer))
      },
    },
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
