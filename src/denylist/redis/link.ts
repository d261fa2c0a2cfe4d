// A connection to the current master that is opened when it is needed and dropped when it disappoints, so that the next
// attempt finds out anew where the master is. How often to try is the caller's business.
import { StoreUnavailableError } from '../port.ts'
import type { RedisConnection } from './connection.ts'
import { replyCode } from './errors.ts'

export interface Link {
  /** Rejects with StoreUnavailableError. */
  use<T>(task: (connection: RedisConnection) => Promise<T>): Promise<T>
  /** There is a connection, or one is being opened. */
  readonly isOpen: boolean
  close(): void
}

/** Error replies that say something about the request, not about the connection or the node. */
const harmless = new Set(['OOM', 'BUSY', 'NOPERM', 'MISCONF', 'NOREPLICAS', 'TRYAGAIN', 'ERR', 'WRONGTYPE', 'NOSCRIPT'])

export function createLink(open: () => Promise<RedisConnection>): Link {
  let current: Promise<RedisConnection> | undefined
  let isClosed = false

  function connect(): Promise<RedisConnection> {
    const opening = open()
    current = opening
    opening.then(
      (connection) => {
        if (isClosed) connection.close()
      },
      () => drop(opening),
    )
    return opening
  }

  function drop(which: Promise<RedisConnection>): void {
    if (current === which) current = undefined
  }

  /** One that was cut while nobody used it (Redis restarted, or closes idle ones) is no failure: nothing was sent. */
  async function usable(): Promise<{ opening: Promise<RedisConnection>; connection: RedisConnection }> {
    const opening = current ?? connect()
    const connection = await opening
    if (!connection.isClosed) return { opening, connection }
    drop(opening)
    const again = current ?? connect()
    return { opening: again, connection: await again }
  }

  return {
    async use(task) {
      if (isClosed) throw new StoreUnavailableError('The denylist is closed', { possiblyApplied: false })
      const { opening, connection } = await usable()
      try {
        return await task(connection)
      } catch (error) {
        const code = replyCode(error instanceof Error ? error.cause : undefined)
        if (code === undefined || !harmless.has(code)) {
          drop(opening)
          connection.close()
        }
        throw error
      }
    },
    get isOpen() {
      return current !== undefined
    },
    close() {
      isClosed = true
      current?.then(
        (connection) => connection.close(),
        () => {},
      )
    },
  }
}
