// TLS to Redis with real certificates: both sides proven, and every way in which that fails in constant words.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisOptions, RedisTls } from '../../../src/denylist/options.ts'
import { StoreUnavailableError } from '../../../src/denylist/port.ts'
import { createTestCa, type IssuedCertificate, type TestCa, writeCertificate } from '../../support/certs.ts'
import { revoked } from '../../support/denylist/entries.ts'
import { openTestStore, redisOptions } from '../../support/denylist/redis-store.ts'
import { describeStore } from '../../support/denylist/store-suite.ts'
import { freePort } from '../../support/ports.ts'
import { startProcess } from '../../support/processes.ts'
import { type RedisConfig, type RedisServer, startRedis } from '../../support/redis.ts'
import { describeWith, requireTool } from '../../support/tools.ts'

const report = { after: undefined, maxStalenessMs: 5000 }

describeWith('redis', 'TLS to Redis', () => {
  let folder: string
  let ca: TestCa
  let client: IssuedCertificate
  let server: RedisServer
  let tlsPort: number

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-redis-tls-'))
    ca = await createTestCa()
    client = await ca.issue({ commonName: 'client' })
    await writeFile(join(folder, 'ca.pem'), ca.certPem)
    tlsPort = await freePort()
    server = await startRedis({ config: await tlsConfig(tlsPort, await ca.issue({ ip: ['127.0.0.1'] })) })
  })
  afterAll(async () => {
    await server.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function tlsConfig(port: number, certificate: IssuedCertificate): Promise<RedisConfig> {
    const { cert, key } = await writeCertificate(folder, `server-${port}`, certificate)
    return {
      'tls-port': String(port),
      'tls-cert-file': cert,
      'tls-key-file': key,
      'tls-ca-cert-file': join(folder, 'ca.pem'),
      'tls-auth-clients': 'yes',
    }
  }
  const proven = (): RedisTls => ({ ca: ca.certPem, cert: client.certPem, key: client.keyPem })
  const options = (tls: RedisTls, port = tlsPort): RedisOptions => redisOptions(port, { tls })

  describeStore('the Redis store', async () => {
    const one = options(proven())
    return { connect: () => openTestStore(one), close: async () => {} }
  })

  describe('is refused', () => {
    async function words(redis: RedisOptions): Promise<string> {
      const store = await openTestStore(redis)
      try {
        const error = await store.beat(report).then(
          () => undefined,
          (reason: unknown) => reason,
        )
        if (!(error instanceof StoreUnavailableError)) throw new Error('it did not fail as it should', { cause: error })
        expect(error.possiblyApplied).toBe(false)
        return error.message
      } finally {
        await store.close()
      }
    }
    async function withServer(certificate: IssuedCertificate, task: (port: number) => Promise<void>): Promise<void> {
      const port = await freePort()
      const one = await startRedis({ config: await tlsConfig(port, certificate) })
      try {
        await task(port)
      } finally {
        await one.close()
      }
    }

    it('where the authority is another', async () => {
      const other = await createTestCa('another CA')
      const untrusted = 'The certificate of Redis is not from a trusted authority, see tls.ca'
      expect(await words(options({ ...proven(), ca: other.certPem }))).toBe(untrusted)
      expect(await words(options({ cert: client.certPem, key: client.keyPem }))).toBe(untrusted)
    })

    it('where the certificate carries another name, unless that name is configured', async () => {
      const certificate = await ca.issue({ dns: ['redis.internal'] })
      await withServer(certificate, async (port) => {
        expect(await words(options(proven(), port))).toBe(
          'The certificate of Redis carries another name, see server_name',
        )
        const store = await openTestStore(options({ ...proven(), serverName: 'redis.internal' }, port))
        expect((await store.beat(report)).dataSet.state).toBe('live')
        await store.close()
      })
    })

    it('where the certificate has expired', async () => {
      await withServer(await ca.issue({ ip: ['127.0.0.1'], validForMs: -1000 }), async (port) => {
        expect(await words(options(proven(), port))).toBe('The certificate of Redis has expired')
      })
    })

    it('where Redis asks for a client certificate and there is none', async () => {
      expect(await words(options({ ca: ca.certPem }))).toBe('Redis asks for a client certificate')
    })

    it('where Redis does not trust the client certificate', async () => {
      const other = await (await createTestCa('another CA')).issue({ commonName: 'client' })
      expect(await words(options({ ca: ca.certPem, cert: other.certPem, key: other.keyPem }))).toBe(
        'Redis does not trust the client certificate',
      )
    })

    it('where one side speaks TLS and the other does not', async () => {
      expect(await words(options(proven(), server.port))).toBe(
        'Redis cannot be reached: no answer, or no TLS on its port',
      )
      expect(await words(redisOptions(tlsPort))).toBe('Redis closed the connection at once: its port may expect TLS')
    })
  })

  it('is spoken to Sentinels too, which name the encrypted port of the master', async () => {
    const port = await freePort()
    const lines = Object.entries(await tlsConfig(port, await ca.issue({ ip: ['127.0.0.1'] })))
    const monitor = [`sentinel monitor postern 127.0.0.1 ${tlsPort} 1`, 'tls-replication yes', 'port 0']
    const configFile = join(folder, 'sentinel.conf')
    const config = ['bind 127.0.0.1', ...lines.map((line) => line.join(' ')), ...monitor]
    await writeFile(configFile, `${config.join('\n')}\n`)
    const sentinel = await startProcess({
      command: requireTool('redis'),
      args: [configFile, '--sentinel'],
      readyWhen: /Sentinel ID is/,
    })
    try {
      const sentinels = [{ host: '127.0.0.1', port }]
      const redis = options(proven())
      const store = await openTestStore({ ...redis, topology: { kind: 'sentinel', sentinels, name: 'postern' } })
      await store.add([revoked('a')])
      expect((await store.beat(report)).size).toBe(1)
      await store.close()
    } finally {
      await sentinel.kill9()
    }
  })
})
