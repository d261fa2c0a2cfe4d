// A master, a replica and three Sentinels as real processes on loopback, quick to notice that one is down. What is asked
// of them is the test's business.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { RedisOptions } from '../../../src/denylist/options.ts'
import { eventually } from '../eventually.ts'
import { freePort } from '../ports.ts'
import { type RunningProcess, startProcess } from '../processes.ts'
import { type RedisConfig, type RedisServer, startRedis } from '../redis.ts'
import { requireTool } from '../tools.ts'

const SENTINELS = 3
const NAME = 'postern'
/** As short as a loaded machine with two cores bears; in production it is seconds. */
const DOWN_AFTER_MS = 1500
/** Also how soon a failed failover is tried again. */
const FAILOVER_TIMEOUT_MS = 3000
/** Detection, election, promotion: far longer than it takes here. */
const FAILOVER_WITHIN_MS = 20_000

export interface Sentinel {
  readonly port: number
  send(command: string, ...args: (string | number)[]): Promise<unknown>
  /** Alive but silent. */
  freeze(): void
  resume(): void
}

export interface SentinelSet {
  readonly name: string
  /** The master at first, and the replica at first. */
  readonly servers: readonly [RedisServer, RedisServer]
  readonly sentinels: readonly Sentinel[]
  readonly topology: RedisOptions['topology']
  /** The port that this Sentinel names master. */
  masterPort(sentinel?: Sentinel): Promise<number>
  /** Resolves once every Sentinel names this server, and it says so itself. */
  untilMaster(server: RedisServer): Promise<void>
  /** Resolves once the replica follows the master and every Sentinel knows both and the others. */
  untilWhole(): Promise<void>
  close(): Promise<void>
}

export interface SentinelSetOptions {
  /** Lines for both servers. */
  readonly server?: RedisConfig
  /** Lines for each Sentinel, `sentinel auth-pass` among them. */
  readonly sentinel?: readonly string[]
}

export async function startSentinelSet({ server = {}, sentinel = [] }: SentinelSetOptions = {}): Promise<SentinelSet> {
  const first = await startRedis({ config: server })
  const second = await startRedis({ config: { ...server, replicaof: `127.0.0.1 ${first.port}` } })
  const folder = await mkdtemp(join(tmpdir(), 'postern-sentinel-'))
  const started = await Promise.all(
    Array.from({ length: SENTINELS }, () => startSentinel(folder, first.port, sentinel)),
  )
  const password = sentinel.find((line) => line.startsWith('requirepass '))?.split(' ')[1]
  const sentinels: readonly Sentinel[] = started.map(({ port, running }) => ({
    port,
    send: (command, ...args) => sendOnce(port, password, command, args),
    freeze: () => running.signal('SIGSTOP'),
    resume: () => running.signal('SIGCONT'),
  }))

  async function masterPort(one = sentinels[0]): Promise<number> {
    const reply = await one?.send('SENTINEL', 'get-master-addr-by-name', NAME)
    return Array.isArray(reply) ? Number(reply[1]) : Number.NaN
  }

  async function untilMaster(wanted: RedisServer): Promise<void> {
    await eventually(
      `${wanted.port} is master`,
      async () => {
        const ports = await Promise.all(sentinels.map(masterPort))
        return ports.every((port) => port === wanted.port) && (await roleOf(wanted)) === 'master'
      },
      FAILOVER_WITHIN_MS,
    )
  }

  async function untilWhole(): Promise<void> {
    const isWhole = async (one: Sentinel): Promise<boolean> => {
      const [master] = await Promise.all([one.send('SENTINEL', 'MASTER', NAME)])
      const fields = fieldsOf(master)
      const replicas = await one.send('SENTINEL', 'REPLICAS', NAME)
      const linked =
        Array.isArray(replicas) && replicas.some((each) => fieldsOf(each).get('master-link-status') === 'ok')
      return linked && fields.get('num-other-sentinels') === String(SENTINELS - 1) && fields.get('flags') === 'master'
    }
    await eventually(
      'whole',
      async () => (await Promise.all(sentinels.map(isWhole))).every(Boolean),
      FAILOVER_WITHIN_MS,
    )
  }

  async function close(): Promise<void> {
    await Promise.all(started.map(({ running }) => running.kill9()))
    await Promise.all([first.close(), second.close()])
    await rm(folder, { recursive: true, force: true })
  }

  try {
    await untilWhole()
  } catch (error) {
    await close()
    throw error
  }
  return {
    name: NAME,
    servers: [first, second],
    sentinels,
    topology: { kind: 'sentinel', sentinels: sentinels.map(({ port }) => ({ host: '127.0.0.1', port })), name: NAME },
    masterPort,
    untilMaster,
    untilWhole,
    close,
  }
}

export async function roleOf(server: RedisServer): Promise<string> {
  const reply = await server.send('ROLE')
  return Array.isArray(reply) ? String(reply[0]) : ''
}

async function startSentinel(
  folder: string,
  masterPort: number,
  lines: readonly string[],
): Promise<{ port: number; running: RunningProcess }> {
  const port = await freePort()
  const configFile = join(folder, `sentinel-${port}.conf`)
  const config = [
    `port ${port}`,
    'bind 127.0.0.1',
    'protected-mode no',
    `dir ${folder}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} 2`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${NAME} ${FAILOVER_TIMEOUT_MS}`,
    ...lines,
  ]
  await writeFile(configFile, `${config.join('\n')}\n`)
  const running = await startProcess({
    command: requireTool('redis'),
    args: [configFile, '--sentinel'],
    readyWhen: /Sentinel ID is/,
  })
  return { port, running }
}

async function sendOnce(
  port: number,
  password: string | undefined,
  command: string,
  args: (string | number)[],
): Promise<unknown> {
  const client = new Redis(port, '127.0.0.1', {
    lazyConnect: true,
    enableReadyCheck: false,
    protocol: 2,
    retryStrategy: () => null,
    commandTimeout: 2_000,
    ...(password === undefined ? {} : { password }),
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return await client.call(command, ...args)
  } finally {
    client.disconnect()
  }
}

function fieldsOf(reply: unknown): ReadonlyMap<string, string> {
  const flat = Array.isArray(reply) ? reply.map(String) : []
  return new Map(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ''] as const] : [])))
}
