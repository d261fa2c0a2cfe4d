// The composition root: Config → running servers → stop(). The only file that constructs adapters; read it top to bottom
// and you have seen the whole program.
import { setTimeout as sleep } from 'node:timers/promises'
import { compilePolicies } from './check/compile.ts'
import type { Examined } from './check/examine.ts'
import type { CompiledPolicy } from './check/policy.ts'
import { systemClock } from './clock.ts'
import type { Config, SigningConfig } from './config/schema.ts'
import { startCanary } from './denylist/canary.ts'
import { createDenylist, type RunningDenylist } from './denylist/create.ts'
import { denylistOptions } from './denylist/from-config.ts'
import { TokenServiceService } from './gen/postern/token/v1/token.ts'
import { createCallers } from './issuing/callers.ts'
import { createKeyDirectory, type KeyDirectory } from './issuing/key-directory.ts'
import { ownIssuer } from './issuing/own-issuer.ts'
import { createQuotas } from './issuing/quotas.ts'
import { createIssuing } from './issuing/service.ts'
import { createWorkloadJwts } from './issuing/workload-jwt.ts'
import { createRevoking } from './revoking/service.ts'
import { type Authorization, createAuthorization } from './server/authorization.ts'
import { authorizationService } from './server/authorization-service.ts'
import { type GrpcListener, openGrpcListener } from './server/grpc-listener.ts'
import { createHealth } from './server/health.ts'
import { healthChecks } from './server/health-checks.ts'
import { type TokenServiceDeps, tokenService } from './server/token-service.ts'
import { createAudit } from './telemetry/audit.ts'
import { createCheckObserver } from './telemetry/checks.ts'
import { createDenylistObserver } from './telemetry/denylist.ts'
import { provideGauges } from './telemetry/gauges.ts'
import type { Log } from './telemetry/log.ts'
import { createMetrics, type Metrics } from './telemetry/metrics.ts'
import type { RefreshingKeyRing } from './tokens/key-ring.ts'
import type { TrustedIssuer } from './tokens/port.ts'
import { createTrustedIssuer, createWorkloadIssuer, type IssuerWithKeys } from './tokens/trusted-issuers.ts'
import { createVerifiedCache, type VerifiedCache } from './tokens/verified-cache.ts'
import { tokenVerifier } from './tokens/verifier.ts'

export interface App {
  /** Not serving, wait, GOAWAY, finish what is in progress, close in reverse order of opening. */
  stop(): Promise<void>
}

export interface AppOptions {
  readonly log: Log
  /** `postern dev`: whoever reaches the token service on loopback counts as the caller `local`. */
  readonly dev?: boolean
}

const clock = systemClock

export async function startApp(config: Config, options: AppOptions): Promise<App> {
  const closing: (() => Promise<void> | void)[] = []
  const close = async (): Promise<void> => {
    for (const step of closing.reverse()) await step()
  }
  try {
    const drain = await open(config, options, (step) => closing.push(step))
    return { stop: () => drain().then(close) }
  } catch (error) {
    await close()
    throw error
  }
}

/** Opens everything in dependency order; `onClose` is told how to undo each step. Gives what begins the end. */
async function open(
  config: Config,
  { log, dev = false }: AppOptions,
  onClose: (step: () => Promise<void> | void) => void,
): Promise<() => Promise<void>> {
  const { listen, shutdown } = config
  const metrics = createMetrics()

  // Own keys: what signs, and what verifies for issuers with `keys: { own: true }`.
  const ownKeys = await startOwnKeys(config, log)
  if (ownKeys !== undefined) onClose(() => ownKeys.close())

  // Issuers and their keys, each on its own timer. Nobody waits for them: one that has no keys yet is not ready.
  const issuers = config.issuers.map((issuer) => createTrustedIssuer(issuer, ownKeys?.ring, { clock, log, random }))
  const workloads = config.callers.flatMap(({ name, identity }) =>
    'jwt' in identity ? [createWorkloadIssuer(name, identity.jwt, { clock, log, random })] : [],
  )
  const rings = ringsOf([...issuers, ...workloads])
  for (const ring of rings.values()) {
    void ring.start()
    onClose(() => ring.close())
  }

  // The denylist: a mirror over the configured store.
  const observer = createDenylistObserver(metrics)
  const denylist = await createDenylist({ options: await denylistOptions(config), clock, log, observer })
  onClose(() => denylist.close())
  await denylist.start()
  // Only where revocations travel between processes is there something to measure.
  if (config.denylist.store === 'redis' && listen.tokens !== undefined) {
    const canary = startCanary({ log: denylist.log, random })
    onClose(() => canary.close())
  }

  // The decision.
  const trusted = issuers.map((issuer) => issuer.trusted)
  const cache = createVerifiedCache<CompiledPolicy, Examined>(cacheBounds(config))
  const authorization = composeAuthorization(config, { trusted, denylist, cache, log, metrics })

  // What can be asked of the process as a whole. The admin port answers before the services do, so that a start that
  // takes long can be watched.
  let isListening = false
  const health = createHealth(
    healthChecks({ denylist, ownKeys, rings, isListening: () => isListening }),
    servedServices(config),
  )
  onClose(() => health.close())
  provideGauges(metrics, { denylist: denylist.denylist, rings, cache, authorization })
  if (listen.http !== undefined || listen.admin !== undefined) {
    // Loaded here, because a sidecar without these listeners starts faster without it.
    const { openAdminHttp, openPublicHttp } = await import('./server/http.ts')
    if (listen.admin !== undefined) {
      const { address, stop } = await openAdminHttp(listen.admin, { health, metrics })
      onClose(stop)
      log.info({ component: 'admin', address }, 'Listening')
    }
    if (listen.http !== undefined) {
      const jwks = (): string => JSON.stringify(ownKeys?.jwks() ?? { keys: [] })
      const { address, stop } = await openPublicHttp(listen.http, {
        jwks,
        jwksMaxAgeMs: config.signing?.jwks_max_age ?? 0,
      })
      onClose(stop)
      log.info({ component: 'http', address }, 'Listening')
    }
  }

  // The two gRPC services. They end together, so that draining takes its time once.
  const stops: GrpcListener['stop'][] = []
  onClose(async () => {
    await Promise.all(stops.map((stop) => stop(shutdown.drain)))
  })
  if (listen.tokens !== undefined && config.signing !== undefined && ownKeys !== undefined) {
    const services = composeTokenService(config, config.signing, {
      trusted,
      workloads,
      ownKeys,
      denylist,
      log,
      metrics,
      dev,
    })
    const { address, stop } = await openGrpcListener(listen.tokens, (server) => {
      server.addService(TokenServiceService, tokenService(services))
      health.grpc.addToServer(server)
    })
    stops.push(stop)
    log.info({ component: 'tokens', address }, 'Listening')
  }
  if (listen.check !== undefined) {
    const { definition, handlers } = authorizationService(authorization)
    const { address, stop } = await openGrpcListener(listen.check, (server) => {
      server.addService(definition, { ...handlers })
      health.grpc.addToServer(server)
    })
    stops.push(stop)
    log.info({ component: 'check', address }, 'Listening')
  }
  isListening = true
  log.info({ state: health.isReady() ? 'ready' : 'starting' }, 'Postern started')

  return async () => {
    health.drain()
    log.info({ state: 'draining' }, 'Postern stops')
    await sleep(shutdown.wait)
  }
}

async function startOwnKeys({ signing, listen }: Config, log: Log): Promise<KeyDirectory | undefined> {
  if (signing === undefined || !('directory' in signing.keys)) return undefined
  const { directory } = signing.keys
  const keys = createKeyDirectory({ directory, signs: listen.tokens !== undefined }, { clock, log })
  const started = await keys.start()
  if (!started.ok) throw new Error(`The signing keys in ${directory} cannot be used: ${started.reason.message}`)
  return keys
}

/** A cached credential text costs about its own size again for what is kept beside it. */
const BYTES_PER_CACHED_TOKEN = 2048

function cacheBounds({ limits }: Config): { maxEntries: number; maxBytes: number } {
  const maxEntries = Math.max(1, limits.cached_tokens)
  return { maxEntries, maxBytes: maxEntries * BYTES_PER_CACHED_TOKEN }
}

interface Shared {
  readonly trusted: readonly TrustedIssuer[]
  readonly denylist: RunningDenylist
  readonly log: Log
  readonly metrics: Metrics
}

function composeAuthorization(
  config: Config,
  shared: Shared & { readonly cache: VerifiedCache<CompiledPolicy, Examined> },
): Authorization {
  const { trusted, denylist, cache, log, metrics } = shared
  const policies = compilePolicies(config, new Map(trusted.map((issuer) => [issuer.name, issuer])))
  const deps = { policies, verifier: tokenVerifier, cache, denylist: denylist.denylist, clock }
  const { concurrent_checks: concurrentChecks, check_timeout: checkTimeoutMs } = config.limits
  return createAuthorization({
    current: () => deps,
    clock,
    limits: { concurrentChecks, checkTimeoutMs },
    observe: createCheckObserver({ log, metrics, clock }),
  })
}

function composeTokenService(
  config: Config,
  signing: SigningConfig,
  shared: Shared & {
    readonly workloads: readonly IssuerWithKeys[]
    readonly ownKeys: KeyDirectory
    readonly dev: boolean
  },
): TokenServiceDeps {
  const { trusted, workloads, ownKeys, denylist, metrics, dev } = shared
  const audit = createAudit(shared.log)
  const own = ownIssuer(signing, ownKeys.ring, trusted)
  const common = { signing, verifier: tokenVerifier, denylist: denylist.denylist, log: denylist.log, audit, clock }
  return {
    callers: createCallers(config.callers),
    workloadJwts: createWorkloadJwts({
      verifier: tokenVerifier,
      issuers: byIssuer(workloads.map(({ trusted }) => trusted)),
      clock,
    }),
    trustsLocal: dev || isOwnerOnly(config.listen.tokens),
    issuing: createIssuing({ ...common, own, keys: ownKeys, quotas: createQuotas({ clock }), sleep }),
    revoking: createRevoking({
      ...common,
      issuers: byIssuer([...trusted, own]),
      graceMs: config.denylist.grace,
      replaceExpiredWithinMs: 0,
    }),
    observe: (call) => metrics.increment('postern_token_calls_total', call),
    refused: (event) => audit.refused({ caller: undefined, ...event }),
  }
}

function byIssuer(issuers: readonly TrustedIssuer[]): ReadonlyMap<string, TrustedIssuer> {
  return new Map(issuers.map((issuer) => [issuer.issuer, issuer]))
}

/** Only the owner of a socket of mode 0600 can open it, so that whoever did is the owner. */
function isOwnerOnly(listener: Config['listen']['tokens']): boolean {
  return listener?.address.kind === 'unix' && listener.address.mode === 0o600
}

function ringsOf(issuers: readonly IssuerWithKeys[]): ReadonlyMap<string, RefreshingKeyRing> {
  return new Map(issuers.flatMap(({ trusted: { name }, ring }) => (ring === undefined ? [] : [[name, ring]])))
}

function servedServices({ listen }: Config): readonly string[] {
  return [
    ...(listen.check === undefined ? [] : ['envoy.service.auth.v3.Authorization']),
    ...(listen.tokens === undefined ? [] : ['postern.token.v1.TokenService']),
  ]
}

/** Spreads refreshes; nothing secret hangs on it. */
function random(): number {
  return Math.random()
}
