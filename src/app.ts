// The composition root: Config → running servers → stop(). The only file that constructs adapters; read it top to bottom
// and you have seen the whole program.
import { setTimeout as sleep } from 'node:timers/promises'
import { compilePolicies } from './check/compile.ts'
import type { DecideDeps } from './check/decide.ts'
import type { Examined } from './check/examine.ts'
import type { CompiledPolicy } from './check/policy.ts'
import { systemClock } from './clock.ts'
import type { Config } from './config/schema.ts'
import { createDenylist } from './denylist/create.ts'
import { denylistOptions } from './denylist/from-config.ts'
import { createKeyDirectory, type KeyDirectory } from './issuing/key-directory.ts'
import { createAuthorization } from './server/authorization.ts'
import { authorizationService } from './server/authorization-service.ts'
import { openGrpcListener } from './server/grpc-listener.ts'
import { createHealth } from './server/health.ts'
import { healthChecks } from './server/health-checks.ts'
import { createCheckObserver } from './telemetry/checks.ts'
import { provideGauges } from './telemetry/gauges.ts'
import type { Log } from './telemetry/log.ts'
import { createMetrics } from './telemetry/metrics.ts'
import type { RefreshingKeyRing } from './tokens/key-ring.ts'
import { createTrustedIssuer } from './tokens/trusted-issuers.ts'
import { createVerifiedCache } from './tokens/verified-cache.ts'
import { tokenVerifier } from './tokens/verifier.ts'

export interface App {
  /** Not serving, wait, GOAWAY, finish what is in progress, close in reverse order of opening. */
  stop(): Promise<void>
}

/** A cached credential text costs about its own size again for what is kept beside it. */
const CACHED_BYTES_PER_TOKEN = 2048

export async function startApp(config: Config, { log }: { readonly log: Log }): Promise<App> {
  const clock = systemClock
  const metrics = createMetrics()
  const closing: (() => Promise<void> | void)[] = []

  // Own keys: what signs, and what verifies for issuers with `keys: { own: true }`.
  const ownKeys = await startOwnKeys(config, log)
  if (ownKeys !== undefined) closing.push(() => ownKeys.close())

  // Issuers and their keys, each on its own timer. Nobody waits for them: what has no keys yet is not ready.
  const deps = { clock, log, random: Math.random }
  const issuers = config.issuers.map((issuer) => createTrustedIssuer(issuer, ownKeys?.ring, deps))
  const rings = new Map<string, RefreshingKeyRing>()
  for (const { trusted, ring } of issuers) if (ring !== undefined) rings.set(trusted.name, ring)
  for (const ring of rings.values()) {
    void ring.start()
    closing.push(() => ring.close())
  }

  // The denylist: a mirror over the configured store.
  const denylist = await createDenylist({ options: await denylistOptions(config), clock, log })
  closing.push(() => denylist.close())
  await denylist.start()

  // The decision.
  const cache = createVerifiedCache<CompiledPolicy, Examined>({
    maxEntries: Math.max(1, config.limits.cached_tokens),
    maxBytes: Math.max(1, config.limits.cached_tokens) * CACHED_BYTES_PER_TOKEN,
  })
  const policies = compilePolicies(config, new Map(issuers.map(({ trusted }) => [trusted.name, trusted])))
  const decideDeps: DecideDeps = { policies, verifier: tokenVerifier, cache, denylist: denylist.denylist, clock }
  const authorization = createAuthorization({
    current: () => decideDeps,
    clock,
    limits: { concurrentChecks: config.limits.concurrent_checks, checkTimeoutMs: config.limits.check_timeout },
    observe: createCheckObserver({ log, metrics }),
  })

  // Listeners, in the order in which they may be needed; closed in the reverse one.
  const health = createHealth(healthChecks({ denylist, ownKeys, rings }), servedServices(config))
  closing.push(() => health.close())
  provideGauges(metrics, { denylist: denylist.denylist, rings, cache, authorization })
  const { listen, shutdown } = config
  if (listen.check !== undefined) {
    const { definition, handlers } = authorizationService(authorization)
    const opened = await openGrpcListener(listen.check, (server) => {
      server.addService(definition, { ...handlers })
      health.grpc.addToServer(server)
    })
    closing.push(() => opened.stop(shutdown.drain))
    log.info({ component: 'check', address: opened.address }, 'Listening')
  }
  if (listen.http !== undefined || listen.admin !== undefined) {
    const { openAdminHttp, openPublicHttp } = await import('./server/http.ts')
    if (listen.http !== undefined) {
      const jwksMaxAgeSeconds = Math.floor((config.signing?.jwks_max_age ?? 0) / 1000)
      const jwks = (): string => JSON.stringify(ownKeys?.jwks() ?? { keys: [] })
      const opened = await openPublicHttp(listen.http, { jwks, jwksMaxAgeSeconds })
      closing.push(() => opened.stop())
      log.info({ component: 'http', address: opened.address }, 'Listening')
    }
    if (listen.admin !== undefined) {
      const opened = await openAdminHttp(listen.admin, { health, metrics })
      closing.push(() => opened.stop())
      log.info({ component: 'admin', address: opened.address }, 'Listening')
    }
  }
  log.info({ state: health.isReady() ? 'ready' : 'starting' }, 'Postern started')

  return {
    async stop() {
      health.drain()
      log.info({}, 'Stopping')
      await sleep(shutdown.wait)
      for (const close of closing.reverse()) await close()
      log.info({}, 'Stopped')
    },
  }
}

async function startOwnKeys({ signing, listen }: Config, log: Log): Promise<KeyDirectory | undefined> {
  if (signing === undefined || !('directory' in signing.keys)) return undefined
  const keys = createKeyDirectory(
    { directory: signing.keys.directory, signs: listen.tokens !== undefined },
    { clock: systemClock, log },
  )
  const started = await keys.start()
  if (!started.ok) throw new Error(`The signing keys cannot be used: ${started.reason.message}`)
  return keys
}

function servedServices({ listen }: Config): readonly string[] {
  return [
    ...(listen.check === undefined ? [] : ['envoy.service.auth.v3.Authorization']),
    ...(listen.tokens === undefined ? [] : ['postern.token.v1.TokenService']),
  ]
}
