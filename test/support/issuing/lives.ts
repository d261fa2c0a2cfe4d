// The whole program but its servers: Issue, Revoke and RevokeAll over one real denylist, and the pipeline of a Check with
// its cache, all on one clock that a test moves. Keys are rotated by hand.
import { generateKeyPairSync } from 'node:crypto'
import { decide } from '../../../src/check/decide.ts'
import type { Examined } from '../../../src/check/examine.ts'
import type { CheckInput } from '../../../src/check/input.ts'
import type { CompiledPolicy } from '../../../src/check/policy.ts'
import type { Denylist } from '../../../src/denylist/port.ts'
import type { GrantRequest } from '../../../src/issuing/request.ts'
import { createIssuing, type IssuingDeps } from '../../../src/issuing/service.ts'
import type { RevokeAllRequest } from '../../../src/revoking/request.ts'
import { createRevoking } from '../../../src/revoking/service.ts'
import { createAudit } from '../../../src/telemetry/audit.ts'
import { createVerifiedCache } from '../../../src/tokens/verified-cache.ts'
import { tokenVerifier } from '../../../src/tokens/verifier.ts'
import { silentLog } from '../denylist/redis-store.ts'
import { createFakeClock } from '../fakes/clock.ts'
import { createFakeKeyRing } from '../fakes/key-ring.ts'
import { policiesOf, policyOf } from '../policies.ts'
import { commons, issuersByIss, signCompact, type TestKey } from '../tokens.ts'
import { createLiveDenylist } from './live-denylist.ts'
import { callerWith, signingConfig } from './world.ts'

/** The cheapest to sign with; made once, named anew for every rotation of every run. */
const pairs = Array.from({ length: 3 }, () => generateKeyPairSync('ed25519'))

function keyNumber(index: number): TestKey {
  const pair = pairs[index % pairs.length]
  if (pair === undefined) throw new Error('no pair')
  return { kid: `key-${index}`, alg: 'EdDSA', ...pair }
}

const operator = callerWith({ revoke: 'any', revoke_all: ['subject', 'client_id', 'key_id', 'transaction'] })
const signing = signingConfig({ revocable: ['access'] })

const deaf: Denylist = {
  consult: () => undefined,
  lookup: () => 'clear',
  status: () => ({ state: 'live', ageMs: 0, unknownSinceMs: undefined, revision: '', entries: 0 }),
}

export async function createLives() {
  const clock = createFakeClock()
  const live = await createLiveDenylist(clock)
  const keys = [keyNumber(0)]
  const ring = Object.assign(createFakeKeyRing(...keys), { freshAsOfMs: Number.POSITIVE_INFINITY })
  const own = commons({ keys: ring })
  const issuers = issuersByIss(own)
  const audit = createAudit(silentLog)
  const shared = { signing, verifier: tokenVerifier, denylist: live.denylist, log: live.log, audit, clock }

  const issuer = {
    ...shared,
    own,
    quotas: { take: () => true, takeFor: () => true },
    keys: {
      signer() {
        const key = keys.at(-1) ?? keyNumber(0)
        const { kid, alg } = key
        return { kid, algorithm: alg, sign: async ({ typ, payload }) => signCompact({ alg, kid, typ }, payload, key) }
      },
    },
    sleep: async (ms: number) => clock.advance(ms),
  } satisfies IssuingDeps
  const issuing = createIssuing(issuer)
  const deafIssuing = createIssuing({ ...issuer, denylist: deaf })
  const revoking = createRevoking({ ...shared, issuers, graceMs: 0, replaceExpiredWithinMs: 0 })
  const check = {
    policies: policiesOf(
      policyOf({ issuers }),
      policyOf({ name: 'workflow', issuers, audiences: new Set(), taskTypes: new Set(['WORKFLOW']) }),
    ),
    verifier: tokenVerifier,
    cache: createVerifiedCache<CompiledPolicy, Examined>({ maxEntries: 100, maxBytes: 1_000_000 }),
    denylist: live.denylist,
    clock,
  }

  return {
    nowSeconds: () => Math.floor(clock.wallMs() / 1000),
    async pass(ms: number) {
      clock.advance(ms)
      await live.sync()
    },
    currentKid: () => keys.at(-1)?.kid ?? '',
    kids: () => keys.map(({ kid }) => kid),
    rotate() {
      const next = keyNumber(keys.length)
      keys.push(next)
      ring.put(next)
    },
    retire(kid: string) {
      const key = keys.find((candidate) => candidate.kid === kid)
      if (key !== undefined) ring.put(key, { published: false })
    },
    issue: (grant: GrantRequest, expiresIn: number) => issuing.issue(operator, { grant, expiresIn: BigInt(expiresIn) }),
    /** By another process, which has not heard of any revocation yet. */
    issueUnaware: (grant: GrantRequest, expiresIn: number) =>
      deafIssuing.issue(operator, { grant, expiresIn: BigInt(expiresIn) }),
    revoke: (token: string) =>
      revoking.revoke(operator, { token, revokerToken: '', jti: '', issuer: '', waitUntilApplied: false }),
    revokeAll: (request: Pick<RevokeAllRequest, 'target'> & { readonly keepApiKeys?: boolean }) =>
      revoking.revokeAll(operator, {
        issuer: '',
        revokerToken: '',
        waitUntilApplied: false,
        keepApiKeys: false,
        ...request,
      }),
    async isAllowed(token: string, policyName: 'default' | 'workflow'): Promise<boolean> {
      const authorization = [Buffer.from(`Bearer ${token}`)]
      const input: CheckInput = {
        id: '',
        method: 'GET',
        host: 'commons.example',
        target: '/',
        policyName,
        headers: (name) => (name === 'authorization' ? authorization : []),
      }
      return (await decide(input, Number.POSITIVE_INFINITY, check)).decision === 'allow'
    },
  }
}

export type Lives = Awaited<ReturnType<typeof createLives>>
