// A real redis-server for tests, on a free loopback port and in a folder of its own: stop it, kill it, freeze it, start
// it again with its data or without. What it is asked to store is the test's business.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from './ports.ts'
import { type RunningProcess, startProcess } from './processes.ts'
import { requireTool } from './tools.ts'

/** Durable and quiet, as an operator of a denylist would have it; a test overrides what it is about. */
const defaults = {
  bind: '127.0.0.1',
  'protected-mode': 'no',
  daemonize: 'no',
  save: '',
  appendonly: 'yes',
  appendfsync: 'everysec',
  'maxmemory-policy': 'noeviction',
}

/** Lines of redis.conf: a list is one line each. */
export type RedisConfig = Readonly<Record<string, string | readonly string[]>>

export interface RedisServer {
  readonly port: number
  /** `redis://…`, the password of `requirepass` included. */
  readonly url: string
  readonly pid: number
  output(): string
  /** One command over a connection of its own, so that it works whatever happened before. */
  send(command: string, ...args: (string | number | Buffer)[]): Promise<unknown>
  /** Ends in order, data kept. */
  stop(): Promise<void>
  /** Ends at once, as a crash would; data kept as far as it was written. */
  kill9(): Promise<void>
  /** Starts again on the same port, ending it in order if it runs. `emptied`: as if the disk had been lost. */
  restart(options?: { readonly emptied?: boolean }): Promise<void>
  /** Alive but silent: connections stay open and nothing answers, until `resume`. */
  freeze(): void
  resume(): void
  /** Ends it and removes its folder. */
  close(): Promise<void>
}

export async function startRedis(
  options: { readonly config?: RedisConfig; readonly port?: number } = {},
): Promise<RedisServer> {
  const command = requireTool('redis')
  const port = options.port ?? (await freePort())
  const folder = await mkdtemp(join(tmpdir(), 'postern-redis-'))
  const data = join(folder, 'data')
  const configFile = join(folder, 'redis.conf')
  const config: RedisConfig = { ...defaults, ...options.config, port: String(port), dir: data }
  await writeFile(configFile, configText(config))

  async function start(): Promise<RunningProcess> {
    await mkdir(data, { recursive: true })
    return startProcess({ command, args: [configFile], readyWhen: /Ready to accept connections/ })
  }

  let running = await start()
  const password = typeof config['requirepass'] === 'string' ? config['requirepass'] : undefined
  const url = `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`

  async function stop(): Promise<void> {
    // A frozen process takes a signal only once it runs again.
    running.signal('SIGCONT')
    await running.stop()
  }

  return {
    port,
    url,
    get pid() {
      return running.pid
    },
    output: () => running.output(),
    send: (name, ...args) => sendOnce(url, name, args),
    stop,
    kill9: async () => {
      await running.kill9()
    },
    async restart({ emptied = false } = {}) {
      await stop()
      if (emptied) await rm(data, { recursive: true, force: true })
      running = await start()
    },
    freeze: () => running.signal('SIGSTOP'),
    resume: () => running.signal('SIGCONT'),
    async close() {
      await running.kill9()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function sendOnce(url: string, command: string, args: (string | number | Buffer)[]): Promise<unknown> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, commandTimeout: 5_000 })
  // ioredis prints connection errors nobody listens for; `connect` and `call` reject with them anyway.
  client.on('error', () => {})
  try {
    await client.connect()
    return await client.call(command, ...args)
  } finally {
    client.disconnect()
  }
}

function configText(config: RedisConfig): string {
  const lines = Object.entries(config).flatMap(([name, value]) => [value].flat().map((one) => `${name} ${quote(one)}`))
  return `${lines.join('\n')}\n`
}

/** Values of one word or of several (`save`, `user`, `rename-command`) stand as they are; an empty one needs quotes. */
function quote(value: string): string {
  return value === '' ? '""' : value
}
