// `denylist`: where revocations are kept and how fresh this process's copy of them has to be.
import { z } from 'zod'
import { endpoint } from './address.ts'
import { duration } from './duration.ts'
import { secret } from './secret.ts'
import { exactlyOneOf, filePath, name, section, someOf, text } from './values.ts'

const clientTls = section({
  ca: filePath
    .optional()
    .describe('Certificate authorities of the servers, PEM. Where absent, those that Node.js ships'),
  cert: filePath.optional().describe('Client certificate, PEM'),
  key: filePath.optional().describe('Private key of the client certificate, PEM'),
  server_name: text
    .optional()
    .describe('Name that the server certificate must carry, where it is not the host of the address'),
})

const URL_MESSAGE = 'must be redis://host:port or rediss://host:port, without user, password, query or fragment'

function isRedisUrl(value: string): boolean {
  const url = URL.canParse(value) ? new URL(value) : undefined
  return (
    url !== undefined &&
    /^rediss?:$/.test(url.protocol) &&
    url.hostname !== '' &&
    `${url.username}${url.password}${url.search}${url.hash}` === '' &&
    /^\/?[0-9]*$/.test(url.pathname)
  )
}

/** What every way of reaching Redis has. */
const common = {
  namespace: name
    .prefault('postern')
    .describe('First part of every key, in braces, so that all keys share one cluster slot'),
  tls: clientTls
    .optional()
    .describe('TLS to Redis. `rediss://` alone uses TLS with the authorities that Node.js ships'),
  username: text.optional().describe('ACL user'),
  password: secret.optional().describe('Password of the ACL user, or of the server'),
  connect_timeout: duration({ min: '10ms', max: '1m' })
    .prefault('2s')
    .describe('How long opening a connection may take'),
  command_timeout: duration({ min: '10ms', max: '1m' })
    .prefault('500ms')
    .describe('How long a command may take before it counts as failed'),
  min_replicas: z
    .int()
    .min(0)
    .max(100)
    .prefault(0)
    .describe('Replicas that must acknowledge a revocation before it is answered (`WAIT`)'),
  strict: z
    .boolean()
    .prefault(false)
    .describe(
      'Refuse to start when Redis may evict (`maxmemory-policy` other than `noeviction`) or does not persist; otherwise warn',
    ),
  heal: z
    .boolean()
    .prefault(false)
    .describe('A process without token service also adds back what Redis lost. Token services always do'),
}

const redis = z.union(
  [
    section({
      url: z
        .string()
        .refine(isRedisUrl, URL_MESSAGE)
        .describe('A single server: `redis://host:port`, or `rediss://` for TLS'),
      ...common,
    }),
    section({
      sentinels: someOf(endpoint).describe('Addresses of the Sentinels, `host:port`'),
      name: text.describe('Name of the master that the Sentinels watch'),
      sentinel_username: text.optional().describe('ACL user at the Sentinels'),
      sentinel_password: secret.optional().describe('Password at the Sentinels'),
      ...common,
    }),
    section({ cluster: someOf(endpoint).describe('Addresses of some Cluster nodes, `host:port`'), ...common }),
  ],
  exactlyOneOf('url', 'sentinels', 'cluster'),
)

export const denylist = section({
  store: z
    .enum(['level', 'redis', 'memory'])
    .prefault('level')
    .describe(
      '`level`: a durable embedded store, one process only. `redis`: shared. `memory`: lost at exit, for tests',
    ),
  mode: z
    .enum(['mirror', 'lookup'])
    .prefault('mirror')
    .describe('`mirror`: an exact copy in memory answers. `lookup`: ask Redis on every Check'),
  max_staleness: duration({ min: '1s', max: '5m' })
    .prefault('5s')
    .describe(
      'How old the last proof of freshness may be before answers are unknown. Proofs come once a second, faster where this is below 3s',
    ),
  max_entries: z
    .int()
    .min(1000)
    .max(100_000_000)
    .prefault(2_000_000)
    .describe('Entries kept in memory; beyond it Redis is asked per Check. Nothing is ever evicted'),
  epoch_retention: duration({ min: '1m' })
    .prefault('35d')
    .describe('How long "every token issued until then" is remembered. At least the longest lifetime of any token'),
  grace: duration({ min: '0s', max: '7d' })
    .prefault('1h')
    .describe('How long a revocation is kept after its token has expired'),
  recovery_window: duration({ min: '0s', max: '1h' })
    .prefault('30s')
    .describe('How long a data set that appeared out of nothing is not trusted by a process without a copy of its own'),
  level: section({ path: filePath.prefault('./data').describe('Folder of the embedded store') })
    .prefault({})
    .describe('The embedded store'),
  redis: redis.optional().describe('How to reach Redis: a single server, Sentinel or Cluster'),
})

export type DenylistConfig = z.output<typeof denylist>
export type RedisConfig = z.output<typeof redis>
