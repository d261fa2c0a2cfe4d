// Free TCP ports on loopback, and asking whether somebody listens on one. Knows nothing of who will use them.
import { connect, createServer } from 'node:net'

/** Below every common ephemeral range, so that no outgoing connection can take the port before its user does. */
const lowestPort = 20_000
const portCount = 12_000

const handedOut = new Set<number>()

export async function freePort(): Promise<number> {
  for (;;) {
    // At random, because other test processes draw from the same range.
    const port = lowestPort + Math.floor(Math.random() * portCount)
    if (handedOut.has(port) || !(await canListen(port))) continue
    handedOut.add(port)
    return port
  }
}

/** Is somebody accepting connections here? A path is a unix socket. */
export function isListening(address: number | string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = typeof address === 'number' ? connect(address, '127.0.0.1') : connect(address)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
