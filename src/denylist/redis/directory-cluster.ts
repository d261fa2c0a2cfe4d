// The master of our slot, by the word of any node of the Cluster. A node that is wrong answers MOVED to what it is asked
// afterwards; one that was cut off refuses writes, and every beat is one.

import type { RedisAddress, RedisOptions, RedisTopology } from '../options.ts'
import { clusterSlot } from './cluster-slot.ts'
import { openConnection } from './connection.ts'
import { redisKeys } from './keys.ts'
import { type Directory, noMaster } from './master.ts'
import { bytes, count, list } from './replies.ts'

type Nodes = Extract<RedisTopology, { kind: 'cluster' }>

export function createClusterDirectory(topology: Nodes, options: RedisOptions): Directory {
  const slot = clusterSlot(redisKeys(options.namespace).feed)
  /** Those that the Cluster itself named last are asked, too: the configured ones may all be gone by then. */
  let known: readonly RedisAddress[] = []

  async function ask(address: RedisAddress): Promise<RedisAddress | undefined> {
    const connection = await openConnection({ ...options, address, database: 0 })
    try {
      const ranges = list(await connection.call('CLUSTER', 'SLOTS')).map((range) => parseRange(range, address))
      known = ranges.map(({ master }) => master)
      return ranges.find(({ from, to }) => from <= slot && slot <= to)?.master
    } finally {
      connection.close()
    }
  }

  return {
    async find() {
      let lastError: unknown
      for (const address of [...topology.nodes, ...known]) {
        try {
          const master = await ask(address)
          if (master) return master
        } catch (error) {
          lastError = error
        }
      }
      throw lastError ?? noMaster('No node of the Redis Cluster serves the keys')
    },
    confirm: async () => {},
    close() {},
  }
}

interface SlotRange {
  readonly from: number
  readonly to: number
  readonly master: RedisAddress
}

/** `[from, to, [host, port, …], replicas…]`; an empty host is the node that was asked. */
function parseRange(reply: unknown, asked: RedisAddress): SlotRange {
  const [from, to, master] = list(reply)
  const [host, port] = list(master)
  const name = host === null ? '' : bytes(host).toString('latin1')
  return {
    from: count(from),
    to: count(to),
    master: { host: name === '' || name === '?' ? asked.host : name, port: count(port) },
  }
}
