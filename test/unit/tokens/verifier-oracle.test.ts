// Our verifier beside jose's, over tokens that are good, odd and hostile. Ours accepts exactly what jose accepts and our
// own stricter rules (written down here once more, independently) allow: so it never accepts what jose refuses, and it
// refuses nothing else.
import fc from 'fast-check'
import { jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { tokenVerifier } from '../../../src/tokens/verifier.ts'
import { anyText } from '../../support/arbitraries.ts'
import { createFakeKeyRing } from '../../support/fakes/key-ring.ts'
import {
  commons,
  encodePart,
  FOREIGN_ISSUER,
  foreignKey,
  ISSUER,
  issuersByIss,
  keyFor,
  NOW,
  signCompact,
  type TestKey,
  validClaims,
} from '../../support/tokens.ts'

const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const
const MAX_LIFETIME_SECONDS = 30 * 86_400
const published = ALGORITHMS.map((alg) => keyFor(alg))
/** Signs for nobody, in one variant under a published name. */
const strangers: readonly TestKey[] = [foreignKey(), { ...foreignKey(), kid: keyFor('ES256').kid }]
const issuer = commons({ keys: createFakeKeyRing(...published), leewaySeconds: 0 })

function isAcceptedByUs(token: string): boolean {
  const verified = tokenVerifier.verify(token, { issuers: issuersByIss(issuer), keys: 'published', nowSeconds: NOW })
  if (verified instanceof Promise) throw new Error('nothing is to be fetched here')
  return verified.ok
}

/** jose with all that it can be asked to check, and the key by the same rule: `kid`, and fit for the algorithm. */
async function isAcceptedByJose(token: string): Promise<boolean> {
  try {
    await jwtVerify(
      token,
      ({ kid, alg }) => {
        const key = published.find((candidate) => candidate.kid === kid && candidate.alg === alg)
        if (key === undefined) throw new Error('no such key')
        return key.publicKey
      },
      {
        issuer: ISSUER,
        algorithms: [...ALGORITHMS],
        currentDate: new Date(NOW * 1000),
        requiredClaims: ['exp', 'iat', 'jti'],
      },
    )
    return true
  } catch {
    return false
  }
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isTime = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 40

/** The rules of the contract that jose does not have. */
function isAllowedByOurRules(token: string): boolean {
  if (token.length > 8192) return false
  const parts = token.split('.')
  if (parts.some((part) => Buffer.from(part, 'base64url').toString('base64url') !== part)) return false
  const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
  if (['crit', 'b64', 'zip'].some((name) => name in header)) return false
  if (
    ![undefined, 'jwt', 'at+jwt', 'application/jwt', 'application/at+jwt'].includes(
      header.typ?.toLowerCase?.() ?? header.typ,
    )
  )
    return false
  const { exp, iat, nbf, jti, aud, sub } = claims
  if (!isTime(exp) || !isTime(iat) || !(nbf === undefined || isTime(nbf))) return false
  if (iat > NOW || exp - iat > MAX_LIFETIME_SECONDS) return false
  if (!isText(jti) || jti.length < 1 || jti.length > 128) return false
  if (!(sub === undefined || isText(sub))) return false
  return aud === undefined || isText(aud) || (Array.isArray(aud) && aud.every(isText))
}

const oddValues = fc.constantFrom<unknown>(
  undefined,
  null,
  true,
  '',
  'text',
  '1770000000',
  0,
  -1,
  NOW,
  NOW - 1,
  NOW + 1,
  NOW + 0.5,
  NOW + 1e7,
  1e20,
  [],
  ['gen3'],
  ['gen3', 5],
  [['gen3']],
  {},
  { gen3: 1 },
  'x'.repeat(128),
  'x'.repeat(129),
  ISSUER,
  FOREIGN_ISSUER,
  [ISSUER],
)

/** Mostly nothing is odd, so that what is odd is not hidden behind something else. */
const oddClaims = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  {
    weight: 3,
    arbitrary: fc.dictionary(fc.constantFrom('iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'pur'), oddValues, {
      maxKeys: 2,
    }),
  },
)
const oddHeader = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.record(
      {
        alg: fc.constantFrom<unknown>(...ALGORITHMS, 'none', 'HS256', 'PS256', 'ES384', null, 5),
        kid: fc.constantFrom<unknown>(...published.map(({ kid }) => kid), 'gone', '', null, undefined),
        typ: fc.constantFrom<unknown>('JWT', 'at+jwt', 'APPLICATION/JWT', 'txntoken+jwt', '', undefined, 5),
        crit: fc.constantFrom<unknown>([], ['b64'], ['exp'], undefined),
        b64: fc.constantFrom<unknown>(true, false, undefined),
        zip: fc.constantFrom<unknown>('DEF', undefined),
        jku: fc.constant('https://attacker.example'),
      },
      { requiredKeys: [] },
    ),
  },
)

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** What happens to the text after it was signed. */
const oddTexts: readonly ((token: string, at: number) => string)[] = [
  (token, at) => `${token.slice(0, at % token.length)}A${token.slice((at % token.length) + 1)}`,
  (token, at) => `${token.slice(0, -1)}${alphabet.charAt(at % alphabet.length)}`,
  (token, at) => token.slice(0, at % token.length),
  (token, at) => `${token.slice(0, at % token.length)}\n${token.slice(at % token.length)}`,
  (token) => `${token}=`,
  (token) => ` ${token}`,
  (token) => `${token}.`,
  (token) => token.replace(/\..*\./, `.${encodePart({ ...validClaims, sub: '1' })}.`),
]

const anyChange = fc.oneof(
  { weight: 2, arbitrary: fc.constant((token: string) => token) },
  { weight: 1, arbitrary: fc.constantFrom(...oddTexts) },
)

const anyToken = fc
  .record({
    key: fc.constantFrom(...published, ...published, ...published, ...strangers),
    header: oddHeader,
    claims: oddClaims,
    change: anyChange,
    at: fc.nat(5000),
  })
  .map(({ key, header, claims, change, at }) =>
    change(signCompact({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header }, { ...validClaims, ...claims }, key), at),
  )

describe('the verifier beside jose', () => {
  it('accepts what jose accepts and our stricter rules allow, and nothing else', async () => {
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(anyToken, async (token) => {
        const ours = isAcceptedByUs(token)
        accepted += ours ? 1 : 0
        expect(ours).toBe((await isAcceptedByJose(token)) && isAllowedByOurRules(token))
      }),
      { numRuns: 400 },
    )
    // Else the property would hold for a verifier that refuses everything.
    expect(accepted).toBeGreaterThan(50)
  })

  it('accepts every well-formed token of a published key', async () => {
    const wellFormed = fc.record({
      sub: anyText(),
      aud: fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 4 })),
      iat: fc.integer({ min: NOW - 86_400, max: NOW }),
      exp: fc.integer({ min: NOW + 1, max: NOW + 86_400 }),
      jti: fc.string({ minLength: 1, maxLength: 128 }),
      scope: fc.array(fc.string(), { maxLength: 3 }),
      context: fc.constantFrom<unknown>(null, 5, [], {}, { user: { name: 'é' } }, { user: [[[{}]]] }),
    })
    await fc.assert(
      fc.asyncProperty(wellFormed, fc.constantFrom(...published), async (claims, key) => {
        const token = signCompact({ alg: key.alg, kid: key.kid }, { ...validClaims, ...claims }, key)
        fc.pre(token.length <= 8192)
        expect([isAcceptedByUs(token), await isAcceptedByJose(token)]).toEqual([true, true])
      }),
      { numRuns: 100 },
    )
  })
})
