// Whole lives of tokens: whatever sequence of issue, revoke, revoke-all, rotate, retire and key-revoke over several
// subjects and a moving clock, a Check allows a token exactly when an oracle does that knows nothing of the program.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLives, type Lives } from '../../support/issuing/lives.ts'
import { createOracle, type TokenFact } from '../../support/issuing/lives-oracle.ts'
import { payloadOf, reasonOf } from '../../support/issuing/world.ts'

const RUNS = 10_000
/** A machine that is busy with other things as well. */
const PATIENCE_MS = 600_000

const HOUR = 3600
const DAY = 24 * HOUR

const subject = fc.constantFrom('alice', 'bob', 'carol')
const client = fc.constantFrom('', 'web', 'cli')
const pick = fc.nat({ max: 20 })

/** Short and long, and the very boundaries of seconds and lifetimes. */
const passed = fc.oneof(
  fc.integer({ min: 0, max: 2500 }),
  fc.integer({ min: 0, max: HOUR }).map((s) => s * 1000),
  fc.integer({ min: 0, max: 12 * DAY }).map((s) => s * 1000),
)
const lifetime = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: HOUR }), fc.constant(30 * DAY))

const step = fc.oneof(
  { arbitrary: fc.record({ act: fc.constant('pass' as const), ms: passed }), weight: 4 },
  {
    arbitrary: fc.record({
      act: fc.constant('issue' as const),
      kind: fc.constantFrom('access' as const, 'api_key' as const),
      subject,
      client,
      lifetime,
    }),
    weight: 4,
  },
  {
    arbitrary: fc.record({
      act: fc.constant('mint' as const),
      from: pick,
      isTask: fc.boolean(),
      isUnaware: fc.boolean(),
      lifetime,
    }),
    weight: 4,
  },
  { arbitrary: fc.record({ act: fc.constant('revoke' as const), token: pick }), weight: 2 },
  {
    arbitrary: fc.record({ act: fc.constant('revokeSubject' as const), subject, keepApiKeys: fc.boolean() }),
    weight: 2,
  },
  {
    arbitrary: fc.record({ act: fc.constant('revokeClient' as const), client: fc.constantFrom('web', 'cli') }),
    weight: 1,
  },
  { arbitrary: fc.record({ act: fc.constant('rotate' as const) }), weight: 1 },
  { arbitrary: fc.record({ act: fc.constant('retire' as const), key: pick }), weight: 1 },
  { arbitrary: fc.record({ act: fc.constant('revokeKey' as const), key: pick }), weight: 1 },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

interface Known {
  readonly token: string
  readonly fact: TokenFact
}

interface Tally {
  allowed: number
  refused: number
  minted: number
  notMinted: number
}

function at<T>(list: readonly T[], index: number): T | undefined {
  return list[index % list.length]
}

function createStory(lives: Lives, tally: Tally) {
  const oracle = createOracle()
  const known: Known[] = []

  async function issue(
    grant: Parameters<Lives['issue']>[0],
    about: Pick<TokenFact, 'kind' | 'sub' | 'azp' | 'root'>,
    lifetime: number,
    isUnaware = false,
  ): Promise<void> {
    const kid = lives.currentKid()
    const asked = lives.nowSeconds()
    const issued = await (isUnaware ? lives.issueUnaware : lives.issue)(grant, lifetime)
    // What would outlive its API key is refused for that, whoever else might refuse it.
    const outlives = reasonOf(issued) === 'api_key_expires_first'
    const isMissed = isUnaware && (about.root === undefined || asked < about.root.exp)
    const expected = (isMissed || oracle.mints(kid, about.root, asked)) && !outlives
    expect([issued.ok, about, reasonOf(issued)]).toEqual([expected, about, reasonOf(issued)])
    if (!issued.ok) {
      tally.notMinted += 1
      return
    }
    tally.minted += 1
    const { iat, exp } = payloadOf(issued.value.token)
    const fact: TokenFact = { ...about, kid, iat: Number(iat), exp: Number(exp) }
    // What has just been issued works at once.
    if (!isUnaware && fact.kind !== 'api_key' && lives.nowSeconds() < fact.exp)
      expect(oracle.allows(fact, lives.nowSeconds())).toBe(true)
    known.push({ token: issued.value.token, fact })
  }

  const acts: { readonly [Act in Step['act']]: (step: Extract<Step, { act: Act }>) => Promise<void> | void } = {
    pass: ({ ms }) => lives.pass(ms),
    issue: ({ kind, subject: sub, client: azp, lifetime }) =>
      issue(
        { kind: 'subject', tokenKind: kind, subject: sub, scopes: ['user'], clientId: azp, user: undefined },
        { kind, sub, azp, root: undefined },
        lifetime,
      ),
    async mint({ from, isTask, isUnaware, lifetime }) {
      const apiKeys = known.filter(({ fact }) => fact.kind === 'api_key')
      const root = at(apiKeys, from)
      if (root === undefined) return
      const about = { kind: isTask ? 'task' : 'access', sub: root.fact.sub, azp: '', root: root.fact } as const
      await issue(
        { kind: 'api_key', apiKey: root.token, taskType: isTask ? 'WORKFLOW' : '' },
        about,
        lifetime,
        isUnaware,
      )
    },
    async revoke({ token }) {
      const chosen = at(known, token)
      if (chosen === undefined) return
      expect(reasonOf(await lives.revoke(chosen.token))).toBe('ok')
      oracle.revoked(chosen.fact)
    },
    async revokeSubject({ subject: sub, keepApiKeys }) {
      const now = lives.nowSeconds()
      expect(reasonOf(await lives.revokeAll({ target: { by: 'subject', id: sub }, keepApiKeys }))).toBe('ok')
      oracle.revokedAll({ at: now, sub, keepApiKeys })
    },
    async revokeClient({ client: azp }) {
      const now = lives.nowSeconds()
      expect(reasonOf(await lives.revokeAll({ target: { by: 'client_id', id: azp } }))).toBe('ok')
      oracle.revokedAll({ at: now, azp })
    },
    rotate: () => lives.rotate(),
    retire({ key }) {
      const kid = at(lives.kids().slice(0, -1), key)
      if (kid === undefined) return
      lives.retire(kid)
      oracle.keyRetired(kid)
    },
    async revokeKey({ key }) {
      const kid = at(lives.kids(), key) ?? ''
      expect(reasonOf(await lives.revokeAll({ target: { by: 'key_id', id: kid } }))).toBe('ok')
      oracle.keyRevoked(kid)
    },
  }

  async function take<Act extends Step['act']>(one: Extract<Step, { act: Act }>, act: Act): Promise<void> {
    await acts[act](one)
  }

  return {
    take: (one: Step) => take(one, one.act),
    /** Every token that there is, by the policy that is meant for its kind. */
    async compare(): Promise<void> {
      const now = lives.nowSeconds()
      for (const { token, fact } of known) {
        const allowed = await lives.isAllowed(token, fact.kind === 'task' ? 'workflow' : 'default')
        if (allowed !== oracle.allows(fact, now)) expect({ allowed, now, fact }).toBe('what the oracle says')
        tally[allowed ? 'allowed' : 'refused'] += 1
      }
    },
  }
}

describe('whole lives', () => {
  it(
    `Check and oracle agree in ${RUNS} stories`,
    async () => {
      const tally: Tally = { allowed: 0, refused: 0, minted: 0, notMinted: 0 }
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 16 }), async (steps) => {
          const story = createStory(await createLives(), tally)
          for (const one of steps) {
            await story.take(one)
            await story.compare()
          }
        }),
        { numRuns: RUNS },
      )
      // Neither answer is the rare one, or the property would say little.
      expect(Math.min(tally.allowed, tally.refused)).toBeGreaterThan(RUNS / 2)
      expect(Math.min(tally.minted, tally.notMinted)).toBeGreaterThan(RUNS / 20)
    },
    PATIENCE_MS,
  )
})
