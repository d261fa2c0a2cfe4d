// A TCP proxy that is a bad network on demand: slow, silent, cut, or dead without saying so. Knows nothing of what it
// carries; whoever connects to `port` believes to talk to the target.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * `pass`: every byte at once. `stall`: connections stay open, new ones too, and nothing moves until another mode; then
 * what was held goes on. `cut`: all connections are reset, new ones as well.
 */
type Mode = 'pass' | 'stall' | 'cut'

export interface FaultProxy {
  readonly port: number
  /** Connections that are open at the moment. */
  readonly connections: number
  /** Every answer of the target comes that much later; 0 ends it. */
  delay(ms: number): void
  stall(): void
  cut(): void
  /** The connections that are open now are dead for good and nobody is told; new ones work. */
  halfOpen(): void
  /** As before any fault. What is half open stays dead. */
  resume(): void
  close(): Promise<void>
}

interface Pair {
  readonly client: Socket
  readonly target: Socket
  dead: boolean
}

export async function startFaultProxy(targetPort: number): Promise<FaultProxy> {
  const pairs = new Set<Pair>()
  let mode: Mode = 'pass'
  let delayMs = 0

  const server = createServer((client) => {
    if (mode === 'cut') {
      client.resetAndDestroy()
      return
    }
    const target = connect(targetPort, '127.0.0.1')
    const pair: Pair = { client, target, dead: false }
    pairs.add(pair)
    forward(pair, client, target, () => 0)
    forward(pair, target, client, () => delayMs)
    hold(pair)
  })

  /** Bytes stay in order: each waits at least as long as the one before it. */
  function forward(pair: Pair, from: Socket, to: Socket, delayOf: () => number): void {
    let sent: Promise<unknown> = Promise.resolve()
    const after = (ms: number, act: () => void) => {
      const due = ms === 0 ? undefined : new Promise((resolve) => setTimeout(resolve, ms))
      sent = sent.then(() => due).then(act)
    }
    from.setNoDelay(true)
    from.on('data', (bytes) => {
      if (pair.dead) return
      const ms = delayOf()
      const send = () => {
        if (!pair.dead && to.writable) to.write(bytes)
      }
      after(ms, send)
    })
    // A dead connection does not say that it has ended.
    from.on('end', () => {
      if (!pair.dead) after(delayOf(), () => to.end())
    })
    from.on('error', () => {})
    from.on('close', () => {
      if (!pair.dead) after(delayOf(), () => to.destroy())
      if (pair.client.destroyed && (pair.target.destroyed || pair.dead)) {
        pair.target.destroy()
        pairs.delete(pair)
      }
    })
  }

  /** Unread bytes wait in the sockets, as behind a network that carries nothing. */
  function hold({ client, target }: Pair): void {
    for (const socket of [client, target]) {
      if (mode === 'stall') socket.pause()
      else socket.resume()
    }
  }

  function enter(next: Mode): void {
    mode = next
    for (const pair of pairs) {
      if (mode === 'cut') {
        pair.client.resetAndDestroy()
        pair.target.destroy()
      } else hold(pair)
    }
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port')

  return {
    port: address.port,
    get connections() {
      return pairs.size
    },
    delay(ms) {
      delayMs = ms
    },
    stall: () => enter('stall'),
    cut: () => enter('cut'),
    halfOpen() {
      for (const pair of pairs) pair.dead = true
    },
    resume() {
      delayMs = 0
      enter('pass')
    },
    async close() {
      enter('cut')
      server.close()
      await once(server, 'close')
    },
  }
}
