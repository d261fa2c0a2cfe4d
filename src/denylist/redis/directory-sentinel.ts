// The master by the word of a majority of the Sentinels: a minority, or one that was cut off, may still name a master
// that was deposed.
import type { RedisAddress, RedisOptions, RedisTopology } from '../options.ts'
import { openConnection } from './connection.ts'
import { createLink } from './link.ts'
import { type Directory, noMaster, sameAddress } from './master.ts'
import { list, text } from './replies.ts'

type Sentinels = Extract<RedisTopology, { kind: 'sentinel' }>

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
      let answers = 0
      for (const link of links) {
        link
          .use((connection) => connection.call('SENTINEL', 'get-master-addr-by-name', topology.name))
          .then((reply) => {
            const [host, port] = list(reply)
            const address = { host: text(host), port: Number(text(port)) }
            named.push(address)
            if (named.filter((other) => sameAddress(other, address)).length >= majority) resolve(address)
          })
          .catch(() => {})
          .finally(() => {
            answers += 1
            if (answers === links.length) reject(noMaster('No majority of the Sentinels names a master'))
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
