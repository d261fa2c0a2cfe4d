// `postern serve` on every kind of Redis: a token service and a sidecar with the users of docs/redis.md; what is revoked at
// one is refused at the other, through a failover too.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { clusterSlot } from '../../../src/denylist/redis/cluster-slot.ts'
import { createAuthzClient } from '../../support/authz-client.ts'
import { createTestCa, writeCertificate } from '../../support/certs.ts'
import { startCluster } from '../../support/denylist/cluster.ts'
import { rulesOf, USER_PASSWORD } from '../../support/denylist/documented-users.ts'
import { startSentinelSet } from '../../support/denylist/sentinel-set.ts'
import { eventually } from '../../support/eventually.ts'
import { freePort } from '../../support/ports.ts'
import { clientsOf, startPostern } from '../../support/postern.ts'
import { startRedis } from '../../support/redis.ts'
import { describeWith } from '../../support/tools.ts'

const TEST_MS = 60_000
const FAILOVER_MS = 20_000
/** Its slot is one of the first master, the one that has a replica. */
const CLUSTER_NAMESPACE = 'postern-3'

type Section = Readonly<Record<string, unknown>>

interface Pair {
  /** Mints a token that both accept. */
  mint(): Promise<string>
  revoke(token: string): Promise<unknown>
  /** What the sidecar says of it: `allowed`, or the reason. */
  check(token: string): Promise<unknown>
}

describeWith('redis', 'postern serve', () => {
  let closing: (() => unknown)[] = []
  beforeEach(() => {
    closing = []
  })
  afterEach(async () => {
    for (const close of closing.reverse()) await close()
  })

  async function startPair(redis: Section, options: { mode?: string; sidecar?: Section } = {}): Promise<Pair> {
    const denylist = { store: 'redis', max_staleness: '3s', recovery_window: '0s', mode: options.mode ?? 'mirror' }
    const service = await startPostern({ config: (base) => ({ ...base, denylist: { ...denylist, redis } }) })
    closing.push(() => service.close())
    const sidecar = await startPostern({
      config: ({ listen: { tokens: _, ...listen }, callers: __, ...base }) => ({
        ...base,
        ...{ listen, denylist: { ...denylist, redis: { ...redis, ...options.sidecar } } },
      }),
    })
    closing.push(() => sidecar.close())
    const { tokenService, close } = clientsOf(service)
    const authz = createAuthzClient({ target: sidecar.check })
    closing.push(close, () => authz.close())
    return {
      mint: async () => (await tokenService.issue({ subject: { subject: 'alice', kind: 'TOKEN_KIND_ACCESS' } })).token,
      revoke: (token) => tokenService.revoke({ token, wait_until_applied: true }),
      async check(token) {
        const { allowed, reason } = await authz.check({ token })
        return allowed ? 'allowed' : reason
      },
    }
  }

  async function revokedIsRefused({ mint, revoke, check }: Pair): Promise<string> {
    const token = await mint()
    expect(await check(token)).toBe('allowed')
    await revoke(token)
    expect(await check(token)).toBe('token_revoked')
    expect(await check(await mint())).toBe('allowed')
    return token
  }

  /** What was revoked before stays refused at every moment; then both work as before. */
  async function survives(pair: Pair, failover: () => Promise<unknown>): Promise<void> {
    const token = await revokedIsRefused(pair)
    let over = false
    const changing = failover().finally(() => {
      over = true
    })
    while (!over) expect(await pair.check(token)).toBe('token_revoked')
    await changing
    const later = await eventually('minted', () => pair.mint(), FAILOVER_MS)
    await eventually('revoked', () => pair.revoke(later).then(() => true), FAILOVER_MS)
    await eventually('refused', async () => (await pair.check(later)) === 'token_revoked', FAILOVER_MS)
    await eventually('allowed', async () => (await pair.check(await pair.mint())) === 'allowed', FAILOVER_MS)
  }

  it(
    'on a single server with TLS, and a user for each',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'postern-serve-tls-'))
      closing.push(() => rm(folder, { recursive: true, force: true }))
      const authority = await createTestCa()
      const ca = join(folder, 'ca.pem')
      await writeFile(ca, authority.certPem)
      const server = await writeCertificate(folder, 'server', await authority.issue({ ip: ['127.0.0.1'] }))
      const client = await writeCertificate(folder, 'client', await authority.issue({ commonName: 'client' }))
      const users = ['postern-tokens', 'postern-sidecar'] as const
      const port = await freePort()
      const redis = await startRedis({
        config: {
          ...{
            'tls-port': `${port}`,
            'tls-cert-file': server.cert,
            'tls-key-file': server.key,
            'tls-ca-cert-file': ca,
          },
          user: users.map((name) => `${name} ${rulesOf(name).join(' ')}`),
        },
      })
      closing.push(() => redis.close())
      const password = join(folder, 'password')
      await writeFile(password, USER_PASSWORD)
      const url = `rediss://127.0.0.1:${port}`
      const section = {
        url,
        tls: { ca, ...client },
        username: 'postern-tokens',
        password: { file: password },
        strict: true,
      }
      await revokedIsRefused(await startPair(section, { sidecar: { username: 'postern-sidecar' } }))
    },
    TEST_MS,
  )

  it(
    'in lookup mode',
    async () => {
      const redis = await startRedis()
      closing.push(() => redis.close())
      await revokedIsRefused(await startPair({ url: redis.url }, { mode: 'lookup' }))
    },
    TEST_MS,
  )

  it(
    'behind Sentinels, through a crash of the master',
    async () => {
      const set = await startSentinelSet()
      closing.push(() => set.close())
      const [first, second] = set.servers
      const sentinels = set.sentinels.map(({ port }) => `127.0.0.1:${port}`)
      await survives(await startPair({ sentinels, name: set.name }), async () => {
        await first.kill9()
        await set.untilMaster(second)
      })
    },
    TEST_MS,
  )

  it(
    'on a Cluster, through a crash of the master',
    async () => {
      const cluster = await startCluster()
      closing.push(() => cluster.close())
      const { masters, replica } = cluster
      const nodes = [...cluster.masters, replica].map(({ port }) => `127.0.0.1:${port}`)
      expect(clusterSlot(`{${CLUSTER_NAMESPACE}}:feed`)).toBeLessThan(cluster.ranges[0]?.to ?? 0)
      await survives(await startPair({ cluster: nodes, namespace: CLUSTER_NAMESPACE }), async () => {
        await masters[0].kill9()
        await eventually('promoted', async () => String(await replica.send('ROLE')).startsWith('master'), FAILOVER_MS)
      })
    },
    TEST_MS,
  )
})
