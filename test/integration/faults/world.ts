// Two real processes over one real Redis, each behind a fault proxy of its own: a token service that also answers
// Checks, and a sidecar. What goes wrong is the test's business.
import { memberOf } from '../../../src/denylist/vocabulary.ts'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts'
import { type ConfigOf, clientsOf, type Postern, posternIssuer, startPostern } from '../../support/postern.ts'
import { type RedisServer, startRedis } from '../../support/redis.ts'
import { keyFor } from '../../support/tokens.ts'

export const maxStalenessMs = 3000
export const recoveryWindowMs = 4000

export interface Node extends ReturnType<typeof clientsOf> {
  readonly postern: Postern
  /** Between this process and Redis. */
  readonly network: FaultProxy
}

export interface MintedToken {
  readonly token: string
  readonly jti: string
}

export interface World {
  readonly redis: RedisServer
  /** Issues and revokes; answers Checks too. */
  readonly issuer: Node
  readonly sidecar: Node
  mint(): Promise<MintedToken>
  /** Resolves once it was answered OK. */
  revoke(token: MintedToken): Promise<void>
  /** Does Redis itself hold the revocation? */
  isStored(token: MintedToken): Promise<boolean>
  close(): Promise<void>
}

export interface WorldOptions {
  readonly policies?: Readonly<Record<string, object>>
  /** Sections of the sidecar alone. */
  readonly sidecar?: Readonly<Record<string, unknown>>
}

const policy = { issuers: ['commons'], audiences: ['gen3'] }

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const redis = await startRedis()
  const networks = await Promise.all([startFaultProxy(redis.port), startFaultProxy(redis.port)])
  const [atIssuer, atSidecar] = networks
  const key = keyFor('ES256', 'own')
  const policies = options.policies ?? { default: policy }

  const issuerConfig: ConfigOf = (base) => ({ ...base, policies, denylist: denylistOf(atIssuer.port) })
  const sidecarConfig: ConfigOf = ({ callers: _callers, listen: { check, admin }, ...base }) => ({
    ...{ ...base, policies, denylist: denylistOf(atSidecar.port) },
    ...{ listen: { check, admin }, ...options.sidecar },
  })
  const [issuer, sidecar] = await Promise.all([
    nodeOf(issuerConfig, atIssuer, key),
    nodeOf(sidecarConfig, atSidecar, key),
  ])

  return {
    redis,
    issuer,
    sidecar,
    async mint() {
      const { token, jti } = await issuer.tokenService.issue({
        subject: { kind: 'TOKEN_KIND_ACCESS', subject: 'alice' },
      })
      return { token, jti }
    },
    async revoke({ token }) {
      await issuer.tokenService.revoke({ token })
    },
    async isStored({ jti }) {
      const member = memberOf('jti', posternIssuer, jti)
      return (await redis.send('ZSCORE', '{postern}:revoked', member)) !== null
    },
    async close() {
      for (const { close, postern } of [issuer, sidecar]) {
        close()
        await postern.close()
      }
      await Promise.all(networks.map((network) => network.close()))
      await redis.close()
    },
  }
}

async function nodeOf(config: ConfigOf, network: FaultProxy, key: ReturnType<typeof keyFor>): Promise<Node> {
  const postern = await startPostern({ config, key })
  return { postern, network, ...clientsOf(postern) }
}

function denylistOf(port: number) {
  return {
    store: 'redis',
    max_staleness: `${maxStalenessMs}ms`,
    recovery_window: `${recoveryWindowMs}ms`,
    redis: { url: `redis://127.0.0.1:${port}` },
  }
}
