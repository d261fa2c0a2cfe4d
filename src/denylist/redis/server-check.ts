// Is this Redis one that keeps revocations? Its version, its mode and role, whether it may evict, whether it saves to
// disk, whether it answers while cut off; from INFO and CONFIG GET. What to do about it is the store's business.
import type { RedisTopology } from '../options.ts'
import type { RedisConnection } from './connection.ts'
import { list, text } from './replies.ts'

/** 6.2 brought `ZADD GT`, `ZMSCORE`, exclusive XRANGE and trimming by id. */
const MINIMUM = [6, 2] as const

export interface ServerCheck {
  /** Nothing that waiting could mend, in a sentence. */
  readonly hopeless?: string
  readonly isReplica: boolean
  /** Sentences for the log. */
  readonly warnings: readonly string[]
}

type Info = ReadonlyMap<string, string>

export async function checkServer(connection: RedisConnection, kind: RedisTopology['kind']): Promise<ServerCheck> {
  const info = await infoOf(connection)
  if (info === undefined)
    return { isReplica: false, warnings: ['Redis could not be checked: its user may not run INFO'] }
  const hopeless = wrongMode(info, kind) ?? tooOld(info) ?? (await answersWhileDown(connection, kind))
  if (hopeless !== undefined) return { hopeless, isReplica: false, warnings: [] }
  return { isReplica: info.get('role') === 'slave', warnings: await warningsOf(connection, info) }
}

async function warningsOf(connection: RedisConnection, info: Info): Promise<readonly string[]> {
  const warnings: string[] = []
  if (info.get('maxmemory_policy') !== 'noeviction')
    warnings.push('Redis may evict revocations: set maxmemory-policy to noeviction')
  // Where CONFIG is not permitted (managed services), the benefit of the doubt: they save.
  if (info.get('aof_enabled') !== '1' && (await setting(connection, 'save')) === '')
    warnings.push('Redis does not save to disk: a restart loses what no mirror holds')
  return warnings
}

/** A fixed address would not follow a failover, and a Sentinel has no keys. */
function wrongMode(info: Info, kind: RedisTopology['kind']): string | undefined {
  const mode = info.get('redis_mode')
  if (mode === 'sentinel') return 'This is a Sentinel, not Redis: give its address under sentinels'
  if (mode === 'cluster' && kind !== 'cluster') return 'This Redis is a Cluster: give its addresses under cluster'
  return undefined
}

function tooOld(info: Info): string | undefined {
  // Valkey tells the version of Redis that it is compatible with.
  const [major = 0, minor = 0] = (info.get('redis_version') ?? '').split('.').map(Number)
  const isOld = major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])
  return isOld ? 'Redis is too old: 6.2 or newer is needed' : undefined
}

/** A master that lost the majority would go on saying what is not revoked. */
async function answersWhileDown(connection: RedisConnection, kind: RedisTopology['kind']): Promise<string | undefined> {
  if (kind !== 'cluster' || (await setting(connection, 'cluster-allow-reads-when-down')) !== 'yes') return undefined
  return 'The Redis Cluster answers while it is down: set cluster-allow-reads-when-down to no'
}

/** `undefined`: not permitted. */
async function infoOf(connection: RedisConnection): Promise<Info | undefined> {
  const reply = await ifPermitted(connection.call('INFO'))
  if (reply === undefined) return undefined
  const lines = text(reply).split('\r\n')
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
}

/** `undefined`: not permitted, or unknown to this server. */
async function setting(connection: RedisConnection, name: string): Promise<string | undefined> {
  const reply = await ifPermitted(connection.call('CONFIG', 'GET', name))
  const [, value] = reply === undefined ? [] : list(reply)
  return value === undefined ? undefined : text(value)
}

async function ifPermitted(reply: Promise<unknown>): Promise<unknown> {
  try {
    return await reply
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : ''
    // Managed services remove the command instead of forbidding it.
    if (/^NOPERM|^ERR unknown command/i.test(cause)) return undefined
    throw error
  }
}
