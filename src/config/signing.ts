// `signing`: the tokens this process mints: by which keys, for whom, for how long.
import { z } from 'zod'
import { claimCondition } from './claims.ts'
import { duration, lifetime } from './duration.ts'
import { exactlyOneOf, filePath, list, named, scope, section, someOf, text, webUrl } from './values.ts'

const keys = z.union(
  [
    section({
      directory: filePath.describe('Folder with `<kid>.pem` files and `states.yaml`; read again when it changes'),
    }),
    section({
      kms: section({
        key_id: text.describe('Key id, ARN or alias'),
        region: text.describe('AWS region'),
        endpoint: webUrl.optional().describe("Address of the KMS, where it is not the region's"),
      }).describe('An asymmetric signing key in AWS KMS'),
    }),
  ],
  exactlyOneOf('directory', 'kms'),
)

const access = section({
  audience: text.describe('`aud` of access tokens and API keys'),
  default_ttl: lifetime().prefault('1h').describe('Lifetime where the caller asks for none'),
  max_ttl: lifetime().prefault('1h').describe('Longest lifetime'),
})

const apiKey = section({
  max_ttl: lifetime().prefault('30d').describe('Longest lifetime, and the lifetime where the caller asks for none'),
  required_scopes: list(scope).prefault([]).describe('Scopes an API key must have before anything is minted from it'),
})

const taskType = section({
  max_ttl: lifetime().optional().describe('Longest lifetime of this type. Where absent, `signing.access.max_ttl`'),
})

const taskRule = section({
  types: someOf(text).describe('Task types this rule is about'),
  max_ttl: lifetime().optional().describe("Longest lifetime this rule allows. Where absent, the type's own"),
  when: section({
    scopes: list(scope).prefault([]).describe('Scopes the API key must have'),
    claims: list(claimCondition).prefault([]).describe('Conditions on the claims of the API key'),
  })
    .prefault({})
    .describe('What must hold for the rule to apply'),
})

const tasks = section({
  default_scopes: list(scope)
    .prefault(['fence', 'openid', 'user'])
    .describe('Scopes of a task token, as far as its API key has them'),
  types: named(taskType).prefault({}).describe('The task types there are'),
  rules: list(taskRule)
    .prefault([])
    .describe('Who may have which type for how long: the first rule that matches. None matches: refused'),
})

const transaction = section({
  trust_domain: text.describe('`aud` of transaction tokens'),
  default_ttl: lifetime().prefault('1m').describe('Lifetime where the caller asks for none'),
  max_ttl: lifetime().prefault('5m').describe('Longest lifetime'),
  max_replacements: z.int().min(0).max(1000).prefault(10).describe("How often one transaction's token may be replaced"),
  max_total: lifetime().prefault('30d').describe('How long one transaction may last, replacements included'),
})

const upstream = section({
  audience: text.describe('`aud` of tokens that stand for an upstream identity'),
  default_ttl: lifetime().prefault('7d').describe('Lifetime where the caller asks for none'),
  max_ttl: lifetime('30d').prefault('30d').describe('Longest lifetime'),
})

export const signing = section({
  issuer: text.describe('`iss` of every token minted here'),
  keys: keys.describe('The signing keys'),
  jwks_max_age: duration({ min: '0s', max: '1d' })
    .prefault('5m')
    .describe(
      'How long others may keep the JWKS (`Cache-Control`). A key is promoted only after it has been published that long',
    ),
  ttl_policy: z
    .enum(['cap', 'reject'])
    .prefault('cap')
    .describe('A lifetime above the maximum: `cap` shortens it, `reject` refuses the request'),
  clamp_to_api_key: z
    .boolean()
    .prefault(false)
    .describe('Shorten a token that would outlive its API key, instead of refusing the request'),
  access: access.describe('Access tokens'),
  api_key: apiKey.prefault({}).describe('API keys'),
  tasks: tasks.prefault({}).describe('Task tokens'),
  transaction: transaction.optional().describe('Transaction tokens'),
  upstream: upstream.optional().describe('Tokens that stand for an upstream identity'),
  revocable: list(z.enum(['access']))
    .prefault([])
    .describe('Kinds that `Revoke` takes besides API keys, refresh, task, session, upstream and transaction tokens'),
})

export type SigningConfig = z.output<typeof signing>
export type SigningKeysConfig = z.output<typeof keys>
export type TasksConfig = z.output<typeof tasks>
export type TaskRuleConfig = z.output<typeof taskRule>
