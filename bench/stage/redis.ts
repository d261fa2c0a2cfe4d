// A real Redis for the bench, with as many revocations of nobody in it as are asked for.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from '../../test/support/ports.ts'
import { startProcess } from '../../test/support/processes.ts'
import { findRedis } from '../../tools/find-redis.mjs'
import { launch, preparePostern } from './servers.ts'

const FILL_BATCH = 5000
const MEMBER_BYTES = 16
const UNTIL_SECONDS = 24 * 3600

export async function startBenchRedis() {
  const found = findRedis()
  if ('missing' in found) throw new Error(found.missing)
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  const port = await freePort()
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    'maxmemory-policy': 'noeviction',
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const running = await startProcess({ command: found.path, args, readyWhen: /Ready to accept connections/ })
  const client = new Redis(port, '127.0.0.1')
  const url = `redis://127.0.0.1:${port}`
  return {
    url,
    pid: running.pid,
    sections: (namespace: string) => ({ denylist: { store: 'redis', redis: { url, namespace } } }),
    /** A data set that really is new, with so many members. */
    async fill(namespace: string, entries: number): Promise<void> {
      const denylist = { store: 'redis', redis: { url, namespace } }
      const { folder: place, configFile, remove } = await preparePostern({ sections: { denylist } })
      const { code } = await (await launch(place, ['redis', 'init', '--config', configFile])).exited
      await remove()
      if (code !== 0) throw new Error('`postern redis init` failed')
      const until = Math.ceil(Date.now() / 1000) + UNTIL_SECONDS
      for (let done = 0; done < entries; done += FILL_BATCH) {
        const pairs = Array.from({ length: Math.min(FILL_BATCH, entries - done) }, () => [
          until,
          randomBytes(MEMBER_BYTES),
        ])
        await client.zadd(`{${namespace}}:revoked`, ...pairs.flat())
      }
    },
    async stop() {
      client.disconnect()
      await running.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
