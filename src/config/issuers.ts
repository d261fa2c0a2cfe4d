// `issuers`: whose tokens are accepted, by which keys and with which limits.
import { z } from 'zod'
import { duration, lifetime } from './duration.ts'
import { exactlyOneOf, filePath, list, name, section, someOf, text, webUrl } from './values.ts'

/** Asymmetric JWS algorithms (RFC 7518, RFC 8037). There is no way to allow `none` or an HMAC. */
export const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

const SYMMETRIC = /^(none|hs\d*)$/i

const algorithm = z.enum(ALGORITHMS, {
  error: ({ input }) =>
    typeof input === 'string' && SYMMETRIC.test(input)
      ? 'is never accepted: anybody who can verify such a token could make one'
      : undefined,
})

export const algorithms = someOf(algorithm)
  .prefault(['RS256', 'ES256', 'EdDSA'])
  .describe('Signature algorithms that are accepted; never `none` or HMAC')

const keysByUrl = section({
  url: webUrl.describe('Address of the JWKS; https unless the host is loopback'),
  refresh: duration({ min: '1s', max: '7d' })
    .prefault('5m')
    .describe('How often the keys are fetched in the background'),
  cool_down: duration({ min: '100ms', max: '1h' })
    .prefault('30s')
    .describe('Least time between fetches that unknown key ids cause'),
  max_stale: duration({ min: '1s', max: '30d' })
    .prefault('24h')
    .describe('How long the last good keys serve while the address fails'),
})

const keysByFile = section({ file: filePath.describe('JWKS file; read again when it changes') })

/** Keys of somebody else, as callers' workload tokens need them. */
export const foreignKeys = z.union([keysByUrl, keysByFile], exactlyOneOf('url', 'file'))

const keys = z.union(
  [section({ own: z.literal(true).describe('The keys of `signing.keys`') }), keysByUrl, keysByFile],
  exactlyOneOf('own', 'url', 'file'),
)

const purpose = z.union(
  [
    z.literal('none'),
    section({
      claim: text.prefault('pur').describe('Claim that tells access tokens from others'),
      access: text.prefault('access').describe('Its value in access tokens'),
    }),
  ],
  'must be none, or a mapping with claim and access',
)

/** `typ` values are compared without case and without the `application/` they may be written with (RFC 7515, section 4.1.9). */
const tokenType = z
  .string()
  .regex(/^[A-Za-z0-9!#$&^_.+/-]{1,64}$/, 'must be a token type such as JWT or at+jwt')
  .overwrite((type) => type.toLowerCase().replace(/^application\//, ''))

const issuer = section({
  name: name.describe('What policies, logs and metrics call it'),
  issuer: text.describe('The exact `iss` of its tokens'),
  keys: keys.describe('Where its keys come from'),
  algorithms,
  types: someOf(tokenType)
    .prefault(['JWT', 'at+jwt'])
    .describe('Accepted `typ` values, in any case. A token without `typ` is accepted where `JWT` is'),
  purpose: purpose
    .prefault({})
    .describe('How its access tokens are told from its other tokens. `none`: it makes no difference between them'),
  token_id: z
    .enum(['jti', 'signing_input'])
    .prefault('jti')
    .describe('What identifies a token: its `jti`, or SHA-256 of header and payload for an issuer that sends none'),
  leeway: duration({ min: '0s', max: '5m' })
    .prefault('30s')
    .describe('How far in the future `iat` and `nbf` may lie. `exp` has no leeway'),
  max_lifetime: lifetime().prefault('30d').describe('Longest accepted time from `iat` to `exp`'),
})

export const issuers = list(issuer).prefault([])

export type IssuerConfig = z.output<typeof issuer>
export type IssuerKeysConfig = z.output<typeof keys>
export type ForeignKeysConfig = z.output<typeof foreignKeys>
