// The ACL users of docs/redis.md, read from there: nothing more is needed, each command less is noticed, and a sidecar's
// user can neither add nor remove a revocation.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisOptions } from '../../../src/denylist/options.ts'
import { ORIGIN, type RevocationStore } from '../../../src/denylist/store-port.ts'
import { type RedisCluster, startCluster } from '../../support/denylist/cluster.ts'
import { redisPage, rulesOf, USER_PASSWORD } from '../../support/denylist/documented-users.ts'
import { notBefore, revocation, revoked, token } from '../../support/denylist/entries.ts'
import { openTestStore, redisOptions, silentLog } from '../../support/denylist/redis-store.ts'
import { startDenylist } from '../../support/denylist/running.ts'
import { type SentinelSet, startSentinelSet } from '../../support/denylist/sentinel-set.ts'
import { describeStore } from '../../support/denylist/store-suite.ts'
import { eventually } from '../../support/eventually.ts'
import { type RedisServer, startRedis } from '../../support/redis.ts'
import { describeWith } from '../../support/tools.ts'

const namespace = 'test-*'
const DENIED = 'The Redis user lacks a permission, see docs/redis.md'
const maxStalenessMs = 5000

const commandsOf = (rules: readonly string[]) => rules.filter((rule) => rule.startsWith('+'))

interface Send {
  send(command: string, ...args: (string | number | Buffer)[]): Promise<unknown>
}

async function setUser(server: Send, name: string, rules: readonly string[]): Promise<void> {
  await server.send('ACL', 'SETUSER', name, 'reset', ...rules)
}

function optionsFor(port: number, username: string, more: Partial<RedisOptions> = {}): RedisOptions {
  return redisOptions(port, { username, password: USER_PASSWORD, ...more })
}

describeWith('redis', 'the users of docs/redis.md', () => {
  let server: RedisServer
  beforeAll(async () => {
    // With `save` instead of `appendonly`, so that CONFIG GET would be asked.
    server = await startRedis({ config: { appendonly: 'no', save: '3600 1' } })
    for (const name of ['postern-sidecar', 'postern-tokens'] as const)
      await setUser(server, name, rulesOf(name, { namespace }))
    await setUser(server, 'confined', rulesOf('postern-sidecar', { namespace, which: 1 }))
  })
  afterAll(() => server.close())

  describeStore('the Redis store with the user of token services', async () => {
    const options = optionsFor(server.port, 'postern-tokens')
    return { connect: () => openTestStore(options), close: async () => {} }
  })

  it.each(['postern-sidecar', 'confined'])(
    '%s suffices for a process that only reads, in either mode',
    async (user) => {
      const options = optionsFor(server.port, 'postern-tokens')
      const writing = await startDenylist({ store: { kind: 'redis', redis: options } })
      await writing.log.record(Array.from({ length: 30 }, (_, i) => revocation(`r${i}`)))
      const warnings: string[] = []
      const log = { ...silentLog, warn: (_fields: object, message: string) => void warnings.push(message) }
      const redis = { ...options, username: user }
      const reading = { store: { kind: 'redis', redis }, mayWrite: false } as const
      const sidecar = await startDenylist(reading, { log })
      const asking = await startDenylist({ ...reading, mode: 'lookup' }, { log })
      const small = await startDenylist({ ...reading, maxEntries: 10 })
      expect(sidecar.denylist.lookup(token('r7'))).toBe('token_revoked')
      expect(sidecar.denylist.lookup(token('none'))).toBe('clear')
      for (const one of [asking, small]) {
        const refs = token('r8')
        expect(one.denylist.lookup(refs, await one.denylist.consult(refs))).toBe('token_revoked')
      }
      const { revision } = await writing.log.record([revocation('later')])
      expect((await writing.log.waitUntilApplied(revision)).sidecarsApplied).toBeGreaterThanOrEqual(3)
      expect(sidecar.denylist.lookup(token('later'))).toBe('token_revoked')
      expect(warnings).toEqual([])
      await Promise.all([sidecar.close(), asking.close(), small.close()])
      expect(await server.send('HLEN', `{${options.namespace}}:sidecars`)).toBe(1)
      await writing.close()
    },
  )

  it.each(['postern-sidecar', 'confined'])('%s can neither add nor remove a revocation', async (user) => {
    const options = optionsFor(server.port, 'postern-tokens')
    const writing = await openTestStore(options)
    await writing.add([revoked('a')])
    const store = await openTestStore({ ...options, username: user })
    await expect(store.add([revoked('b')])).rejects.toThrow(DENIED)
    await expect(store.initialise()).rejects.toThrow(DENIED)
    await writing.add([revoked('over', 1)])
    await expect(store.purge()).rejects.toThrow(DENIED)
    expect(await server.send('ZCARD', `{${options.namespace}}:revoked`)).toBe(2)
    await Promise.all([store.close(), writing.close()])
  })

  it('the confined one cannot put a key of the wrong type where there is none', async () => {
    const key = '{test-x}:epoch'
    expect(String(await server.send('ACL', 'DRYRUN', 'confined', 'HSET', key, 'a', 'b'))).toMatch(/no permissions/)
    expect(await server.send('ACL', 'DRYRUN', 'postern-sidecar', 'HSET', key, 'a', 'b')).toBe('OK')
  })

  describe('without one of its commands', () => {
    /** What is said where it is not that a permission is missing. */
    const otherwise: Readonly<Record<string, string>> = {
      '+info': 'Redis could not be checked: its user may not run INFO',
      '+xread': 'The Redis user may not run XREAD: revocations arrive with the next beat instead of at once',
    }

    /** Everything that a process does, and every different thing that is said about it. */
    async function said(user: string, tasks: (store: RevocationStore) => readonly (() => Promise<unknown>)[]) {
      await server.send('SCRIPT', 'FLUSH')
      const messages = new Set<string>()
      const log = { ...silentLog, warn: (_fields: object, message: string) => void messages.add(message) }
      const options = optionsFor(server.port, user)
      const owner = await openTestStore({ ...options, username: 'postern-tokens' })
      await owner.add([revoked('a'), revoked('over', 1)])
      await server.send('SCRIPT', 'FLUSH')
      const store = await openTestStore(options, { log })
      for (const task of tasks(store))
        await task().catch((error: unknown) => messages.add(error instanceof Error ? error.message : 'no error'))
      await Promise.all([store.close(), owner.close()])
      const left = await server.send('HLEN', `{${options.namespace}}:sidecars`)
      if (left !== 0) messages.add('its line stays in the registry')
      return [...messages]
    }

    const reads = (store: RevocationStore) => [
      () => store.beat({ after: ORIGIN, maxStalenessMs }),
      async () => {
        for await (const _ of (await store.snapshot()).pages);
      },
      () => store.tail(ORIGIN, new AbortController().signal),
      () => store.lookup([revoked('a'), notBefore('s', 0)]),
    ]
    const writes = (store: RevocationStore) => [
      ...reads(store),
      () => store.add([revoked('b')]),
      () => store.purge(),
      () => store.applied('0-0'),
      () => store.initialise(),
    ]

    it.each([
      ['postern-sidecar', reads],
      ['postern-tokens', writes],
    ] as const)('%s misses each, and says so', async (user, tasks) => {
      const rules = rulesOf(user, { namespace })
      await setUser(server, 'less', rules)
      expect(await said('less', tasks)).toEqual([])
      for (const command of commandsOf(rules)) {
        await setUser(
          server,
          'less',
          rules.filter((rule) => rule !== command),
        )
        const expected = command === '+hdel' ? 'its line stays in the registry' : (otherwise[command] ?? DENIED)
        expect([command, await said('less', tasks)]).toEqual([command, expect.arrayContaining([expected])])
      }
    })

    it('another namespace is a permission less', async () => {
      const options = { ...optionsFor(server.port, 'postern-sidecar'), namespace: 'other' }
      const store = await openTestStore(options)
      await expect(store.beat({ after: undefined, maxStalenessMs })).rejects.toThrow(DENIED)
      await store.close()
    })
  })
})

describeWith('redis', 'the users of docs/redis.md elsewhere', () => {
  let set: SentinelSet | undefined
  let cluster: RedisCluster | undefined
  afterAll(async () => {
    await Promise.all([set?.close(), cluster?.close()])
  })

  it('at Sentinels: the user that may only ask for the master suffices, a wrong password is named', async () => {
    set = await startSentinelSet()
    await setUser(set.servers[0], 'postern-tokens', [...rulesOf('postern-tokens', { namespace }), '+wait'])
    for (const sentinel of set.sentinels) {
      await setUser(sentinel, 'postern-sentinel', rulesOf('postern-sentinel'))
      await setUser(sentinel, 'useless', ['on', `>${USER_PASSWORD}`, '+ping'])
    }
    const { topology } = set
    if (topology.kind !== 'sentinel') throw new TypeError('not Sentinels')
    const beat = async (username: string, password: string) => {
      const all = { topology: { ...topology, username, password }, minReplicas: 1, commandTimeoutMs: 2000 }
      const store = await openTestStore(optionsFor(0, 'postern-tokens', all))
      try {
        await store.add([revoked('a')])
        return (await store.beat({ after: undefined, maxStalenessMs })).size
      } finally {
        await store.close()
      }
    }
    expect(await beat('postern-sentinel', USER_PASSWORD)).toBe(1)
    await expect(beat('postern-sentinel', 'wrong')).rejects.toThrow('The Sentinels refuse the user name or password')
    await expect(beat('useless', USER_PASSWORD)).rejects.toThrow('The user at the Sentinels lacks a permission')
  }, 40_000)

  it('on a Cluster: two commands more, to find the master', async () => {
    cluster = await startCluster()
    const more = ['+cluster|info', '+cluster|slots']
    for (const command of more) expect(redisPage).toContain(command.replace('|', '\\|'))
    const nodes = [...cluster.masters, cluster.replica]
    for (const node of nodes)
      await setUser(node, 'postern-tokens', [...rulesOf('postern-tokens', { namespace }), ...more])
    const store = await openTestStore(optionsFor(0, 'postern-tokens', { topology: cluster.topology }))
    await store.add([revoked('a')])
    expect((await store.beat({ after: undefined, maxStalenessMs })).size).toBe(1)
    await store.close()
    for (const node of nodes) await setUser(node, 'postern-tokens', rulesOf('postern-tokens', { namespace }))
    const less = await openTestStore(optionsFor(0, 'postern-tokens', { topology: cluster.topology }))
    await eventually('said', async () => {
      const error = await less.beat({ after: undefined, maxStalenessMs }).catch((reason: unknown) => reason)
      return error instanceof Error && error.message === DENIED
    })
    await less.close()
  }, 40_000)
})
