// The durable stores keep the promises of the store port: the embedded one in a folder, Redis on a real server.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { openLevelStore } from '../../../src/denylist/level.ts'
import { openTestStore, redisOptions } from '../../support/denylist/redis-store.ts'
import { describeStore } from '../../support/denylist/store-suite.ts'
import { type RedisServer, startRedis } from '../../support/redis.ts'
import { describeWith } from '../../support/tools.ts'

describeStore('the level store', async () => {
  const path = await mkdtemp(join(tmpdir(), 'postern-level-'))
  return {
    connect: () => openLevelStore({ path, clock: systemClock, epochRetentionSeconds: 100 }),
    close: () => rm(path, { recursive: true, force: true }),
  }
})

describeWith('redis', 'on a real Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.close())

  describeStore('the Redis store', async () => {
    const options = redisOptions(server.port)
    return { connect: () => openTestStore(options), close: async () => {} }
  })
})
