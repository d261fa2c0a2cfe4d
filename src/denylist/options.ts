// What the denylist has to be told, complete: the composition root maps the configuration to this, and everything behind
// it sees no `undefined`. Times are milliseconds, or seconds where they are scores.

export interface RedisTls {
  /** PEM texts. */
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly serverName?: string | undefined
}

export interface RedisAddress {
  readonly host: string
  readonly port: number
}

/** How to find the master that holds our keys. */
export type RedisTopology =
  | { readonly kind: 'standalone'; readonly address: RedisAddress; readonly database: number }
  | {
      readonly kind: 'sentinel'
      readonly sentinels: readonly RedisAddress[]
      readonly name: string
      readonly username?: string | undefined
      readonly password?: string | undefined
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisAddress[] }

export interface RedisOptions {
  readonly topology: RedisTopology
  readonly namespace: string
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** `undefined`: plain TCP. An empty object: the authorities that Node.js ships. */
  readonly tls?: RedisTls | undefined
  readonly connectTimeoutMs: number
  readonly commandTimeoutMs: number
  /** Replicas that must acknowledge a revocation. */
  readonly minReplicas: number
  /** Refuse to start where Redis may evict or forget; otherwise warn. */
  readonly strict: boolean
}

export type StoreOptions =
  | { readonly kind: 'memory' }
  | { readonly kind: 'level'; readonly path: string }
  | { readonly kind: 'redis'; readonly redis: RedisOptions }

export interface DenylistOptions {
  readonly store: StoreOptions
  readonly mode: 'mirror' | 'lookup'
  readonly maxStalenessMs: number
  readonly maxEntries: number
  readonly epochRetentionSeconds: number
  readonly recoveryWindowMs: number
  /**
   * This process may change the data set: a token service always may. It adds back what was lost, gives a data set
   * without an epoch a new one, and removes what is over. Without, the process only reads and beats.
   */
  readonly mayWrite: boolean
}

/** `redis://host:port/db` or `rediss://…`, as the configuration has checked it. */
export function parseRedisUrl(text: string): {
  readonly topology: RedisTopology
  readonly usesTls: boolean
} {
  const url = new URL(text)
  const address = { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 6379 : Number(url.port) }
  const database = Number(url.pathname.replace(/^\//, '') || '0')
  return { topology: { kind: 'standalone', address, database }, usesTls: url.protocol === 'rediss:' }
}
