// Checks as an Envoy sends them over gRPC: the headers of the call, the message's frame, and which answers mean allow.
import { checkRequest } from '../../test/support/check-request.ts'
import { type Connection, openConnection } from './connection.ts'
import type { Headers } from './frames.ts'

/** Envoy 1.40, with the timeout that envoy/envoy.yaml sets. */
const callHeaders: Headers = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/envoy.service.auth.v3.Authorization/Check'],
  [':authority', 'postern'],
  ['te', 'trailers'],
  ['grpc-timeout', '500m'],
  ['content-type', 'application/grpc'],
  ['x-envoy-internal', 'true'],
  ['x-forwarded-for', '10.0.0.9'],
  ['x-envoy-expected-rq-timeout-ms', '500'],
]

export function connectCheck(socketPath: string): Promise<Connection> {
  return openConnection({ path: socketPath }, callHeaders)
}

/** Without compression: a flag and the length before the message. */
const MESSAGE_PREFIX_BYTES = 5

export function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(MESSAGE_PREFIX_BYTES + message.length)
  bytes.writeUInt32BE(message.length, 1)
  bytes.set(message, MESSAGE_PREFIX_BYTES)
  return bytes
}

export function unframed(body: Buffer): Buffer {
  return body.subarray(MESSAGE_PREFIX_BYTES)
}

/** The request of a browser or a program for one object, with this credential. */
export function checkBytes(token: string | undefined): Buffer {
  return checkRequest({
    encoding: 'header_map',
    policy: 'default',
    path: '/user/data/download/dg.1234/2f4a6e0a-4a6e-4c37-9d0f-7a4f2b6f9c11?protocol=s3',
    headers: [
      ...(token === undefined ? [] : [['authorization', `Bearer ${token}`] as const]),
      ['accept', 'application/json, text/plain, */*'],
      ['accept-encoding', 'gzip, deflate, br'],
      [
        'user-agent',
        'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36',
      ],
      ['x-forwarded-proto', 'http'],
      ['x-forwarded-for', '10.0.0.9'],
    ],
  })
}

/** The field `status` first, with no code in it: allow. */
export function isAllow(body: Buffer): boolean {
  return body.length > 7 && body[5] === 0x0a && body[6] === 0x00
}

/** The field `status` first, with a code in it: deny. */
export function isDeny(body: Buffer): boolean {
  return body.length > 7 && body[5] === 0x0a && body[6] === 0x02 && body[7] === 0x08
}
