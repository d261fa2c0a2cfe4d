// Is this Redis one that keeps revocations? Its version, its role, whether it may evict, whether it saves to disk; from
// INFO and CONFIG GET. What to do about it is the store's business.
import type { RedisConnection } from './connection.ts'
import { list, text } from './replies.ts'

/** 6.2 brought `ZADD GT`, `ZMSCORE`, exclusive XRANGE and trimming by id. */
const MINIMUM = [6, 2] as const

export interface ServerCheck {
  /** Nothing that waiting could mend. */
  readonly tooOld: boolean
  readonly isReplica: boolean
  /** Sentences for the log. */
  readonly warnings: readonly string[]
}

export async function checkServer(connection: RedisConnection): Promise<ServerCheck> {
  const info = await infoOf(connection)
  if (info === undefined) {
    return { tooOld: false, isReplica: false, warnings: ['Redis could not be checked: its user may not run INFO'] }
  }
  const warnings: string[] = []
  if (info.get('maxmemory_policy') !== 'noeviction')
    warnings.push('Redis may evict revocations: set maxmemory-policy to noeviction')
  if (info.get('aof_enabled') !== '1' && !(await savesSnapshots(connection)))
    warnings.push('Redis does not save to disk: a restart loses what no mirror holds')
  return { tooOld: isTooOld(info.get('redis_version')), isReplica: info.get('role') === 'slave', warnings }
}

/** `undefined`: not permitted. */
async function infoOf(connection: RedisConnection): Promise<ReadonlyMap<string, string> | undefined> {
  const reply = await ifPermitted(connection.call('INFO'))
  if (reply === undefined) return undefined
  const lines = text(reply).split('\r\n')
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
}

/** Where CONFIG is not permitted (managed services), the benefit of the doubt: they save. */
async function savesSnapshots(connection: RedisConnection): Promise<boolean> {
  const reply = await ifPermitted(connection.call('CONFIG', 'GET', 'save'))
  return reply === undefined || text(list(reply)[1] ?? Buffer.alloc(0)) !== ''
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

function isTooOld(version: string | undefined): boolean {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number)
  return major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])
}
