// The application behind Envoy: answers what it was asked as JSON, streams without end, echoes WebSocket bytes, and speaks
// gRPC on a second port (upstream-grpc.ts). It trusts everybody: what reached it is what a test looks at.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { startGrpcUpstream } from './upstream-grpc.ts'

const chunkEveryMs = 20

/** RFC 6455, section 1.3. */
const webSocketGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

interface ReceivedRequest {
  readonly method: string
  /** As it stood in the request line, query included. */
  readonly path: string
  /** Names in lower case; several values of one name joined with a comma and a space. */
  readonly headers: Readonly<Record<string, string>>
  /** As they came, duplicates and order included. */
  readonly headerLines: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

export interface Upstream {
  readonly port: number
  readonly grpcPort: number
  /** Every HTTP request that arrived, oldest first, streams and upgrades included. */
  readonly requests: readonly ReceivedRequest[]
  close(): Promise<void>
}

/** Paths that end in `/slow-stream` are answered with a chunk every 20 ms for as long as somebody listens. */
export async function startUpstream(): Promise<Upstream> {
  const requests: ReceivedRequest[] = []
  const sockets = new Set<Socket>()
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = describe(request, await bodyOf(request))
    requests.push(received)
    const [pathname = ''] = received.path.split('?')
    if (pathname.endsWith('/slow-stream')) stream(response)
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(received))
  }
  // A client that hangs up while it sends is no fault of the test.
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()))
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (request, socket) => {
    requests.push(describe(request, ''))
    const key = request.headers['sec-websocket-key'] ?? ''
    const accept = createHash('sha1').update(`${key}${webSocketGuid}`).digest('base64')
    socket.on('error', () => {})
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    )
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const grpc = await startGrpcUpstream()

  return {
    port: portOf(server.address()),
    grpcPort: grpc.port,
    requests,
    async close() {
      grpc.close()
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function stream(response: ServerResponse): void {
  response.setHeader('content-type', 'text/plain').flushHeaders()
  const timer = setInterval(() => response.write('tick\n'), chunkEveryMs)
  response.on('close', () => clearInterval(timer))
}

function describe(request: IncomingMessage, body: string): ReceivedRequest {
  const { rawHeaders } = request
  const headerLines = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1] ?? ''] as const] : [],
  )
  const headers: Record<string, string> = {}
  for (const [name, value] of headerLines) headers[name] = name in headers ? `${headers[name]}, ${value}` : value
  return { method: request.method ?? '', path: request.url ?? '', headers, headerLines, body }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  return body
}

function portOf(address: AddressInfo | string | null): number {
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen on TCP')
  return address.port
}
