// The master of our slot, by the word of the nodes of the Cluster. One that was cut off says so, or has an older epoch
// than the others; a node that is wrong answers MOVED to what it is asked afterwards.
import type { RedisAddress, RedisOptions, RedisTopology } from '../options.ts'
import { StoreUnavailableError } from '../port.ts'
import { clusterSlot } from './cluster-slot.ts'
import { openConnection } from './connection.ts'
import { redisKeys } from './keys.ts'
import { type Directory, noMaster, sameAddress } from './master.ts'
import { bytes, count, list, text } from './replies.ts'

type Nodes = Extract<RedisTopology, { kind: 'cluster' }>

/** Asked beside the configured ones, which may all be gone one day. Few, because many processes may ask at once. */
const MOST_LEARNT = 8

/** What one node says. */
interface Word {
  readonly master: RedisAddress
  /** Grows with every failover that the node knows of. */
  readonly epoch: number
  readonly nodes: readonly RedisAddress[]
}

export function createClusterDirectory(topology: Nodes, options: RedisOptions): Directory {
  const slot = clusterSlot(redisKeys(options.namespace).feed)
  let learnt: readonly RedisAddress[] = []

  async function ask(address: RedisAddress): Promise<Word> {
    const connection = await openConnection({ ...options, address, database: 0 })
    try {
      const info = text(await connection.call('CLUSTER', 'INFO'))
      if (!/^cluster_state:ok\r?$/m.test(info)) throw noMaster('The Redis Cluster is down')
      const ranges = list(await connection.call('CLUSTER', 'SLOTS')).map((range) => parseRange(range, address))
      const ours = ranges.find(({ from, to }) => from <= slot && slot <= to)
      const [master] = ours?.nodes ?? []
      if (ours === undefined || master === undefined) throw noMaster('No node of the Redis Cluster serves the keys')
      const others = ranges.flatMap(({ nodes }) => nodes.slice(0, 1))
      return { master, epoch: epochOf(info), nodes: [...ours.nodes, ...others] }
    } finally {
      connection.close()
    }
  }

  /** A majority that agrees is believed at once, so that one node that hangs delays nothing; else the newest word. */
  function agreed(addresses: readonly RedisAddress[]): Promise<Word> {
    return new Promise((resolve, reject) => {
      const words: Word[] = []
      const failures: unknown[] = []
      for (const address of addresses) {
        ask(address)
          .then((word) => {
            words.push(word)
            const alike = words.filter(({ master }) => sameAddress(master, word.master))
            if (alike.length * 2 > addresses.length) resolve(word)
          })
          .catch((error: unknown) => failures.push(error))
          .finally(() => {
            if (words.length + failures.length < addresses.length) return
            const [newest] = words.sort((a, b) => b.epoch - a.epoch)
            if (newest === undefined) reject(failure(failures))
            else resolve(newest)
          })
      }
    })
  }

  return {
    async find() {
      const { master, nodes } = await agreed(distinct([...topology.nodes, ...learnt]))
      learnt = distinct(nodes).slice(0, MOST_LEARNT)
      return master
    },
    confirm: async () => {},
    close() {},
  }
}

/** A node that answered says more than one that could not be reached. */
function failure(failures: readonly unknown[]): unknown {
  const notClustered = failures.some((error) => error instanceof StoreUnavailableError && isNotClustered(error.cause))
  if (notClustered) return noMaster('Redis is not a Cluster: give its address as url')
  const answered = failures.find((error) => error instanceof StoreUnavailableError && !isUnreachable(error))
  return answered ?? failures.at(-1)
}

function isNotClustered(cause: unknown): boolean {
  return cause instanceof Error && cause.message.includes('cluster support disabled')
}

function isUnreachable({ cause }: StoreUnavailableError): boolean {
  return cause instanceof Error && 'code' in cause
}

function distinct(addresses: readonly RedisAddress[]): readonly RedisAddress[] {
  return addresses.filter((one, at) => addresses.findIndex((other) => sameAddress(one, other)) === at)
}

function epochOf(info: string): number {
  return Number(/^cluster_current_epoch:(\d+)/m.exec(info)?.[1] ?? 0)
}

interface SlotRange {
  readonly from: number
  readonly to: number
  /** The master first. */
  readonly nodes: readonly RedisAddress[]
}

/** `[from, to, [host, port, …] of the master, and of each replica]`. */
function parseRange(reply: unknown, asked: RedisAddress): SlotRange {
  const [from, to, ...nodes] = list(reply)
  return { from: count(from), to: count(to), nodes: nodes.map((node) => parseNode(node, asked)) }
}

/** No host, or an empty one: it is that of the node that was asked. */
function parseNode(reply: unknown, asked: RedisAddress): RedisAddress {
  const [host, port] = list(reply)
  const name = host === null ? '' : bytes(host).toString('latin1')
  return { host: name === '' || name === '?' ? asked.host : name, port: count(port) }
}
