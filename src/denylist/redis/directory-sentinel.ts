// The master by the word of a majority of the Sentinels: a minority, or one that was cut off, may still name a master
// that was deposed. The majority is counted over all that are configured, whether they answer or not.
import type { RedisAddress, RedisOptions, RedisTopology } from '../options.ts'
import type { StoreUnavailableError } from '../port.ts'
import { openConnection } from './connection.ts'
import { replyCode } from './errors.ts'
import { createLink } from './link.ts'
import { type Directory, noMaster, sameAddress } from './master.ts'
import { list, text } from './replies.ts'

type Sentinels = Extract<RedisTopology, { kind: 'sentinel' }>

const NO_MAJORITY = 'No majority of the Sentinels names a master'
const UNKNOWN_NAME = 'The Sentinels know no master of this name'

/** By the first word of an error reply: what an operator has to mend, before what may mend itself. */
const mistakes: Readonly<Record<string, string>> = {
  WRONGPASS: 'The Sentinels refuse the user name or password, see sentinel_username and sentinel_password',
  NOAUTH: 'The Sentinels need a password, see sentinel_password',
  NOPERM: 'The user at the Sentinels lacks a permission, see docs/redis.md',
  ERR: 'The addresses under sentinels are not those of Sentinels',
}

export function createSentinelDirectory(topology: Sentinels, options: RedisOptions): Directory {
  const links = topology.sentinels.map((address) =>
    createLink(() =>
      openConnection({
        address,
        database: 0,
        username: topology.username,
        password: topology.password,
        tls: options.tls,
        connectTimeoutMs: options.connectTimeoutMs,
        commandTimeoutMs: options.commandTimeoutMs,
      }),
    ),
  )
  const majority = Math.floor(links.length / 2) + 1

  /** Resolves as soon as a majority agrees, so that one Sentinel that hangs delays nothing. */
  function agreed(): Promise<RedisAddress> {
    return new Promise((resolve, reject) => {
      const named: RedisAddress[] = []
      const failures: unknown[] = []
      for (const link of links) {
        link
          .use((connection) => connection.call('SENTINEL', 'get-master-addr-by-name', topology.name))
          .then((reply) => {
            const address = addressOf(reply)
            named.push(address)
            if (named.filter((other) => sameAddress(other, address)).length >= majority) resolve(address)
          })
          .catch((error: unknown) => failures.push(error))
          .finally(() => {
            if (named.length + failures.length === links.length) reject(disagreement(failures))
          })
      }
    })
  }

  return {
    find: agreed,
    async confirm(address) {
      if (!sameAddress(await agreed(), address)) throw noMaster('The Sentinels name another master')
    },
    close() {
      for (const link of links) link.close()
    },
  }
}

function addressOf(reply: unknown): RedisAddress {
  if (reply === null) throw noMaster(UNKNOWN_NAME)
  const [host, port] = list(reply)
  return { host: text(host), port: Number(text(port)) }
}

function disagreement(failures: readonly unknown[]): StoreUnavailableError {
  const words = failures.map(mistakeOf).find((one) => one !== undefined)
  return noMaster(words ?? NO_MAJORITY)
}

function mistakeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if (error.message === UNKNOWN_NAME) return UNKNOWN_NAME
  const code = replyCode(error.cause)
  return code === undefined ? undefined : mistakes[code]
}
