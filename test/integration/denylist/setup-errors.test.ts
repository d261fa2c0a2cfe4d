// Set-ups that cannot work are named in constant words: at start-up where waiting mends nothing, otherwise by every beat.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RedisTopology } from '../../../src/denylist/options.ts'
import { RedisSetupError } from '../../../src/denylist/redis/store.ts'
import { openTestStore, redisOptions, silentLog } from '../../support/denylist/redis-store.ts'
import { startDenylist } from '../../support/denylist/running.ts'
import { eventually } from '../../support/eventually.ts'
import { freePort } from '../../support/ports.ts'
import { startProcess } from '../../support/processes.ts'
import { startRedis } from '../../support/redis.ts'
import { describeWith, requireTool } from '../../support/tools.ts'

const report = { after: undefined, maxStalenessMs: 5000 }

let closing: (() => Promise<void>)[] = []
beforeEach(() => {
  closing = []
})
afterEach(async () => {
  for (const close of closing.reverse()) await close()
})

/** Says hello as any Redis does and then what INFO says, an error to everything else. */
async function pretend(info: Readonly<Record<string, string>>): Promise<number> {
  const body = Object.entries({
    role: 'master',
    redis_mode: 'standalone',
    maxmemory_policy: 'noeviction',
    aof_enabled: '1',
    ...info,
  })
    .map(([name, value]) => `${name}:${value}\r\n`)
    .join('')
  const replies: Readonly<Record<string, string>> = { PING: '+PONG\r\n', INFO: `$${body.length}\r\n${body}\r\n` }
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (data) => {
      for (const [, name = ''] of data.toString('latin1').matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g))
        socket.write(replies[name.toUpperCase()] ?? '-ERR not here\r\n')
    })
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  closing.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return port
}

async function opened(...args: Parameters<typeof openTestStore>): Promise<Awaited<ReturnType<typeof openTestStore>>> {
  const store = await openTestStore(...args)
  closing.push(() => store.close())
  return store
}

describe('a server that says what it is', () => {
  it.each(['2.8.0', '5.0.14', '6.0.16', '6.1.240'])('Redis %s is too old', async (version) => {
    const port = await pretend({ redis_version: version })
    const error = await openTestStore(redisOptions(port)).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(RedisSetupError)
    expect(error).toMatchObject({ message: 'Redis is too old: 6.2 or newer is needed' })
  })

  it.each([
    ['Redis 6.2', { redis_version: '6.2.0' }],
    ['Redis 8', { redis_version: '8.0.1' }],
    ['Valkey 8', { redis_version: '7.2.4', server_name: 'valkey', valkey_version: '8.0.1' }],
  ])('%s is not', async (_, info) => {
    const warnings: string[] = []
    const log = { ...silentLog, warn: (_fields: object, message: string) => void warnings.push(message) }
    await opened(redisOptions(await pretend(info)), { log })
    expect(warnings).toEqual([])
  })

  it('a Sentinel in the place of Redis', async () => {
    const port = await pretend({ redis_version: '7.0.0', redis_mode: 'sentinel' })
    await expect(openTestStore(redisOptions(port))).rejects.toThrow(
      'This is a Sentinel, not Redis: give its address under sentinels',
    )
  })
})

describeWith('redis', 'a real server', () => {
  async function redis(config = {}) {
    const one = await startRedis({ config })
    closing.push(() => one.close())
    return one
  }
  async function sentinel(masterPort: number): Promise<number> {
    const port = await freePort()
    const folder = await mkdtemp(join(tmpdir(), 'postern-sentinel-'))
    const file = join(folder, 'sentinel.conf')
    await writeFile(file, `port ${port}\nbind 127.0.0.1\nsentinel monitor other 127.0.0.1 ${masterPort} 1\n`)
    const running = await startProcess({
      command: requireTool('redis'),
      args: [file, '--sentinel'],
      readyWhen: /Sentinel ID is/,
    })
    closing.push(async () => {
      await running.kill9()
      await rm(folder, { recursive: true, force: true })
    })
    return port
  }
  const behind = (port: number, name = 'postern'): RedisTopology => ({
    kind: 'sentinel',
    sentinels: [{ host: '127.0.0.1', port }],
    name,
  })

  it('a service that has no CONFIG is given the benefit of the doubt', async () => {
    const { port } = await redis({ 'rename-command': 'CONFIG ""', appendonly: 'no', save: '' })
    const store = await opened(redisOptions(port, { strict: true }))
    expect((await store.beat(report)).dataSet.state).toBe('live')
  })

  it('Sentinels that do not know the name, or are none', async () => {
    const { port } = await redis()
    const unknown = await opened(redisOptions(0, { topology: behind(await sentinel(port)) }))
    await expect(unknown.beat(report)).rejects.toThrow('The Sentinels know no master of this name')
    const none = await opened(redisOptions(0, { topology: behind(port) }))
    await expect(none.beat(report)).rejects.toThrow('The addresses under sentinels are not those of Sentinels')
  })

  it('a password that is put right later needs no restart, and is not in any message', async () => {
    const one = await redis({ requirepass: 'hunter2-admin' })
    const messages: string[] = []
    const note = (fields: object, message: string) => void messages.push(`${message} ${JSON.stringify(fields)}`)
    const options = redisOptions(one.port, { username: 'postern', password: 'hunter2' })
    const denylist = await startDenylist(
      { store: { kind: 'redis', redis: options } },
      { log: { ...silentLog, warn: note, info: note } },
    )
    closing.push(() => denylist.close())
    expect(denylist.denylist.status().state).not.toBe('live')
    expect(messages.join('\n')).toContain('Redis refused the user name or password')
    await one.send('ACL', 'SETUSER', 'postern', 'on', '>hunter2', '~*', '+@all')
    await eventually('live', () => denylist.ready())
    expect(messages.join('\n')).toContain('Denylist store answers again')
    expect(messages.join('\n')).not.toContain('hunter2')
  })

  it('a warning is not repeated with every connection', async () => {
    const one = await redis({ 'maxmemory-policy': 'allkeys-lru' })
    const warnings: string[] = []
    const log = { ...silentLog, warn: (_fields: object, message: string) => void warnings.push(message) }
    const store = await opened(redisOptions(one.port), { log })
    await one.send('CLIENT', 'KILL', 'TYPE', 'normal')
    await eventually('connected again', () => store.beat(report))
    expect(warnings).toEqual(['Redis may evict revocations: set maxmemory-policy to noeviction'])
  })
})
