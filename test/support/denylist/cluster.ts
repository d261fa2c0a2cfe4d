// A Redis Cluster as real processes on loopback: three masters and one replica of the first. Quick to notice that one
// is down. What is asked of it is the test's business.
import type { RedisOptions } from '../../../src/denylist/options.ts'
import { eventually } from '../eventually.ts'
import { freePort } from '../ports.ts'
import { type RedisConfig, type RedisServer, startRedis } from '../redis.ts'

/** As short as a loaded machine with two cores bears; the default is fifteen seconds. */
const NODE_TIMEOUT_MS = 2000
const CREATE_WITHIN_MS = 30_000

export interface RedisCluster {
  readonly masters: readonly [RedisServer, RedisServer, RedisServer]
  /** Of the first master. */
  readonly replica: RedisServer
  readonly topology: RedisOptions['topology']
  /** The slots of each master. */
  readonly ranges: readonly SlotRange[]
  /** Resolves once every node that runs calls the Cluster whole. */
  untilWhole(): Promise<void>
  /** Moves one slot, its keys included, as `redis-cli --cluster reshard` does. */
  moveSlot(slot: number, from: RedisServer, to: RedisServer): Promise<void>
  /** After a failover: the first master is master again. */
  restore(): Promise<void>
  close(): Promise<void>
}

interface SlotRange {
  readonly from: number
  readonly to: number
}

const ranges: readonly SlotRange[] = [
  { from: 0, to: 5460 },
  { from: 5461, to: 10_922 },
  { from: 10_923, to: 16_383 },
]

const nodeConfig = {
  'cluster-enabled': 'yes',
  'cluster-node-timeout': String(NODE_TIMEOUT_MS),
  'cluster-config-file': 'nodes.conf',
  // A replica that was behind is still promoted: that is what loses writes.
  'cluster-replica-validity-factor': '0',
}

export async function startCluster(server: RedisConfig = {}): Promise<RedisCluster> {
  const node = () => startNode(server)
  const [first, second, third, replica] = await Promise.all([node(), node(), node(), node()])
  const nodes = [first, second, third, replica]
  const close = async () => {
    await Promise.all(nodes.map((one) => one.close()))
  }

  async function untilWhole(): Promise<void> {
    const isWhole = async (one: RedisServer) => /^cluster_state:ok/m.test(String(await one.send('CLUSTER', 'INFO')))
    await eventually('whole', async () => (await Promise.all(nodes.map(isWhole))).every(Boolean), CREATE_WITHIN_MS)
  }

  async function moveSlot(slot: number, from: RedisServer, to: RedisServer): Promise<void> {
    const [fromId, toId] = await Promise.all([from, to].map(async (one) => String(await one.send('CLUSTER', 'MYID'))))
    if (fromId === undefined || toId === undefined) throw new Error('nodes without an id')
    await to.send('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId)
    await from.send('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId)
    const keys = await from.send('CLUSTER', 'GETKEYSINSLOT', slot, 100)
    if (Array.isArray(keys))
      for (const key of keys) await from.send('MIGRATE', '127.0.0.1', to.port, String(key), 0, 2000)
    for (const one of [to, from, ...nodes]) await one.send('CLUSTER', 'SETSLOT', slot, 'NODE', toId).catch(() => {})
  }

  async function restore(): Promise<void> {
    const isSynced = async () => /^master_link_status:up/m.test(String(await first.send('INFO', 'replication')))
    await eventually('synchronised', isSynced, CREATE_WITHIN_MS)
    await first.send('CLUSTER', 'FAILOVER')
    const isMaster = async () => /^role:master/m.test(String(await first.send('INFO', 'replication')))
    await eventually('master again', isMaster, CREATE_WITHIN_MS)
    await untilWhole()
  }

  try {
    await create([first, second, third], ranges)
    await attach(replica, first)
    await untilWhole()
    return {
      masters: [first, second, third],
      replica,
      topology: { kind: 'cluster', nodes: nodes.slice(1).map(({ port }) => ({ host: '127.0.0.1', port })) },
      ranges,
      untilWhole,
      moveSlot,
      restore,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface Node extends RedisServer {
  readonly busPort: number
}

async function startNode(config: RedisConfig): Promise<Node> {
  // Its own port, because the default, ten thousand above, may be taken.
  const busPort = await freePort()
  const server = await startRedis({ config: { ...nodeConfig, 'cluster-port': String(busPort), ...config } })
  return Object.assign(server, { busPort })
}

/** What `redis-cli --cluster create` does, which knows no bus ports. */
async function create(masters: readonly Node[], ranges: readonly SlotRange[]): Promise<void> {
  const [first] = masters
  for (const [at, one] of masters.entries()) {
    const { from = 0, to = 0 } = ranges[at] ?? {}
    await one.send('CLUSTER', 'ADDSLOTSRANGE', from, to)
    await one.send('CLUSTER', 'SET-CONFIG-EPOCH', at + 1)
    if (first !== undefined && one !== first) await meet(one, first)
  }
}

async function meet(one: Node, other: Node): Promise<void> {
  await one.send('CLUSTER', 'MEET', '127.0.0.1', other.port, other.busPort)
}

async function attach(replica: Node, master: Node): Promise<void> {
  const id = String(await master.send('CLUSTER', 'MYID'))
  await meet(replica, master)
  // It has to have heard of the master first.
  await eventually('attached', async () => (await replica.send('CLUSTER', 'REPLICATE', id)) === 'OK', CREATE_WITHIN_MS)
  const isLinked = async () => /^master_link_status:up/m.test(String(await replica.send('INFO', 'replication')))
  await eventually('replicating', isLinked, CREATE_WITHIN_MS)
}
