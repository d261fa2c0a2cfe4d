// A gRPC listener: a grpc-js server on a unix socket or a TCP port, with or without TLS, and its orderly end.
// Which services it serves is the caller's business.
import { chmod, readFile } from 'node:fs/promises'
import { type ChannelOptions, Server, ServerCredentials } from '@grpc/grpc-js'
import { formatAddress } from '../config/address.ts'
import type { Listener, ServerTlsConfig } from '../config/schema.ts'
import { ListenError, prepareSocket } from './unix-socket.ts'

export interface GrpcListener {
  readonly server: Server
  /** As the configuration writes it; with the port that was taken where it asked for any (0). */
  readonly address: string
  /** GOAWAY, then waits for calls in progress; what is left after `drainMs` is cut. */
  stop(drainMs: number): Promise<void>
}

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

const channelOptions: ChannelOptions = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  // Bookkeeping for a debugging service that is not offered.
  'grpc.enable_channelz': 0,
  // Envoy opens few connections with many streams; one that opens more than this is not an Envoy.
  'grpc.max_concurrent_streams': 4096,
  'grpc-node.max_session_memory': 64,
}

export async function openGrpcListener(
  listener: Listener,
  addServices: (server: Server) => void,
): Promise<GrpcListener> {
  const { address } = listener
  if (address.kind === 'unix') await prepareSocket(address.path)
  const server = new Server(channelOptions)
  addServices(server)
  const target = address.kind === 'unix' ? `unix:${address.path}` : formatAddress(address)
  const port = await bind(server, target, await credentials(listener.tls))
  if (address.kind === 'unix') await chmod(address.path, address.mode)
  const bound = address.kind === 'unix' ? address : { ...address, port }
  return { server, address: formatAddress(bound), stop: (drainMs) => stop(server, drainMs) }
}

async function credentials(tls: ServerTlsConfig | undefined): Promise<ServerCredentials> {
  if (tls === undefined) return ServerCredentials.createInsecure()
  const [cert, key] = await Promise.all([readFile(tls.cert), readFile(tls.key)])
  const clientCa = tls.client_ca === undefined ? null : await readFile(tls.client_ca)
  return ServerCredentials.createSsl(clientCa, [{ cert_chain: cert, private_key: key }], clientCa !== null)
}

function bind(server: Server, target: string, serverCredentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(target, serverCredentials, (error, port) => {
      if (error === null) resolve(port)
      else reject(new ListenError(`Cannot listen on ${target}`, { cause: error }))
    })
  })
}

/** A stream that its client keeps open (a health watch, for one) would hold up the end for as long as the client lives. */
function stop(server: Server, drainMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      server.forceShutdown()
      // grpc-js does not always call back once calls have been cut.
      resolve()
    }, drainMs)
    server.tryShutdown(() => {
      clearTimeout(cut)
      resolve()
    })
  })
}
