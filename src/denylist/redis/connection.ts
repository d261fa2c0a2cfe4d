// One connection to one Redis node: no queue while it is down, no reconnecting, every command bounded. When to open
// another one, and to which node, is the business of link.ts.
import type { ConnectionOptions } from 'node:tls'
import { Redis } from 'ioredis'
import type { RedisAddress, RedisTls } from '../options.ts'
import { StoreUnavailableError } from '../port.ts'
import { replyCode, toStoreError } from './errors.ts'
import type { Script } from './scripts.ts'

const CUT = 'The connection to Redis was cut'
const NO_TLS = 'Redis cannot be reached: no answer, or no TLS on its port'
const HUNG_UP = 'Redis closed the connection at once: its port may expect TLS'

export type Argument = string | number | Buffer

export interface RedisConnection {
  readonly address: RedisAddress
  /** Bulk replies are Buffers, integers are numbers. */
  call(command: string, ...args: readonly Argument[]): Promise<unknown>
  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown>
  readonly isClosed: boolean
  close(): void
}

export interface ConnectOptions {
  readonly address: RedisAddress
  readonly database: number
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly tls?: RedisTls | undefined
  readonly connectTimeoutMs: number
  /** `undefined` for blocking reads: whoever makes one bounds it. */
  readonly commandTimeoutMs?: number | undefined
}

/** Rejects with StoreUnavailableError; nothing was sent then that could change anything. */
export async function openConnection(options: ConnectOptions): Promise<RedisConnection> {
  const client = createClient(options)
  // The error event says why; `connect` itself often only says that the connection was closed.
  let lastError: unknown
  client.on('error', (error) => {
    lastError = error
  })
  try {
    await client.connect()
    // AUTH and SELECT are answered before this, so that their errors come here and not at the first beat.
    await client.call('PING')
  } catch (error) {
    client.disconnect()
    throw explain(lastError ?? error, options)
  }
  return wrap(client, options.address)
}

/** A port that expects TLS hangs up on who does not speak it; one that does not waits for the rest of the greeting. */
function explain(error: unknown, { tls }: ConnectOptions): StoreUnavailableError {
  const known = toStoreError(error, false)
  const isTimeout = error instanceof Error && 'code' in error && error.code === 'ETIMEDOUT'
  const isHungUp = error instanceof Error && (/closed/i.test(error.message) || known.message === CUT)
  const isMismatch = tls === undefined ? isHungUp : isTimeout
  if (!isMismatch) return known
  return new StoreUnavailableError(tls === undefined ? HUNG_UP : NO_TLS, { possiblyApplied: false, cause: error })
}

function createClient(options: ConnectOptions): Redis {
  const { address, tls } = options
  return new Redis({
    host: address.host,
    port: address.port,
    db: options.database,
    lazyConnect: true,
    connectTimeout: options.connectTimeoutMs,
    // A command that waits in a queue is a Check that waits: better no answer than a late one.
    enableOfflineQueue: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // PING does it, and needs no permission.
    enableReadyCheck: false,
    disableClientInfo: true,
    // The same replies from every server that is supported.
    protocol: 2,
    ...(options.commandTimeoutMs === undefined ? {} : { commandTimeout: options.commandTimeoutMs }),
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.password === undefined ? {} : { password: options.password }),
    ...(tls === undefined ? {} : { tls: tlsOptions(tls, address.host) }),
  })
}

function tlsOptions({ ca, cert, key, serverName }: RedisTls, host: string): ConnectionOptions {
  const servername = serverName ?? (/^[\d.]+$|:/.test(host) ? undefined : host)
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    minVersion: 'TLSv1.2',
  }
}

function wrap(client: Redis, address: RedisAddress): RedisConnection {
  let isClosed = false
  client.on('end', () => {
    isClosed = true
  })

  async function call(command: string, ...args: readonly Argument[]): Promise<unknown> {
    if (isClosed || client.status !== 'ready')
      throw new StoreUnavailableError('The connection to Redis was cut', { possiblyApplied: false })
    try {
      return await client.callBuffer(command, [...args])
    } catch (error) {
      throw toStoreError(error, true)
    }
  }

  return {
    address,
    call,
    async run({ sha, lua }, keys, args) {
      try {
        return await call('EVALSHA', sha, keys.length, ...keys, ...args)
      } catch (error) {
        if (!(error instanceof Error) || replyCode(error.cause) !== 'NOSCRIPT') throw error
        return call('EVAL', lua, keys.length, ...keys, ...args)
      }
    },
    get isClosed() {
      return isClosed
    },
    close() {
      isClosed = true
      client.disconnect()
    },
  }
}
