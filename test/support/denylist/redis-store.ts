// A Redis store for tests: short timeouts, no recovery window, as a token service would open it; a test overrides what
// it is about.
import { randomUUID } from 'node:crypto'
import type { RedisOptions } from '../../../src/denylist/options.ts'
import { openRedisStore, type RedisStoreDeps } from '../../../src/denylist/redis/store.ts'
import type { RevocationStore } from '../../../src/denylist/store-port.ts'
import type { Log } from '../../../src/telemetry/log.ts'

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

export function redisOptions(port: number, overrides: Partial<RedisOptions> = {}): RedisOptions {
  return {
    topology: { kind: 'standalone', address: { host: '127.0.0.1', port }, database: 0 },
    namespace: `test-${randomUUID()}`,
    connectTimeoutMs: 1000,
    commandTimeoutMs: 500,
    minReplicas: 0,
    strict: false,
    ...overrides,
  }
}

export function openTestStore(redis: RedisOptions, more: Partial<RedisStoreDeps> = {}): Promise<RevocationStore> {
  return openRedisStore({
    redis,
    log: silentLog,
    epochRetentionSeconds: 100,
    recoveryWindowMs: 0,
    mayWrite: true,
    ...more,
  })
}
