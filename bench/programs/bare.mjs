// @ts-check
// The limit of the platform: Postern's own gRPC listener, and behind it nothing. Every Check is answered with the bytes
// of a file. Usage: node bare.mjs <socket> <file with the reply> <dist folder>
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const [, , socket = '', replyFile = '', dist = ''] = process.argv
const reply = readFileSync(replyFile)
const { openGrpcListener } = await import(`${pathToFileURL(dist).href}/server/grpc-listener.js`)

/** @param {Buffer} bytes */
const asIs = (bytes) => bytes

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
}

/** @param {unknown} _call @param {(error: null, reply: Buffer) => void} callback */
const check = (_call, callback) => callback(null, reply)

await openGrpcListener(
  { address: { kind: 'unix', path: socket, mode: 0o600 } },
  (/** @type {import('@grpc/grpc-js').Server} */ server) => {
    server.addService(definition, { check })
  },
)
process.stdout.write('listening\n')
process.once('SIGTERM', () => process.exit(0))
