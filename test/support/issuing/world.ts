// A token service without its server: the real services, verifier and vocabulary over a fake store, clock and log.
// One own issuer with a current, a previous and a retired key, and one foreign issuer. Tests change one thing each.

import { callers as callersSchema } from '../../../src/config/callers.ts'
import { type SigningConfig, signing as signingSchema } from '../../../src/config/signing.ts'
import type { Dimension, Revocation } from '../../../src/denylist/port.ts'
import { StoreUnavailableError } from '../../../src/denylist/port.ts'
import { memberOf } from '../../../src/denylist/vocabulary.ts'
import { type Caller, createCallers } from '../../../src/issuing/callers.ts'
import { createQuotas } from '../../../src/issuing/quotas.ts'
import type { GrantRequest, IssuedToken } from '../../../src/issuing/request.ts'
import { createIssuing } from '../../../src/issuing/service.ts'
import { type Signer, SigningUnavailableError } from '../../../src/issuing/signer.ts'
import type { Result } from '../../../src/result.ts'
import type { RevokeAllOutcome, RevokeAllRequest, RevokeOutcome, RevokeRequest } from '../../../src/revoking/request.ts'
import { createRevoking } from '../../../src/revoking/service.ts'
import type { ServiceError } from '../../../src/service-errors.ts'
import { createAudit } from '../../../src/telemetry/audit.ts'
import type { TrustedIssuer } from '../../../src/tokens/port.ts'
import { tokenVerifier } from '../../../src/tokens/verifier.ts'
import { createFakeClock, type FakeClock } from '../fakes/clock.ts'
import { createFakeDenylist } from '../fakes/denylist.ts'
import { createFakeKeyRing } from '../fakes/key-ring.ts'
import { createFakeLog } from '../fakes/log.ts'
import {
  apiKeyClaims,
  type Claims,
  commons,
  FOREIGN_ISSUER,
  ISSUER,
  issuersByIss,
  keyFor,
  type MintOptions,
  NOW,
  ownKey,
  signCompact,
  type TestKey,
  validClaims,
} from '../tokens.ts'
import type { LiveDenylist } from './live-denylist.ts'

export { FOREIGN_ISSUER, NOW }

export const previousKey = (): TestKey => keyFor('ES256', 'previous')
export const retiredKey = (): TestKey => keyFor('ES256', 'retired')
export const foreignIssuerKey = (): TestKey => keyFor('ES256', 'elsewhere')

const baseSigning = {
  issuer: ISSUER,
  keys: { directory: './keys' },
  access: { audience: 'gen3' },
  tasks: {
    types: { WORKFLOW: { max_ttl: '4d' }, PLAIN: {} },
    rules: [{ types: ['WORKFLOW', 'PLAIN'] }],
  },
}

/** The section as it would be written in the file, on top of one that works. */
export const signingConfig = remembered(
  (changes: object = {}): SigningConfig => signingSchema.parse({ ...baseSigning, ...changes }),
)

const everyRight = {
  grants: ['api_key', 'subject'],
  kinds: ['access', 'api_key'],
  task_types: ['*'],
  subjects: ['*'],
  scopes: ['*'],
  user: true,
}

/** A caller with every right to mint and the given right to revoke. */
export const callerWith = remembered((changes: object = {}): Caller => {
  const [caller] = callersSchema.parse([
    { name: 'portal', identity: { local: true }, issue: everyRight, revoke: 'on_behalf', ...changes },
  ])
  if (caller === undefined) throw new Error('no caller')
  return caller
})

/** Schemas are slow to run, and a test makes many worlds. */
function remembered<T>(make: (changes?: object) => T): (changes?: object) => T {
  const made = new Map<string, T>()
  return (changes = {}) => {
    const key = JSON.stringify(changes)
    const value = made.get(key) ?? make(changes)
    made.set(key, value)
    return value
  }
}

export function issueRights(changes: object): Caller {
  return callerWith({ issue: { ...everyRight, ...changes } })
}

export interface WorldOptions {
  readonly clock?: FakeClock
  /** A real denylist instead of the fakes: what is revoked is in force. It has to be on the same clock. */
  readonly live?: LiveDenylist
  readonly signing?: object
  readonly own?: Partial<TrustedIssuer>
  readonly graceMs?: number
  readonly replaceExpiredWithinMs?: number
}

export const GRACE_SECONDS = 3600

export function createWorld(options: WorldOptions = {}) {
  const clock = options.clock ?? createFakeClock()
  const log = createFakeLog()
  const denylist = createFakeDenylist()
  const ownRing = Object.assign(createFakeKeyRing(ownKey(), previousKey()), { freshAsOfMs: clock.monotonicMs() })
  ownRing.put(retiredKey(), { published: false })
  const foreignRing = Object.assign(createFakeKeyRing(foreignIssuerKey()), { freshAsOfMs: clock.monotonicMs() })
  const own = commons({ keys: ownRing, ...options.own })
  const foreign = commons({ name: 'elsewhere', issuer: FOREIGN_ISSUER, keys: foreignRing })
  const signing = signingConfig(options.signing)

  const store = createFakeStore(() => Math.floor(clock.wallMs() / 1000))
  let signerState: 'good' | 'none' | 'failing' = 'good'
  let afterReload: Signer | undefined
  let signer: Signer = {
    kid: ownKey().kid,
    algorithm: ownKey().alg,
    async sign({ typ, payload }) {
      if (signerState === 'failing') throw new SigningUnavailableError('The key could not sign')
      return signCompact({ alg: ownKey().alg, kid: ownKey().kid, typ }, payload, ownKey())
    },
  }
  const slept: number[] = []
  const shared = {
    signing,
    verifier: tokenVerifier,
    denylist: options.live?.denylist ?? denylist,
    log: options.live?.log ?? store,
    audit: createAudit(log),
    clock,
  }
  const issuing = createIssuing({
    ...shared,
    own,
    keys: {
      signer: () => (signerState === 'none' ? undefined : signer),
      reload: async () => {
        signer = afterReload ?? signer
      },
    },
    quotas: createQuotas({ clock }),
    async sleep(ms) {
      slept.push(ms)
      clock.advance(ms)
    },
  })
  const revoking = createRevoking({
    ...shared,
    issuers: issuersByIss(own, foreign),
    graceMs: options.graceMs ?? GRACE_SECONDS * 1000,
    replaceExpiredWithinMs: options.replaceExpiredWithinMs ?? 0,
  })

  return {
    clock,
    log,
    denylist,
    store,
    slept,
    own,
    ownRing,
    foreignRing,
    callers: createCallers,
    setSigner(state: typeof signerState) {
      signerState = state
    },
    /** The files name another current key, which nobody has looked at yet. */
    promote(key: TestKey) {
      const { kid, alg } = key
      ownRing.put(key)
      const sign: Signer['sign'] = async ({ typ, payload }) => signCompact({ alg, kid, typ }, payload, key)
      afterReload = { kid, algorithm: alg, sign }
    },
    /** Puts something on the denylist, as the mirror would after a revocation. */
    deny(dimension: Dimension, id: string, issuer = ISSUER) {
      denylist.revoke(memberOf(dimension, issuer, id))
    },
    denyBefore(dimension: Dimension, id: string, epochSeconds: number, issuer = ISSUER) {
      denylist.revokeBefore(memberOf(dimension, issuer, id), epochSeconds)
    },
    issue(grant: GrantRequest | undefined, more: { caller?: Caller; expiresIn?: bigint } = {}) {
      return issuing.issue(more.caller ?? callerWith(), { grant, expiresIn: more.expiresIn })
    },
    revoke(request: Partial<RevokeRequest>, caller: Caller = callerWith()) {
      const complete = { token: '', revokerToken: '', jti: '', issuer: '', waitUntilApplied: false, ...request }
      return revoking.revoke(caller, complete)
    },
    revokeAll(request: Partial<RevokeAllRequest>, caller: Caller = callerWith()) {
      const none = { target: undefined, issuer: '', revokerToken: '', waitUntilApplied: false, keepApiKeys: false }
      return revoking.revokeAll(caller, { ...none, ...request })
    },
  }
}

/** A store that keeps what it is given, or is down. */
function createFakeStore(seconds: () => number) {
  const recorded: Revocation[] = []
  let down: { readonly possiblyApplied: boolean } | undefined
  let timeKnown = true
  return {
    recorded,
    setDown(possiblyApplied: boolean) {
      down = { possiblyApplied }
    },
    forgetTime() {
      timeKnown = false
    },
    async record(revocations: readonly Revocation[]) {
      if (down !== undefined) throw new StoreUnavailableError('The store is down', down)
      recorded.push(...revocations)
      return { revision: `${recorded.length}-0`, recordedAt: seconds() }
    },
    waitUntilApplied: async () => ({ sidecarsApplied: 2, sidecarsKnown: 3 }),
    storeSeconds: () => (timeKnown ? seconds() : undefined),
  }
}

function signed(base: Claims, claims: Claims, { key = ownKey(), header = {} }: MintOptions = {}): string {
  return signCompact({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header }, { ...base, ...claims }, key)
}

/** An API key of user 42 as the token service mints it. */
export function apiKey(claims: Claims = {}, options?: MintOptions): string {
  return signed(apiKeyClaims, claims, options)
}

/** An access token of user 42. */
export function access(claims: Claims = {}, options?: MintOptions): string {
  return signed(validClaims, { context: {}, ...claims }, options)
}

export function byApiKey(changes: { apiKey?: string; taskType?: string } = {}): GrantRequest {
  return { kind: 'api_key', apiKey: apiKey(), taskType: '', ...changes }
}

export function bySubject(changes: Partial<Extract<GrantRequest, { kind: 'subject' }>> = {}): GrantRequest {
  return {
    kind: 'subject',
    tokenKind: 'access',
    subject: '42',
    scopes: ['openid', 'user'],
    clientId: '',
    user: undefined,
    ...changes,
  }
}

export function payloadOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

export function good(result: Result<IssuedToken, ServiceError>): IssuedToken {
  if (!result.ok) throw new Error(`${result.reason.reason} ${result.reason.audit?.cause ?? ''}`)
  return result.value
}

export function revoked(result: Result<RevokeOutcome, ServiceError>): RevokeOutcome {
  if (!result.ok) throw new Error(`${result.reason.reason} ${result.reason.audit?.cause ?? ''}`)
  return result.value
}

export function revokedAll(result: Result<RevokeAllOutcome, ServiceError>): RevokeAllOutcome {
  if (!result.ok) throw new Error(`${result.reason.reason} ${result.reason.audit?.cause ?? ''}`)
  return result.value
}

/** The reason of a refusal, or `ok`. */
export function reasonOf(result: Result<unknown, ServiceError>): string {
  return result.ok ? 'ok' : result.reason.reason
}
