// `policies`, `default_policy` and `routes`: which tokens a request needs, and which requests need which policy.
import { z } from 'zod'
import { type DenialReason, denials } from '../check/denials.ts'
import { normalisePath } from '../check/path.ts'
import { claimCondition } from './claims.ts'
import { duration } from './duration.ts'
import { list, name, named, scope, section, someOf, TOKEN, text } from './values.ts'

export const CREDENTIAL_KINDS = ['bearer', 'cookie', 'txn_token', 'combined', 'upstream_access', 'sigv4'] as const

const whenUnknown = z.union(
  [
    z.enum(['deny', 'allow']),
    section({
      allow_verified: duration({ min: '1s', max: '1d' }).describe(
        'For how long tokens pass that were verified before the outage began',
      ),
    }),
  ],
  'must be deny, allow, or { allow_verified: <duration> }',
)

const streamLeash = section({
  token_expiry: z.boolean().prefault(false).describe('No stream outlives its token'),
  at_most: duration({ min: '1ms', max: '24h' })
    .optional()
    .describe('No stream goes longer than this without a new Check'),
})

const cookieName = z.string().max(128).regex(TOKEN, 'must be a cookie name')

const ORIGIN_MESSAGE = 'must be an origin such as https://portal.example, in lower case and without path'

function isOrigin(value: string): boolean {
  return URL.canParse(value) && /^https?:/.test(value) && new URL(value).origin === value
}

const cookie = section({
  name: cookieName.prefault('access_token').describe('Cookie that carries the token'),
  csrf_cookie: cookieName.prefault('csrftoken').describe('Cookie with the CSRF token'),
  csrf_header: z
    .string()
    .max(128)
    .regex(/^[!#$%&'*+.^_`|~0-9a-z-]+$/, 'must be a header name in lower case')
    .prefault('x-csrf-token')
    .describe('Header that must repeat the CSRF token'),
  origins: list(z.string().refine(isOrigin, ORIGIN_MESSAGE))
    .prefault([])
    .describe('Origins that may send unsafe requests without a CSRF token'),
})

function isReason(value: string): value is DenialReason {
  return Object.hasOwn(denials, value)
}

const reasons = Object.keys(denials).filter(isReason)

/** The 4xx and 5xx codes that Envoy's `envoy.type.v3.StatusCode` has; others it would refuse. */
const ENVOY_STATUS = new Set([...range(400, 417), ...range(421, 424), 426, 428, 429, 431, ...range(500, 508), 510, 511])

const denyStatus = z
  .int('must be an HTTP status')
  .refine((code) => ENVOY_STATUS.has(code), 'must be a 4xx or 5xx HTTP status that Envoy knows')

const denyOrAllow = z.enum(['deny', 'allow']).prefault('deny')

const policy = section({
  issuers: list(name).prefault([]).describe('Names of the issuers whose tokens are accepted'),
  audiences: list(text).prefault([]).describe('`aud` values of which a token must have one'),
  task_types: list(text).prefault([]).describe('Task types that are accepted besides'),
  deny_task_tokens: z
    .boolean()
    .prefault(false)
    .describe('Refuse task tokens, also those that carry an accepted audience'),
  scopes: list(scope).prefault([]).describe('Scopes a token must have, all of them'),
  claims: list(claimCondition).prefault([]).describe('Conditions on claims, all of which must hold'),
  credentials: someOf(z.enum(CREDENTIAL_KINDS)).prefault(['bearer']).describe('Where the token may be'),
  forward_credential: z.boolean().prefault(true).describe('The upstream sees the credential'),
  anonymous: denyOrAllow.describe('`allow`: requests without any credential pass. A bad credential never does'),
  preflight: denyOrAllow.describe('`allow`: CORS preflight requests pass without identity'),
  cookie: cookie
    .optional()
    .describe('The cookie and its protection against forged requests. Needed for the credential `cookie`'),
  when_unknown: whenUnknown
    .prefault('deny')
    .describe(
      'While it is not proven that the denylist is fresh: refuse, allow tokens verified before, or allow. Known revocations are refused in any case',
    ),
  stream_leash: streamLeash.optional().describe('How long a response, stream or upgrade may last before it is cut'),
  deny_status: z
    .partialRecord(z.enum(reasons), denyStatus)
    .readonly()
    .prefault({})
    .describe('HTTP status by reason, instead of the one in the denial table'),
  expose_reasons: z
    .boolean()
    .optional()
    .describe('Put the exact reason into the response body. Where absent, the top-level `expose_reasons`'),
  provider: name.optional().describe('Provider that verifies the credentials `combined` and `upstream_access`'),
  upstream: name.optional().describe('Provider whose access token the upstream gets instead of the credential'),
  shadow: z.boolean().prefault(false).describe('Decide, count and log, but let every request pass'),
})

export const policies = named(policy).prefault({})

const HOST_MESSAGE = 'must be a host name in lower case without port, or one that starts with "*."'
const ROUTE_PATH_MESSAGE =
  'must start with "/" and be normalised: no query, fragment, backslash, empty or dot segment, encoded slash'

const routePath = z
  .string()
  .max(2048)
  .refine((path) => !path.includes('?') && normalisePath(path) !== undefined, ROUTE_PATH_MESSAGE)
  // so that two spellings of one path are seen to be the same
  .overwrite((path) => normalisePath(path) ?? path)

const route = section({
  hosts: list(
    z
      .string()
      .max(253)
      .regex(/^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$|^\[[0-9a-f:.]+\]$/, HOST_MESSAGE),
  )
    .prefault([])
    .describe('Hosts, exact or `*.example.com`. Empty: any'),
  methods: list(
    z
      .string()
      .max(32)
      .regex(/^[A-Z]+$/, 'must be an HTTP method in upper case'),
  )
    .prefault([])
    .describe('HTTP methods. Empty: any'),
  path: routePath.optional().describe('The exact path'),
  path_prefix: routePath
    .optional()
    .describe('The beginning of the path, by whole segments: `/a` is `/a` and `/a/b`, not `/ab`'),
  policy: name.describe('Name of the policy'),
})

export const routes = list(route).prefault([])

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset)
}

export type CredentialKind = (typeof CREDENTIAL_KINDS)[number]
export type PolicyConfig = z.output<typeof policy>
export type CookieConfig = z.output<typeof cookie>
export type StreamLeashConfig = z.output<typeof streamLeash>
export type WhenUnknown = z.output<typeof whenUnknown>
export type RouteConfig = z.output<typeof route>
