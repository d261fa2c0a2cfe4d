// The store in Redis: the port's questions as scripts on one slot (scripts.ts), over connections to the current master
// (link.ts). Nothing is retried here; the mirror beats again and the caller of Revoke repeats.
import { randomBytes, randomUUID } from 'node:crypto'
import type { Log } from '../../telemetry/log.ts'
import type { Addition } from '../entries.ts'
import type { RedisAddress, RedisOptions } from '../options.ts'
import { type Applied, StoreUnavailableError } from '../port.ts'
import type { Added, AddOptions, RevocationStore } from '../store-port.ts'
import { pause } from '../timing.ts'
import { type Argument, openConnection, type RedisConnection } from './connection.ts'
import { createDirectory } from './directory.ts'
import { replyCode } from './errors.ts'
import { redisKeys } from './keys.ts'
import { createLink, type Link } from './link.ts'
import { noMaster, sameAddress } from './master.ts'
import { judgeRegistry } from './registry.ts'
import { beatOf, count, dataSetOf, list, score, text } from './replies.ts'
import * as scripts from './scripts.ts'
import { checkServer } from './server-check.ts'
import { createSnapshots } from './snapshot.ts'

/** Long enough for any mirror that is not stale for good to find its place in the feed. */
const FEED_MS = 15 * 60_000
/** Far above one snapshot of the largest denylist at the highest rate measured; about 150 MB if it is ever reached. */
const FEED_LENGTH = 1_000_000
/** Entries per beat: applied without a pause. */
const FEED_PER_BEAT = 1000
/** A blocking read returns without news after that long, so that a connection that died silently is noticed. */
const TAIL_BLOCK_MS = 5000
/** While entries are being added back, a recovering data set stays so for that long after each batch. */
const HEALING_SECONDS = 5
/** Share of the command timeout that WAIT may take, so that its answer still arrives. */
const WAIT_SHARE = 0.8
/** Expired entries removed at once: below a millisecond. */
const PURGE_LIMIT = 1000
/** A mirror that has been silent for that long is forgotten; it cannot answer since long before. */
const REGISTRY_MS = 15 * 60_000
/** How often the registry is looked at by somebody who waits: soon at first. */
const POLL_MS = [5, 10, 20, 50] as const
/** A mirror that still beats after `max_staleness` and this long has seen the feed's end many times over. */
const WAITING_GRACE_MS = 5000

const NO_TAIL = 'The Redis user may not run XREAD: revocations arrive with the next beat instead of at once'

export interface RedisStoreDeps {
  readonly redis: RedisOptions
  readonly log: Log
  readonly epochRetentionSeconds: number
  readonly recoveryWindowMs: number
  readonly mayWrite: boolean
}

/** No waiting mends it: at start-up it ends the process, later it is what every beat fails with. */
export class RedisSetupError extends StoreUnavailableError {
  constructor(message: string) {
    super(message, { possiblyApplied: false })
  }
}

/** Resolves even when Redis does not answer yet. Rejects with RedisSetupError. */
export async function openRedisStore(deps: RedisStoreDeps): Promise<RevocationStore> {
  const { redis, log, mayWrite } = deps
  const keys = redisKeys(redis.namespace)
  const directory = createDirectory(redis)
  const mirror = randomUUID()
  const windowSeconds = Math.ceil(deps.recoveryWindowMs / 1000)
  const database = redis.topology.kind === 'standalone' ? redis.topology.database : 0

  async function open(commandTimeoutMs: number | undefined): Promise<RedisConnection> {
    return openConnection({ ...redis, address: await directory.find(), database, commandTimeoutMs })
  }

  async function openChecked(): Promise<RedisConnection> {
    const connection = await open(redis.commandTimeoutMs)
    try {
      await check(connection)
      return connection
    } catch (error) {
      connection.close()
      throw error
    }
  }

  async function check(connection: RedisConnection): Promise<void> {
    const { hopeless, isReplica, warnings } = await checkServer(connection, redis.topology.kind)
    if (hopeless !== undefined) throw new RedisSetupError(hopeless)
    if (isReplica)
      throw new StoreUnavailableError('Redis is a read-only replica, the master is needed', { possiblyApplied: false })
    for (const warning of warnings) {
      if (redis.strict) throw new RedisSetupError(warning)
      warnOnce(warning)
    }
  }

  const said = new Set<string>()
  /** Not again with every connection. */
  function warnOnce(warning: string): void {
    if (!said.has(warning)) log.warn({ component: 'denylist' }, warning)
    said.add(warning)
  }

  /** Beats and lookups; adding has its own connection, because WAIT holds up whatever comes after it. */
  const main = createLink(openChecked)
  const writing = createLink(() => open(redis.commandTimeoutMs))
  const blocking = createLink(() => open(undefined))
  /** Of the last beat that counted. */
  let master: RedisAddress | undefined
  const snapshots = createSnapshots({ keys, open: () => open(redis.commandTimeoutMs) })

  const candidate = () => (mayWrite ? randomBytes(16).toString('hex') : '')

  async function requireReplicas(connection: RedisConnection): Promise<void> {
    if (redis.minReplicas === 0) return
    const timeoutMs = Math.floor(redis.commandTimeoutMs * WAIT_SHARE)
    const reached = count(await connection.call('WAIT', redis.minReplicas, timeoutMs))
    if (reached < redis.minReplicas)
      throw new StoreUnavailableError('Too few Redis replicas have the revocation', { possiblyApplied: true })
  }

  /** What a deposed master took is lost with it. */
  async function confirmWritten(address: RedisAddress): Promise<void> {
    try {
      await directory.confirm(address)
    } catch (cause) {
      throw new StoreUnavailableError('The Redis that took the revocation may not be the master', {
        possiblyApplied: true,
        cause,
      })
    }
  }

  async function add(additions: readonly Addition[], { healing = false }: AddOptions = {}): Promise<Added> {
    const head = [randomBytes(16).toString('hex'), windowSeconds, randomBytes(8).toString('hex'), FEED_MS, FEED_LENGTH]
    // Where nothing changes, WAIT would have nothing to wait for, although an earlier attempt may not have arrived.
    const flags = [healing ? Math.min(HEALING_SECONDS, windowSeconds) : 0, redis.minReplicas > 0 ? 1 : 0]
    const args: Argument[] = [...head, ...flags, ...additions.flatMap(argumentsOf)]
    return writing.use(async (connection) => {
      const scriptKeys = [keys.revoked, keys.notBefore, keys.feed, keys.epoch]
      const [revision, seconds] = list(await connection.run(scripts.addScript, scriptKeys, args))
      await Promise.all([requireReplicas(connection), confirmWritten(connection.address)])
      return { revision: text(revision), seconds: count(seconds) }
    })
  }

  async function registry(revision: string) {
    const [ms, lines] = list(
      await main.use((connection) => connection.run(scripts.registryScript, [keys.sidecars], [])),
    )
    return judgeRegistry(list(lines).map(text), count(ms), revision)
  }

  async function applied(revision: string): Promise<Applied> {
    const first = await registry(revision)
    const known = new Set([...first.applied, ...first.waiting])
    const longestMs = first.longestMs + WAITING_GRACE_MS
    let waitedMs = 0
    let current = first
    for (let polls = 0; current.waiting.some((id) => known.has(id)); polls += 1) {
      if (waitedMs > longestMs)
        throw new StoreUnavailableError('Some mirrors beat without catching up', { possiblyApplied: true })
      const pauseMs = POLL_MS[polls] ?? 50
      waitedMs += pauseMs
      await pause(pauseMs)
      current = await registry(revision)
    }
    const has = [...known].filter((id) => current.applied.includes(id))
    return { sidecarsApplied: has.length, sidecarsKnown: known.size }
  }

  const store: RevocationStore = {
    add,
    applied,
    async beat({ after, maxStalenessMs }) {
      const where = [after?.id ?? '', after?.nonce ?? '']
      const args = [candidate(), windowSeconds, mirror, maxStalenessMs, ...where, FEED_PER_BEAT]
      return main.use(async (connection) => {
        const scriptKeys = [keys.revoked, keys.notBefore, keys.feed, keys.epoch, keys.sidecars]
        // Both were asked after the moment that the beat counts from.
        const [reply] = await Promise.all([
          connection.run(scripts.beatScript, scriptKeys, args),
          directory.confirm(connection.address),
        ])
        master = connection.address
        return beatOf(reply)
      })
    },
    snapshot: () => snapshots.take(),
    async tail(after, signal) {
      return blocking.use(async (connection) => {
        if (signal.aborted) return false
        if (master !== undefined && !sameAddress(connection.address, master)) throw noMaster('Redis has another master')
        const stop = () => connection.close()
        const guard = setTimeout(stop, TAIL_BLOCK_MS + redis.commandTimeoutMs)
        signal.addEventListener('abort', stop)
        try {
          const args = ['BLOCK', TAIL_BLOCK_MS, 'COUNT', 1, 'STREAMS', keys.feed, after.id] as const
          return (await connection.call('XREAD', ...args)) !== null
        } catch (error) {
          // The beats go on without it, so nobody would hear of it.
          if (error instanceof Error && replyCode(error.cause) === 'NOPERM') warnOnce(NO_TAIL)
          throw error
        } finally {
          clearTimeout(guard)
          signal.removeEventListener('abort', stop)
        }
      })
    },
    async lookup(questions) {
      const revoked = questions.filter(({ space }) => space === 'revoked')
      const notBefore = questions.filter(({ space }) => space === 'not_before')
      const args = [revoked.length, ...[...revoked, ...notBefore].map(({ member }) => member)]
      const scriptKeys = [keys.revoked, keys.notBefore, keys.epoch]
      const reply = await main.use((connection) => connection.run(scripts.lookupScript, scriptKeys, args))
      const [epoch, state, ofRevoked, ofNotBefore] = list(reply)
      const scores = { revoked: list(ofRevoked).map(score), not_before: list(ofNotBefore).map(score) }
      const next = { revoked: 0, not_before: 0 }
      const inOrder = questions.map(({ space }) => {
        const at = next[space]
        next[space] += 1
        return scores[space][at] ?? 0
      })
      return { dataSet: dataSetOf(epoch, state), scores: inOrder }
    },
    async purge() {
      const args = [deps.epochRetentionSeconds, PURGE_LIMIT, REGISTRY_MS]
      const scriptKeys = [keys.revoked, keys.notBefore, keys.sidecars]
      return count(await writing.use((connection) => connection.run(scripts.purgeScript, scriptKeys, args)))
    },
    async initialise() {
      const args = [randomBytes(16).toString('hex')]
      const reply = await writing.use((connection) => connection.run(scripts.initialiseScript, [keys.epoch], args))
      return { epoch: text(list(reply)[0]), state: 'live' }
    },
    async close() {
      // Somebody may be waiting for this mirror; without a connection its silence has to say it.
      if (main.isOpen) await main.use((one) => one.call('HDEL', keys.sidecars, mirror)).catch(() => {})
      for (const link of [main, writing, blocking, directory]) link.close()
    },
  }

  await refuseHopeless(main, store)
  return store
}

/** Everything but a set-up that can never work is left to the beats, which go on trying. */
async function refuseHopeless(main: Link, store: RevocationStore): Promise<void> {
  try {
    await main.use(async () => {})
  } catch (error) {
    if (!(error instanceof RedisSetupError)) return
    await store.close()
    throw error
  }
}

/** Kind, member, score, as addScript reads them. */
function argumentsOf(addition: Addition): readonly Argument[] {
  if ('plusSeconds' in addition) return ['p', addition.member, addition.plusSeconds]
  const kind = addition.space === 'revoked' ? 'r' : 'n'
  return [kind, addition.member, addition.score === Number.POSITIVE_INFINITY ? '+inf' : addition.score]
}
