// Reads a whole data set by ZSCAN over a connection of its own that is never replaced: a cursor means nothing to
// another node, so when the connection ends the snapshot does.

import { type Entry, type Space, spaces } from '../entries.ts'
import { StoreUnavailableError } from '../port.ts'
import type { Snapshot } from '../store-port.ts'
import type { RedisConnection } from './connection.ts'
import type { RedisKeys } from './keys.ts'
import { dataSetOf, list, pageOf, positionOf } from './replies.ts'
import { noteScript } from './scripts.ts'

/** Redis is busy for about a millisecond per page, and so are we. */
const PAGE = 1000

export function createSnapshots({ keys, open }: { keys: RedisKeys; open: () => Promise<RedisConnection> }) {
  const keyOf: Readonly<Record<Space, string>> = { revoked: keys.revoked, not_before: keys.notBefore }

  async function note(connection: RedisConnection): Promise<Pick<Snapshot, 'dataSet' | 'position'>> {
    const [epoch, state, id, nonce] = list(await connection.run(noteScript, [keys.feed, keys.epoch], []))
    return { dataSet: dataSetOf(epoch, state), position: positionOf(id, nonce) }
  }

  async function* pages(connection: RedisConnection, epoch: string): AsyncGenerator<readonly Entry[]> {
    try {
      for (const space of spaces) yield* scan(connection, space)
      // Emptied meanwhile? Then some pages were of one data set and some of another.
      const end = await note(connection)
      if (end.dataSet.epoch !== epoch)
        throw new StoreUnavailableError('The data set changed while it was read', { possiblyApplied: false })
    } finally {
      connection.close()
    }
  }

  async function* scan(connection: RedisConnection, space: Space): AsyncGenerator<readonly Entry[]> {
    let cursor = '0'
    do {
      const page = pageOf(await connection.call('ZSCAN', keyOf[space], cursor, 'COUNT', PAGE), space)
      cursor = page.cursor
      if (page.entries.length > 0) yield page.entries
    } while (cursor !== '0')
  }

  return {
    async take(): Promise<Snapshot> {
      const connection = await open()
      try {
        // First where the feed ends, then the entries: what is added in between is in the feed.
        const start = await note(connection)
        return { ...start, pages: pages(connection, start.dataSet.epoch) }
      } catch (error) {
        connection.close()
        throw error
      }
    },
  }
}
