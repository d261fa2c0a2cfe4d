// The `denylist` section of the configuration → the options of the denylist, with the files it names read.
import { readFile } from 'node:fs/promises'
import type { Config, DenylistConfig, RedisConfig } from '../config/schema.ts'
import {
  type DenylistOptions,
  parseRedisUrl,
  type RedisAddress,
  type RedisOptions,
  type StoreOptions,
} from './options.ts'

/** A token service may always write; other processes only where they may heal. */
export async function denylistOptions(config: Config): Promise<DenylistOptions> {
  const { denylist, listen } = config
  return {
    store: await storeOptions(denylist),
    mode: denylist.mode,
    maxStalenessMs: denylist.max_staleness,
    maxEntries: denylist.max_entries,
    epochRetentionSeconds: Math.ceil(denylist.epoch_retention / 1000),
    recoveryWindowMs: denylist.recovery_window,
    mayWrite: denylist.store !== 'redis' || listen.tokens !== undefined || denylist.redis?.heal === true,
  }
}

async function storeOptions({ store, level, redis }: DenylistConfig): Promise<StoreOptions> {
  if (store === 'memory') return { kind: 'memory' }
  if (store === 'level') return { kind: 'level', path: level.path }
  if (redis === undefined) throw new Error('The store is Redis, but there is no redis section')
  return { kind: 'redis', redis: await redisOptions(redis) }
}

async function redisOptions(redis: RedisConfig): Promise<RedisOptions> {
  const { topology, usesTls } = topologyOf(redis)
  return {
    topology,
    namespace: redis.namespace,
    username: redis.username,
    password: redis.password?.reveal(),
    tls: redis.tls === undefined ? (usesTls ? {} : undefined) : await readTls(redis.tls),
    connectTimeoutMs: redis.connect_timeout,
    commandTimeoutMs: redis.command_timeout,
    minReplicas: redis.min_replicas,
    strict: redis.strict,
  }
}

function topologyOf(redis: RedisConfig): ReturnType<typeof parseRedisUrl> {
  if ('url' in redis) return parseRedisUrl(redis.url)
  if ('cluster' in redis) return { topology: { kind: 'cluster', nodes: redis.cluster.map(parseNode) }, usesTls: false }
  return {
    topology: {
      kind: 'sentinel',
      sentinels: redis.sentinels.map(parseNode),
      name: redis.name,
      username: redis.sentinel_username,
      password: redis.sentinel_password?.reveal(),
    },
    usesTls: false,
  }
}

/** `host:port`, an IPv6 host in brackets, as the configuration has checked it. */
function parseNode(text: string): RedisAddress {
  const at = text.lastIndexOf(':')
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) }
}

type TlsConfig = NonNullable<RedisConfig['tls']>

async function readTls({
  ca,
  cert,
  key,
  server_name: serverName,
}: TlsConfig): Promise<NonNullable<RedisOptions['tls']>> {
  const [caText, certText, keyText] = await Promise.all([ca, cert, key].map(readOptional))
  return { ca: caText, cert: certText, key: keyText, serverName }
}

async function readOptional(path: string | undefined): Promise<string | undefined> {
  return path === undefined ? undefined : readFile(path, 'utf8')
}
