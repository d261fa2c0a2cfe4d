// The program without its listeners: the services that app.ts composes, over the memory store, in the upstream fixture,
// with a clock that stands still. Calls go in where the gRPC handlers put them in; Checks are bytes on both sides.
import { compilePolicies } from '../../../src/check/compile.ts'
import type { Examined } from '../../../src/check/examine.ts'
import type { CompiledPolicy } from '../../../src/check/policy.ts'
import type { Config, SigningConfig } from '../../../src/config/schema.ts'
import { createDenylist } from '../../../src/denylist/create.ts'
import { denylistOptions } from '../../../src/denylist/from-config.ts'
import { connectMemoryStore, createMemoryData } from '../../../src/denylist/memory.ts'
import type { Lookup } from '../../../src/denylist/port.ts'
import { refsOf } from '../../../src/denylist/vocabulary.ts'
import { type Caller, createCallers } from '../../../src/issuing/callers.ts'
import { toJwks } from '../../../src/issuing/local-keys.ts'
import { ownIssuer } from '../../../src/issuing/own-issuer.ts'
import { createQuotas } from '../../../src/issuing/quotas.ts'
import type { IssuedToken, IssueRequest } from '../../../src/issuing/request.ts'
import { createIssuing } from '../../../src/issuing/service.ts'
import { createTaskTypes, type TaskTypes } from '../../../src/issuing/task-types.ts'
import type { Result } from '../../../src/result.ts'
import type { RevokeOutcome, RevokeRequest } from '../../../src/revoking/request.ts'
import { createRevoking } from '../../../src/revoking/service.ts'
import { createAuthorization } from '../../../src/server/authorization.ts'
import type { ServiceError } from '../../../src/service-errors.ts'
import { createAudit } from '../../../src/telemetry/audit.ts'
import { createCheckObserver } from '../../../src/telemetry/checks.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import type { TrustedIssuer } from '../../../src/tokens/port.ts'
import { identityOf, readProfile } from '../../../src/tokens/profile.ts'
import { createTrustedIssuer } from '../../../src/tokens/trusted-issuers.ts'
import { createVerifiedCache } from '../../../src/tokens/verified-cache.ts'
import { tokenVerifier } from '../../../src/tokens/verifier.ts'
import { checkRequest, type RequestPlan } from '../check-request.ts'
import { type Answer, readAnswer } from '../check-response.ts'
import { createFaultyStore } from '../denylist/faulty-store.ts'
import { eventually } from '../eventually.ts'
import { createFakeClock } from '../fakes/clock.ts'
import { createFakeLog, type FakeLog } from '../fakes/log.ts'
import { type CallerName, type HouseChanges, houseConfig } from './fixture.ts'
import { createOwnKeys, createPartnerRing } from './keys.ts'

type Called<T> = Promise<Result<T, ServiceError>>

export interface House {
  readonly log: FakeLog
  readonly taskTypes: TaskTypes
  /** Unix seconds of the clock of everything in the house. */
  nowSeconds(): number
  issue(by: CallerName, request: IssueRequest): Called<IssuedToken>
  revoke(by: CallerName, request: RevokeRequest): Called<RevokeOutcome>
  check(plan: RequestPlan): Promise<Answer>
  /** What the denylist says of a genuine token; `undefined`: it is not genuine. */
  lookup(token: string): Promise<Lookup | undefined>
  record: Denylisting['log']['record']
  keysAsked(issuer: 'fence' | 'partner'): readonly string[]
  jwksKids(): readonly (string | undefined)[]
  /** Time passes; the denylist stays fresh while its store works. */
  wait(seconds: number): Promise<void>
  breakDown(what: 'store' | 'partner keys'): void
  close(): Promise<void>
}

type Denylisting = Awaited<ReturnType<typeof startDenylist>>

export async function openHouse(changes: HouseChanges = {}): Promise<House> {
  const clock = createFakeClock()
  const log = createFakeLog()
  const config = houseConfig(changes)
  const signing = signingOf(config)
  const ownKeys = createOwnKeys(clock)
  const partnerRing = createPartnerRing(clock)
  const rings = { fence: ownKeys.ring, partner: partnerRing }
  const trusted = config.issuers.map((issuer): TrustedIssuer => {
    const made = createTrustedIssuer(issuer, ownKeys.ring, { clock, log, random: () => 0 })
    return issuer.name === 'partner' ? { ...made.trusted, keys: partnerRing } : made.trusted
  })
  const issuers = new Map(trusted.map((issuer) => [issuer.issuer, issuer]))
  const denylisting = await startDenylist(config, { clock, log })
  const { denylist } = denylisting

  const policies = compilePolicies(config, new Map(trusted.map((issuer) => [issuer.name, issuer])))
  const cache = createVerifiedCache<CompiledPolicy, Examined>({ maxEntries: 100, maxBytes: 1_000_000 })
  const decideDeps = { policies, verifier: tokenVerifier, cache, denylist, clock }
  const authorization = createAuthorization({
    current: () => decideDeps,
    clock,
    limits: { concurrentChecks: config.limits.concurrent_checks, checkTimeoutMs: config.limits.check_timeout },
    observe: createCheckObserver({ log, metrics: createMetrics(), clock }),
  })

  const callers = createCallers(config.callers)
  const audit = createAudit(log)
  const common = { signing, verifier: tokenVerifier, denylist, log: denylisting.log, audit, clock }
  const issuing = createIssuing({
    ...common,
    own: ownIssuer(signing, ownKeys.ring, trusted),
    keys: ownKeys,
    quotas: createQuotas({ clock }),
    sleep: async (ms) => clock.advance(ms),
  })
  const revoking = createRevoking({ ...common, issuers, graceMs: config.denylist.grace, replaceExpiredWithinMs: 0 })

  /** As server/token-service.ts does it: who calls comes before what is asked. */
  async function as<T>(name: CallerName, serve: (caller: Caller) => Called<T>): Called<T> {
    const identity = { kind: 'tls', spiffe: [`spiffe://commons/${name}`], dns: [] } as const
    const caller = callers.identify(name === 'nobody' ? undefined : identity)
    return caller.ok ? serve(caller.value) : caller
  }

  return {
    log,
    taskTypes: createTaskTypes(signing),
    nowSeconds: () => Math.floor(clock.wallMs() / 1000),
    issue: (by, request) => as(by, (caller) => issuing.issue(caller, request)),
    revoke: (by, request) => as(by, (caller) => revoking.revoke(caller, request)),
    check: async (plan) => readAnswer(await authorization.check(checkRequest(plan), Number.POSITIVE_INFINITY)),
    async lookup(token) {
      const verified = await tokenVerifier.verify(token, { issuers, keys: 'any', nowSeconds: undefined })
      const profile = verified.ok ? readProfile(verified.value.claims) : verified
      if (!verified.ok || !profile.ok) return undefined
      return denylist.lookup(refsOf(identityOf(verified.value, profile.value)))
    },
    record: (revocations) => denylisting.log.record(revocations),
    keysAsked: (issuer) => rings[issuer].asked,
    jwksKids: () => toJwks(ownKeys.set).keys.map(({ kid }) => kid),
    async wait(seconds) {
      clock.advance(seconds * 1000)
      if (denylisting.works()) await eventually('the denylist is fresh again', denylisting.ready)
    },
    breakDown(what) {
      if (what === 'store') denylisting.breakDown()
      else partnerRing.setUnavailable(true)
    },
    close: denylisting.close,
  }
}

function signingOf({ signing }: Config): SigningConfig {
  if (signing === undefined) throw new Error('The fixture has no signing section')
  return signing
}

async function startDenylist(config: Config, deps: { clock: ReturnType<typeof createFakeClock>; log: FakeLog }) {
  const { clock } = deps
  const options = await denylistOptions(config)
  const data = createMemoryData({ clock, epochRetentionSeconds: options.epochRetentionSeconds })
  const store = createFaultyStore(connectMemoryStore(data))
  const running = await createDenylist({ options, store, ...deps })
  await running.start()
  return {
    denylist: running.denylist,
    log: running.log,
    ready: running.ready,
    close: running.close,
    works: () => store.mode === 'works',
    breakDown() {
      store.mode = 'fails'
    },
  }
}
