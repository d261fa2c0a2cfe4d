// Tokens of the upstream fixture (tests/utils/__init__.py): every kind that Fence issues, with some claims changed, signed
// by any key; and tokens altered after they were signed. How a house gets hold of them is left to house.ts.
import type { Claims, TestKey } from '../tokens.ts'
import { keyFor, respellings, signCompact } from '../tokens.ts'
import { ISSUER, MAX_API_KEY, NOW, PARTNER } from './fixture.ts'

export type TokenKind = 'access' | 'task' | 'api_key' | 'refresh' | 'id' | 'session'
type KeyName = 'current' | 'previous' | 'retired' | 'foreign' | 'partner'

/** What Fence would have signed. */
interface SignedToken {
  readonly kind: TokenKind
  /** `undefined` takes a claim away. */
  readonly claims?: Claims
  readonly header?: Claims
  /** Absent: current. `foreign` is in no key set; `partner` signs for the other commons. */
  readonly key?: KeyName
}

/** Another token of the case, changed afterwards. */
interface AlteredToken {
  readonly of: string
  readonly how: Alteration
}

export type TokenSpec = SignedToken | AlteredToken

/** `respelt 1` to `respelt 15`: the other texts that decode to the same signature. */
type Alteration = keyof typeof alterations | `respelt ${number}`

/** The name that Fence's fixture gives its key. */
export const CURRENT_KID = 'test-keypair'

const keys = {
  current: () => ({ ...keyFor('RS256'), kid: CURRENT_KID }),
  previous: () => keyFor('RS256', 'previous'),
  retired: () => keyFor('RS256', 'retired'),
  foreign: () => keyFor('RS256', 'foreign'),
  partner: () => keyFor('ES256', 'partner'),
} as const satisfies Readonly<Record<KeyName, () => TestKey>>

export function keyOf(name: KeyName): TestKey {
  return keys[name]()
}

/** Claims in the order of their creation; `exp` is `iat` + 600 there. */
const usual = {
  pur: 'access',
  iss: ISSUER,
  sub: '1234',
  aud: ['gen3'],
  iat: NOW,
  exp: NOW + 600,
  scope: ['openid', 'user'],
  context: { user: { name: 'test-user', projects: [], google: { proxy_group: null } } },
  azp: 'test-client',
}

const bases = {
  access: usual,
  task: {
    ...usual,
    aud: ['FOO'],
    scope: ['fence', 'openid', 'user'],
    context: { ...usual.context, task_token_type: 'FOO' },
  },
  api_key: {
    ...usual,
    pur: 'api_key',
    azp: '',
    exp: NOW + MAX_API_KEY,
    scope: ['fence', 'openid', 'user', 'data'],
    context: undefined,
  },
  refresh: { ...usual, pur: 'refresh', aud: ['gen3', 'test-client'], exp: NOW + MAX_API_KEY, context: undefined },
  id: { ...usual, pur: 'id', aud: ['test-client', 'gen3'], auth_time: NOW },
  session: {
    ...usual,
    pur: 'session',
    aud: ['fence', 'gen3'],
    exp: NOW + 900,
    azp: undefined,
    scope: undefined,
    context: { session_started: NOW },
  },
} as const satisfies Readonly<Record<TokenKind, Claims>>

/** `name` becomes the id of a token that is given none. */
export function signToken(name: string, { kind, claims = {}, header = {}, key = 'current' }: SignedToken): string {
  const signer = keyOf(key)
  const payload = { ...bases[kind], jti: `jti-of-${name}`, ...(key === 'partner' && { iss: PARTNER }), ...claims }
  return signCompact({ alg: signer.alg, kid: signer.kid, typ: 'JWT', ...header }, payload, signer)
}

const alterations = {
  truncated: (token: string) => token.slice(0, -10),
  padded: (token: string) => `${token}=`,
  'with a newline in the signature': (token: string) => `${token.slice(0, -4)}\n${token.slice(-4)}`,
  'with (r, n - s) for (r, s)': negateS,
} as const satisfies Readonly<Record<string, (token: string) => string>>

export function alterToken(token: string, how: Alteration): string {
  const nth = /^respelt (\d+)$/.exec(how)?.[1]
  if (nth !== undefined) return respell(token, Number(nth))
  const [, alter] = Object.entries(alterations).find(([name]) => name === how) ?? []
  if (alter === undefined) throw new Error(`There is no alteration "${how}"`)
  return alter(token)
}

function respell(token: string, nth: number): string {
  const at = token.lastIndexOf('.') + 1
  const spelling = respellings(token.slice(at))[nth - 1]
  if (spelling === undefined) throw new Error(`There is no spelling ${nth} of this signature`)
  return token.slice(0, at) + spelling
}

/** The order of P-256 (FIPS 186-5). For every ES256 signature (r, s) the pair (r, n - s) verifies as well. */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const SCALAR_BYTES = 32

function negateS(token: string): string {
  const at = token.lastIndexOf('.') + 1
  const signature = Buffer.from(token.slice(at), 'base64url')
  const s = BigInt(`0x${signature.subarray(SCALAR_BYTES).toString('hex')}`)
  const negated = (P256_ORDER - s).toString(16).padStart(2 * SCALAR_BYTES, '0')
  signature.write(negated, SCALAR_BYTES, 'hex')
  return token.slice(0, at) + signature.toString('base64url')
}
