// One file per mistake in test/fixtures/config/mistakes, each with every line that it must be answered with.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { formatProblem, loadConfig, type SecretReader } from '../../../src/config/load.ts'
import { notBuilt } from '../../../src/config/not-built.ts'
import { rules } from '../../../src/config/rules.ts'

const FOLDER = new URL('../../fixtures/config/mistakes/', import.meta.url)

/** Line, column and words of every problem, in the order of the file. */
const mistakes: Readonly<Record<string, readonly string[]>> = {
  address_malformed: [
    '2:12 listen.check.address: must be unix:/path (at most 107 bytes) or host:port, an IPv6 host in brackets',
  ],
  address_twice: ['2:3 listen.admin: has the address of another listener'],
  algorithm_hmac: [
    '6:18 issuers[0].algorithms[0]: is never accepted: anybody who can verify such a token could make one (did you mean "RS512"?)',
  ],
  algorithm_none: [
    '6:25 issuers[0].algorithms[1]: is never accepted: anybody who can verify such a token could make one',
  ],
  algorithm_unknown: [
    '6:18 issuers[0].algorithms[0]: must be one of: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA (did you mean "RS256"?)',
  ],
  caller_audience_in_policy: [
    '13:59 callers[0].identity.jwt.audience: is an audience of tokens for Check, and such a token must never authenticate a caller',
  ],
  caller_identity_twice: ['15:5 callers[1].identity: is the identity of another caller'],
  caller_issuer_is_trusted: [
    '13:24 callers[0].identity.jwt.issuer: is an issuer of tokens for Check, and such a token must never authenticate a caller',
  ],
  caller_issuer_differs: [
    '15:17 callers[1].identity.jwt: must have the keys, algorithms and limits that another caller gives for the same issuer',
  ],
  caller_name_twice: ['14:5 callers[1].name: is the name of another caller'],
  caller_task_type_unknown: [
    '15:46 callers[0].issue.task_types[0]: is no type of signing.tasks.types (did you mean "WORKFLOW"?)',
  ],
  certificate_caller_without_client_ca: [
    '13:5 callers[0].identity: needs listen.tokens.tls with client_ca, or its certificate would not be asked for',
  ],
  check_without_policies: ['2:3 listen.check: needs policies: every request would be refused'],
  claim_condition_incomplete: [
    '8:62 policies.default.claims[0]: must have claim and exactly one of: equals, one_of, contains',
  ],
  claim_path_malformed: [
    '8:64 policies.default.claims[0].claim: must be claim names joined by dots, such as context.user.is_admin',
  ],
  client_certificate_incomplete: ['10:68 denylist.redis.tls: needs both cert and key, or neither'],
  command_timeout_too_long: [
    '10:67 denylist.redis.command_timeout: must be shorter than denylist.max_staleness, or one slow command would make every answer unknown',
  ],
  cookie_missing: ['8:3 policies.default: needs the section cookie for the credential cookie'],
  cookie_name_malformed: ['8:94 policies.default.cookie.name: must be a cookie name'],
  cookie_origin_malformed: [
    '8:104 policies.default.cookie.origins[0]: must be an origin such as https://portal.example, in lower case and without path',
  ],
  cookie_origin_plain: ['8:129 policies.default.cookie.origins[1]: must be https: plain http is for loopback'],
  cookie_unused: ['8:53 policies.default.cookie: has no effect: credentials does not list cookie'],
  credential_without_provider: [
    '8:3 policies.default: needs provider for the credentials combined and upstream_access',
    '8:67 policies.default.credentials[0]: is not available in this version',
  ],
  csrf_cookie_is_token: ['8:109 policies.default.cookie.csrf_cookie: must be another cookie than name'],
  csrf_header_unsafe: [
    '8:94 policies.default.cookie.csrf_header: proves nothing: any page can send this header, or it has a meaning of its own',
  ],
  default_policy_unknown: ['9:1 default_policy: is no policy (did you mean "default"?)'],
  default_policy_with_upstream: [
    '8:53 policies.default.upstream: is not available in this version',
    '9:1 default_policy: must not be a policy with upstream, or an upstream would get tokens by accident',
    '10:1 providers: is not available in this version',
  ],
  deny_status_success: [
    '8:68 policies.default.deny_status.token_expired: must be a 4xx or 5xx HTTP status that Envoy knows',
  ],
  deny_status_without_effect: [
    '8:68 policies.default.deny_status.policy_unknown: has no effect: this denial comes before a policy is known',
  ],
  duration_malformed: ['6:55 issuers[0].keys.refresh: must be a duration such as 30s, 15m or 4d'],
  duration_number: ['6:55 issuers[0].keys.refresh: must be a duration such as 30s, 15m or 4d'],
  duration_out_of_range: ['6:55 issuers[0].keys.refresh: must be from 1s to 7d'],
  epoch_retention_too_short: [
    '11:13 denylist.epoch_retention: must be at least the longest lifetime of a token plus its leeway, or revoking all tokens is forgotten too early',
  ],
  epoch_retention_too_short_for_task_type: [
    '1:1 denylist.epoch_retention: must be at least the longest lifetime of a token plus its leeway, or revoking all tokens is forgotten too early',
  ],
  identity_two_ways: ['13:5 callers[0].identity: must have exactly one of: spiffe, dns, jwt, local'],
  issuer_name_twice: ['7:5 issuers[1].name: is the name of another issuer'],
  issuer_twice: ['8:5 issuers[1].issuer: is configured by another entry already'],
  keys_no_source: ['6:5 issuers[0].keys: must have exactly one of: own, url, file (did you mean "url"?)'],
  keys_two_sources: ['6:5 issuers[0].keys: must have exactly one of: own, url, file'],
  leash_too_long: ['8:69 policies.default.stream_leash.at_most: must be from 1ms to 24h'],
  lifetime_in_fractions: ['6:5 issuers[0].max_lifetime: must be a whole number of seconds, from 1s to 3650d'],
  list_empty: ['8:53 policies.default.credentials: must not be empty'],
  listed_twice: ['8:58 policies.default.audiences[2]: is listed twice'],
  local_caller_without_private_socket: [
    '13:17 callers[0].identity.local: needs listen.tokens on a unix socket of mode "0600"',
  ],
  lookup_without_redis: ['10:13 denylist.mode: lookup needs store: redis'],
  many: [
    '2:53 listen.check.mdoe: unknown key (did you mean "mode"?)',
    '3:3 listen.http: needs tls: plaintext is for loopback and unix sockets',
    '7:13 issuers[0].keys.url: must be https: plain http is for loopback',
    '8:25 issuers[0].algorithms[1]: is never accepted: anybody who can verify such a token could make one',
    '8:31 issuers[0].algorithms[2]: is listed twice',
    '12:13 denylist.maxStaleness: unknown key (did you mean "max_staleness"?)',
    '12:31 denylist.store: must be one of: level, redis, memory (did you mean "redis"?)',
    '14:33 policies.default.issuers[1]: is no issuer (did you mean "other"?)',
    '14:41 policies.default.audience: unknown key (did you mean "audiences"?)',
    '15:3 policies.other: needs audiences or task_types: a token for anything must not be good here',
    '16:1 default_policy: is no policy (did you mean "default"?)',
    '18:7 routes[0].path: must start with "/" and be normalised: no query, fragment, backslash, empty or dot segment, encoded slash',
    '19:17 routes[1].policy: is no policy',
  ],
  max_stale_below_refresh: [
    '6:68 issuers[0].keys.max_stale: is shorter than refresh, so the keys would expire between two fetches',
  ],
  max_staleness_too_short: ['10:13 denylist.max_staleness: must be from 1s to 5m'],
  missing_key: ['4:5 issuers[0].issuer: is required'],
  missing_listen: [
    '1:1 listen: is required',
    '1:1 listen: has neither check nor tokens, so the process would have nothing to do',
  ],
  mode_not_quoted: ['2:53 listen.check.mode: must be a quoted octal file mode such as "0660"'],
  mode_on_tcp: ['2:39 listen.check.mode: applies to unix sockets only'],
  name_inherited: [
    '8:3 policies.constructor: is a name that JavaScript objects have already',
    '9:1 default_policy: is a name that JavaScript objects have already',
  ],
  name_malformed: [
    '8:3 policies["the default"]: must be 1 to 64 letters, digits, "_", "." or "-", and start with a letter or digit',
  ],
  not_a_boolean: ['8:53 policies.default.forward_credential: must be true or false'],
  not_a_list: ['8:14 policies.default.issuers: must be a list'],
  not_a_number: ['10:11 limits.concurrent_checks: must be a number'],
  not_a_text: ['4:5 issuers[0].name: must be a text'],
  not_available: [
    '8:53 policies.default.provider: is not available in this version',
    '8:71 policies.default.upstream: is not available in this version',
    '8:89 policies.default.shadow: is not available in this version',
    '9:71 policies.txn.credentials[1]: is not available in this version',
    '10:64 policies.azul.credentials[0]: is not available in this version',
    '10:74 policies.azul.credentials[1]: is not available in this version',
    '10:92 policies.azul.provider: is not available in this version',
    '11:62 policies.s3.credentials[0]: is not available in this version',
    '14:1 workers: is not available in this version',
    '15:1 providers: is not available in this version',
    '21:1 token_service: is not available in this version',
  ],
  not_available_in_tokens: [
    '9:11 signing.keys.kms: is not available in this version',
    '11:3 signing.transaction: is not available in this version',
    '12:3 signing.upstream: is not available in this version',
    '16:23 callers[0].issue.grants[0]: is not available in this version',
    '16:36 callers[0].issue.grants[1]: is not available in this version',
    '16:49 callers[0].issue.grants[2]: is not available in this version',
    '16:60 callers[0].issue.purposes: is not available in this version',
    '16:79 callers[0].issue.replace_expired_within: is not available in this version',
    '18:5 callers[0].enroll: is not available in this version',
    '19:5 callers[0].exchange: is not available in this version',
    '20:1 providers: is not available in this version',
  ],
  not_whole: ['10:11 limits.cached_tokens: must be a whole number'],
  nothing_listens: ['1:1 listen: has neither check nor tokens, so the process would have nothing to do'],
  number_out_of_range: ['10:11 limits.concurrent_checks: must be at least 1'],
  own_client_without_client_id: ['14:5 callers[0].revoke: own_client needs client_id'],
  own_issuer_differs: ['5:5 issuers[0].issuer: must equal signing.issuer, since its keys are our own'],
  own_issuer_with_other_keys: ['6:5 issuers[0].keys: must be { own: true }: this is the issuer of signing'],
  own_purpose_differs: ['6:5 issuers[0].purpose: must be { claim: pur, access: access }, as our own tokens carry it'],
  own_token_id_differs: ['6:5 issuers[0].token_id: must be jti, as our own tokens carry it'],
  own_without_signing: ['6:5 issuers[0].keys: own needs the section signing'],
  policy_issuer_unknown: ['8:24 policies.default.issuers[0]: is no issuer (did you mean "commons"?)'],
  policy_task_type_is_audience: [
    '8:66 policies.default.task_types[0]: is also an audience, an issuer or a client id; a task type must be nothing else',
  ],
  policy_without_audience: [
    '8:3 policies.default: needs audiences or task_types: a token for anything must not be good here',
  ],
  policy_without_issuers: ['8:3 policies.default: needs issuers: no token would be accepted'],
  posture_unknown: ['8:53 policies.default.when_unknown: must be deny, allow, or { allow_verified: <duration> }'],
  prototype_key: ['10:1 this is no key: JavaScript objects have it already'],
  prototype_key_inside: ['8:34 this is no key: JavaScript objects have it already'],
  provider_name_twice: [
    '10:1 providers: is not available in this version',
    '16:5 providers[1].name: is the name of another provider',
  ],
  provider_unknown: [
    '8:53 policies.default.provider: is not available in this version',
    '8:53 policies.default.provider: is no provider',
  ],
  purpose_malformed: ['6:5 issuers[0].purpose: must be none, or a mapping with claim and access'],
  reason_unknown: ['8:68 policies.default.deny_status.token_expird: unknown key (did you mean "token_expired"?)'],
  redis_missing: ['10:13 denylist.store: needs the section denylist.redis'],
  redis_two_ways: ['10:27 denylist.redis: must have exactly one of: url, sentinels, cluster'],
  redis_url_with_password: [
    '10:36 denylist.redis.url: must be redis://host:port or rediss://host:port, without user, password, query or fragment',
  ],
  route_host_malformed: [
    '11:15 routes[0].hosts[0]: must be a host name in lower case without port, or one that starts with "*."',
  ],
  route_method_malformed: ['11:17 routes[0].methods[0]: must be an HTTP method in upper case'],
  route_path_ambiguous: [
    '11:7 routes[0].path: must start with "/" and be normalised: no query, fragment, backslash, empty or dot segment, encoded slash',
  ],
  route_policy_unknown: ['11:17 routes[0].policy: is no policy (did you mean "default"?)'],
  route_shadowed: ['12:5 routes[1]: is never reached: an earlier route matches all its requests'],
  route_with_two_paths: ['11:5 routes[0]: must have path or path_prefix, not both'],
  secret_as_text: ['10:67 denylist.redis.password: must have exactly one of: file, env'],
  secret_file_missing: ['10:67 denylist.redis.password: the file cannot be read, or is empty'],
  secret_not_set: ['10:67 denylist.redis.password: the environment variable is not set, or empty'],
  secret_source_unknown: ['10:67 denylist.redis.password: must have exactly one of: file, env'],
  section_empty: ['7:1 policies: must be a mapping'],
  socket_path_too_long: [
    '2:12 listen.check.address: must be unix:/path (at most 107 bytes) or host:port, an IPv6 host in brackets',
  ],
  spiffe_malformed: ['13:17 callers[0].identity.spiffe: must be a SPIFFE id such as spiffe://domain/path'],
  stream_leash_empty: ['8:53 policies.default.stream_leash: needs token_expiry: true or at_most, or it has no effect'],
  subject_pattern_malformed: [
    '14:61 callers[0].issue.subjects[0]: must be "*", an exact text, or the beginning of one followed by "*"',
  ],
  task_rule_shadowed: [
    '15:9 signing.tasks.rules[1]: is never reached: rules before it that ask for nothing cover all its types',
  ],
  task_rule_type_unknown: [
    '13:33 signing.tasks.rules[0].types[1]: is no type of signing.tasks.types (did you mean "WORKFLOW"?)',
  ],
  task_type_is_audience: [
    '12:14 signing.tasks.types.gen3: is also an audience, an issuer or a client id; a task type must be nothing else',
  ],
  task_type_is_client_id: [
    '11:21 signing.tasks.types.portal: is also an audience, an issuer or a client id; a task type must be nothing else',
  ],
  task_types_denied: ['8:77 policies.default.deny_task_tokens: contradicts task_types'],
  tcp_without_tls: ['2:3 listen.check: needs tls: plaintext is for loopback and unix sockets'],
  text_with_control_character: ['8:46 policies.default.audiences[0]: must not be empty or contain control characters'],
  tokens_tcp_without_tls: [
    '2:3 listen.tokens: needs tls on every TCP address: whoever listens in would own the tokens',
  ],
  tokens_without_callers: ['2:3 listen.tokens: needs callers: nobody could use it'],
  tokens_without_signing: ['2:3 listen.tokens: needs the section signing'],
  transaction_type_as_bearer: ['6:18 issuers[0].types[1]: transaction tokens are never bearer tokens'],
  unknown_key: ['8:34 policies.default.audience: unknown key (did you mean "audiences"?)'],
  unknown_key_far: ['9:1 flavour: unknown key'],
  unknown_section: ['9:1 defaultPolicy: unknown key (did you mean "default_policy"?)'],
  url_with_password: ['6:13 issuers[0].keys.url: must not contain a user or a password'],
  url_without_https: ['6:13 issuers[0].keys.url: must be https: plain http is for loopback'],
  word_unknown: ['10:8 log.level: must be one of: debug, info, warn, error, silent (did you mean "warn"?)'],
  workers_without_redis: [
    '10:1 workers: is not available in this version',
    '10:1 workers: several processes need store: redis; the other stores belong to one process',
  ],
  yaml_alias_bomb: ['1:1 the aliases multiply to too many values'],
  yaml_circular_alias: ['8:49 an alias names no anchor before it, or one that contains it'],
  yaml_duplicate_key: ['10:1 this key is given twice'],
  yaml_empty: ['1:1 the file must be a mapping of sections'],
  yaml_key_not_text: ['10:3 keys must be plain texts'],
  yaml_list: ['1:1 the file must be a mapping of sections'],
  yaml_syntax: ['8:51 the indentation is wrong, or a closing bracket is missing'],
  yaml_tab: ['2:1 tabs cannot be used for indentation'],
  yaml_tag: ['8:45 tags are not used here'],
  yaml_two_documents: ['10:1 the file must contain one document only'],
}

/** Secrets whose name says so cannot be had. */
const readSecret: SecretReader = (source) => {
  const name = 'env' in source ? source.env : source.file
  return name === 'POSTERN_TEST_UNSET' || name.startsWith('/nowhere') ? undefined : 'a secret'
}

function problemsOf(name: string): string[] {
  const loaded = loadConfig(readFileSync(new URL(`${name}.yaml`, FOLDER), 'utf8'), { readSecret })
  return loaded.ok ? [] : loaded.reason.map((problem) => formatProblem(name, problem).slice(name.length + 1))
}

describe('each mistake is answered with exactly its problems', () => {
  test.each(Object.keys(mistakes))('%s', (name) => {
    expect(problemsOf(name)).toEqual(mistakes[name])
  })
})

test('every file of mistakes is in the table', () => {
  const files = readdirSync(FOLDER).map((file) => file.replace(/\.yaml$/, ''))
  expect(files.sort()).toEqual(Object.keys(mistakes).sort())
})

test.each(rules.map(({ name, message }) => ({ name, message })))(
  'rule $name has a file of its name that breaks it',
  (rule) => {
    const lines = mistakes[rule.name] ?? []
    expect(lines.some((line) => line.includes(`: ${rule.message}`))).toBe(true)
  },
)

test('no two rules have the same name', () => {
  const names = rules.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})

test.each(Object.keys(notBuilt))('%s has a file that asks for it', (pattern) => {
  const steps = pattern.split('.').map((step) => (step === '*' ? '(\\.[^.[]+|\\[[0-9]+\\])' : `\\.?${step}`))
  const path = new RegExp(`^[0-9:]+ ${steps.join('')}: is not available`)
  const lines = [...(mistakes['not_available'] ?? []), ...(mistakes['not_available_in_tokens'] ?? [])]
  expect(lines.filter((line) => path.test(line))).not.toEqual([])
})

test('a secret that was pasted into the wrong place is never repeated', () => {
  expect(JSON.stringify(mistakes)).not.toContain('hunter2')
})
