// Envoy's protos as Envoy publishes them, read by protobufjs: a second opinion on bytes that our generated code wrote or
// is to read, and a strict one about bytes that are no message.
import { fileURLToPath } from 'node:url'
import { loadSync } from '@grpc/proto-loader'

const deps = fileURLToPath(new URL('../../node_modules/@grpc/grpc-js-xds/deps/', import.meta.url))

const protos = loadSync('envoy/service/auth/v3/external_auth.proto', {
  includeDirs: ['envoy-api', 'googleapis', 'protoc-gen-validate', 'xds'].map((folder) => `${deps}${folder}`),
  keepCase: true,
  oneofs: true,
  enums: Number,
})

/** Throws where the bytes are no CheckRequest. */
export const decodeCheckRequest = decoder('requestDeserialize')

/** Throws where the bytes are no CheckResponse. */
export const decodeCheckResponse = decoder('responseDeserialize')

function decoder(name: 'requestDeserialize' | 'responseDeserialize'): (bytes: Uint8Array) => unknown {
  const service: unknown = protos['envoy.service.auth.v3.Authorization']
  const decode = member(member(service, 'Check'), name)
  if (typeof decode !== 'function') throw new Error('Envoy has no such message')
  return (bytes) => decode(Buffer.from(bytes))
}

/** The member of that name of anything at all. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
