// HTTP exchanges that do not end by themselves: a response that keeps coming, and a WebSocket. Says how they ended.
import { once } from 'node:events'
import { request as startRequest } from 'node:http'
import type { Duplex } from 'node:stream'
import { flatHeaders, type HttpAnswer, type HttpRequest, plainHeaders, readAnswer, sendRequest } from './http-client.ts'

export interface OpenStream {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** What has come so far. */
  received(): string
  /** Resolves when the response is over: in order, or cut off. */
  readonly over: Promise<'complete' | 'cut'>
  /** Hangs up. */
  close(): void
}

/** Resolves when the response begins; the body is read as it comes. */
export async function openStream(port: number, request: HttpRequest = {}): Promise<OpenStream> {
  const response = await sendRequest(port, request, 0)
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  // A cut-off response is an error to node:http; here it is an outcome.
  response.on('error', () => {})
  const over = new Promise<'complete' | 'cut'>((resolve) => {
    response.once('close', () => resolve(response.complete ? 'complete' : 'cut'))
  })
  return {
    status: response.statusCode ?? 0,
    headers: plainHeaders(response.headers),
    received: () => text,
    over,
    close: () => response.destroy(),
  }
}

interface WebSocketTunnel {
  /** Bytes as they stand: no frames are spoken. */
  write(text: string): void
  received(): string
  /** Resolves when either side has hung up. */
  readonly over: Promise<void>
  close(): void
}

export type UpgradeOutcome = { readonly tunnel: WebSocketTunnel } | { readonly refused: HttpAnswer }

/** Asks for a WebSocket. */
export async function openWebSocket(port: number, request: HttpRequest = {}): Promise<UpgradeOutcome> {
  const { path = '/' } = request
  const handshake = [
    ...['connection', 'Upgrade', 'upgrade', 'websocket', 'sec-websocket-version', '13'],
    ...['sec-websocket-key', Buffer.alloc(16, 7).toString('base64')],
  ]
  const outgoing = startRequest({
    ...{ host: '127.0.0.1', port, path, agent: false },
    headers: [...flatHeaders(port, request), ...handshake],
  })
  return new Promise((resolve, reject) => {
    outgoing.once('error', reject)
    outgoing.once('upgrade', (_response, socket) => resolve({ tunnel: tunnelOver(socket) }))
    outgoing.once('response', (response) => {
      readAnswer(response).then((refused) => resolve({ refused }), reject)
    })
    outgoing.end()
  })
}

function tunnelOver(socket: Duplex): WebSocketTunnel {
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  socket.on('error', () => {})
  const over = Promise.race([once(socket, 'end'), once(socket, 'close')]).then(() => {})
  return {
    write: (bytes) => socket.write(bytes),
    received: () => text,
    over,
    close: () => socket.destroy(),
  }
}
