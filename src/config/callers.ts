// `callers`: who may call the token service, how they are recognised and what each may do. The default is nothing.
import { z } from 'zod'
import { duration, lifetime } from './duration.ts'
import { algorithms, foreignKeys } from './issuers.ts'
import { exactlyOneOf, list, name, scope, section, text } from './values.ts'

const SPIFFE_MESSAGE = 'must be a SPIFFE id such as spiffe://domain/path'
const DNS_MESSAGE = 'must be a DNS name'

const jwt = section({
  issuer: text.describe('The exact `iss`'),
  audience: text.describe('Value that `aud` must contain'),
  subject: text.describe('The exact `sub`'),
  keys: foreignKeys.describe('Where the keys of these tokens come from'),
  algorithms,
  leeway: duration({ min: '0s', max: '5m' }).prefault('30s').describe('How far in the future `iat` and `nbf` may lie'),
  max_lifetime: lifetime().prefault('24h').describe('Longest accepted time from `iat` to `exp`'),
})

const identity = z.union(
  [
    section({
      spiffe: z
        .string()
        .max(2048)
        .regex(/^spiffe:\/\/[a-z0-9._-]{1,255}(\/[A-Za-z0-9._-]+)+$/, SPIFFE_MESSAGE)
        .describe('SPIFFE id (URI name) of the client certificate'),
    }),
    section({
      dns: z
        .string()
        .max(253)
        .regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/, DNS_MESSAGE)
        .describe('DNS name of the client certificate; no wildcards'),
    }),
    section({ jwt: jwt.describe('A workload JWT in the gRPC metadata `authorization`') }),
    section({ local: z.literal(true).describe('Whoever can open the unix socket of mode "0600"') }),
  ],
  exactlyOneOf('spiffe', 'dns', 'jwt', 'local'),
)

const PATTERN_MESSAGE = 'must be "*", an exact text, or the beginning of one followed by "*"'

/** `*`, an exact text, or a beginning followed by `*`. */
const pattern = text.regex(/^(\*|[^*]+\*?)$/, PATTERN_MESSAGE)

const issue = section({
  grants: list(z.enum(['api_key', 'subject', 'transaction', 'replacement', 'upstream']))
    .prefault([])
    .describe('Grants the caller may use'),
  kinds: list(z.enum(['access', 'api_key']))
    .prefault([])
    .describe('Kinds it may mint by the `subject` grant'),
  task_types: list(pattern).prefault([]).describe('Task types it may ask for; `"*"` is all'),
  subjects: list(pattern)
    .prefault([])
    .describe('Subjects it may mint for: exact, a beginning followed by `*`, or `"*"`'),
  scopes: list(scope).prefault([]).describe('Scopes it may ask for; `"*"` is all'),
  user: z.boolean().prefault(false).describe('May put a `user` object into tokens'),
  max_ttl: lifetime().optional().describe('Longest lifetime it may ask for. Where absent, the maximum of the kind'),
  purposes: list(text).prefault([]).describe('Purposes it may ask for without a subject token'),
  replace_expired_within: lifetime()
    .optional()
    .describe(
      'How long after its expiry a transaction token may still be replaced by this caller, for its `purposes` only',
    ),
})

const quota = section({
  per_second: z.number().positive().max(1_000_000).prefault(1000).describe('Calls a second, sustained'),
  burst: z.int().min(1).max(1_000_000).prefault(5000).describe('Calls at once'),
  subject_per_second: z
    .number()
    .positive()
    .max(1_000_000)
    .prefault(100)
    .describe('Calls a second for one subject, sustained'),
  subject_burst: z
    .int()
    .min(1)
    .max(1_000_000)
    .prefault(2000)
    .describe('Calls at once for one subject; a scheduler mints for a whole workflow at a time'),
})

const caller = section({
  name: name.describe('What logs, metrics and the audit call it'),
  identity: identity.describe('How it is recognised'),
  client_id: text.optional().describe('Its client id: `azp` of the tokens it may revoke as `own_client`'),
  issue: issue.prefault({}).describe('What it may mint. Where absent, nothing'),
  revoke: z
    .enum(['none', 'on_behalf', 'own_client', 'any'])
    .prefault('none')
    .describe(
      '`on_behalf`: tokens of a user who hands in one of their own. `own_client`: tokens of its `client_id`. `any`: all, also by `jti`',
    ),
  revoke_all: list(z.enum(['subject', 'client_id', 'key_id', 'transaction']))
    .prefault([])
    .describe('Targets of `RevokeAll` it may name'),
  enroll: list(name).prefault([]).describe('Providers it may enrol users with'),
  exchange: list(name).prefault([]).describe('Providers whose access tokens it may fetch'),
  quota: quota
    .prefault({})
    .describe('How often it may call, so that nobody fills the denylist by minting and revoking'),
})

export const callers = list(caller).prefault([])

export type CallerConfig = z.output<typeof caller>
export type CallerIdentityConfig = z.output<typeof identity>
export type WorkloadJwtConfig = z.output<typeof jwt>
export type CallerIssueConfig = z.output<typeof issue>
export type QuotaConfig = z.output<typeof quota>
