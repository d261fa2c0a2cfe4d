// The fixture that the upstream tests run in (tests/test-fence-config.yaml), as a configuration of ours: one commons, its
// task types, its lifetimes; and, as callers and rules, what their OAuth clients, users and Arborist stand for.
import { stringify } from 'yaml'
import { loadConfig } from '../../../src/config/load.ts'
import type { Config } from '../../../src/config/schema.ts'

/** Seconds; when every house opens, and START_MS of the fake clock. */
export { NOW } from '../tokens.ts'

export const ISSUER = 'http://localhost/user'
/** Another commons: configured, and trusted by some policies only. */
export const PARTNER = 'https://partner.example/user'

export const MAX_ACCESS = 3600
export const MAX_FOO = 4000
export const MAX_API_KEY = 2_592_000

/** `alg` is pinned, as it is upstream. */
const issuers = [
  { name: 'fence', issuer: ISSUER, keys: { own: true }, algorithms: ['RS256'] },
  { name: 'partner', issuer: PARTNER, keys: { file: 'partner-jwks.json' }, algorithms: ['ES256'], purpose: 'none' },
]

/** Arborist's grants: who has none is refused, an exact lifetime is an upper bound here (C3). */
const tasks = {
  default_scopes: ['fence', 'openid', 'user'],
  types: {
    FOO: { max_ttl: `${MAX_FOO}s` },
    NOT_IN_CONFIG: {},
    NOT_IN_MAPPING: {},
    BLANKET_ACCESS_NOT_IN_CONFIG: {},
    TASK_TOKEN_TYPE_WITH_FIXED_EXPIRATION: {},
    WRONG_METHOD: {},
    SHORT: { max_ttl: '100s' },
  },
  rules: [
    { types: ['FOO', 'NOT_IN_CONFIG', 'BLANKET_ACCESS_NOT_IN_CONFIG', 'SHORT'] },
    { types: ['TASK_TOKEN_TYPE_WITH_FIXED_EXPIRATION'], max_ttl: '200s' },
    { types: ['WRONG_METHOD', 'NOT_IN_MAPPING'], when: { scopes: ['granted-to-nobody'] } },
  ],
}

const signing = {
  issuer: ISSUER,
  keys: { directory: './keys' },
  access: { audience: 'gen3', default_ttl: `${MAX_ACCESS}s`, max_ttl: `${MAX_ACCESS}s` },
  api_key: { max_ttl: `${MAX_API_KEY}s`, required_scopes: ['fence'] },
  tasks,
}

const spiffe = (name: string) => ({ spiffe: `spiffe://commons/${name}` })

/** USER_ALLOWED_SCOPES: `credentials` is not among them. */
const userScopes = ['fence', 'openid', 'user', 'data', 'google_link', 'google_credentials']

/** `portal` is Fence's front end with a user behind it, `client` an OAuth client, `admin` whom Arborist lets delete. */
const callers = [
  {
    name: 'portal',
    identity: spiffe('portal'),
    issue: {
      grants: ['api_key', 'subject'],
      kinds: ['access', 'api_key'],
      task_types: ['*'],
      subjects: ['*'],
      scopes: userScopes,
      user: true,
    },
    revoke: 'on_behalf',
  },
  { name: 'client', identity: spiffe('client'), client_id: 'test-client', revoke: 'own_client' },
  { name: 'admin', identity: spiffe('admin'), revoke: 'any' },
  { name: 'bystander', identity: spiffe('bystander') },
]

const fence = { issuers: ['fence'] }

const policies = {
  gen3: { ...fence, audiences: ['gen3'] },
  /** Before 13.2.0 the audience was the base URL, and Fence still takes it. */
  legacy: { ...fence, audiences: ['gen3', ISSUER] },
  baz: { ...fence, audiences: ['baz'] },
  foo: { ...fence, task_types: ['FOO'] },
  gen3_or_foo: { ...fence, audiences: ['gen3'], task_types: ['FOO'] },
  no_tasks: { ...fence, audiences: ['gen3'], deny_task_tokens: true },
  scoped: { ...fence, audiences: ['gen3'], scopes: ['openid', 'user'] },
  open: { ...fence, audiences: ['gen3'], anonymous: 'allow' },
  /** As the FastAPI layer of authutils answers. */
  all_403: { ...fence, audiences: ['gen3'], deny_status: { audience_mismatch: 403, issuer_unknown: 403 } },
  partner: { issuers: ['partner'], audiences: ['gen3'] },
  both: { issuers: ['fence', 'partner'], audiences: ['gen3'] },
  browser: {
    ...fence,
    audiences: ['gen3'],
    credentials: ['bearer', 'cookie'],
    cookie: { origins: ['https://portal.example'] },
  },
}

export type PolicyName = keyof typeof policies

/** `nobody` proves no identity. */
export type CallerName = 'portal' | 'client' | 'admin' | 'bystander' | 'nobody'

export interface HouseChanges {
  /** Keys of `signing` to be changed. */
  readonly signing?: Readonly<Record<string, unknown>>
}

/** The text of the file; `more` is another policy, named `other`. */
export function configText(changes: HouseChanges = {}, more?: Readonly<Record<string, unknown>>): string {
  const tls = { cert: 'tls.crt', key: 'tls.key', client_ca: 'ca.crt' }
  return stringify(
    {
      listen: { check: { address: '127.0.0.1:9191' }, tokens: { address: '127.0.0.1:9192', tls } },
      denylist: { store: 'memory' },
      issuers,
      signing: { ...signing, ...changes.signing },
      callers,
      policies: { ...policies, ...(more && { other: more }) },
    },
    { aliasDuplicateObjects: false },
  )
}

const configs = new Map<string, Config>()

/** Loaded once: that costs more than most cases, and a configuration never changes. */
export function houseConfig(changes: HouseChanges): Config {
  const key = JSON.stringify(changes)
  const config = configs.get(key) ?? load(configText(changes))
  configs.set(key, config)
  return config
}

function load(text: string): Config {
  const loaded = loadConfig(text)
  if (loaded.ok) return loaded.value
  throw new Error(`The fixture is no configuration: ${loaded.reason.map(({ path, message }) => `${path} ${message}`)}`)
}
