// The configuration as one schema: every key, its default and its meaning. One file per section beside this one.
// What single keys cannot know (references, contradictions, danger) is in rules/; reading a file is in load.ts.
import { z } from 'zod'
import { callers } from './callers.ts'
import { denylist } from './denylist.ts'
import { issuers } from './issuers.ts'
import { listen } from './listen.ts'
import { limits, log, shutdown } from './operations.ts'
import { policies, routes } from './policies.ts'
import { providers, tokenService } from './providers.ts'
import { signing } from './signing.ts'
import { name, section } from './values.ts'

/** The sections in the order in which they are documented and printed. */
const sections = {
  listen: listen.describe('Where the process answers. A service is switched on by its listener'),
  denylist: denylist.prefault({}).describe("Where revocations are kept, and how fresh this process's copy must be"),
  issuers: issuers.describe('Whose tokens are accepted'),
  signing: signing.optional().describe('The tokens that are minted here, and the own keys'),
  callers: callers.describe('Who may call the token service, and for what'),
  providers: providers.describe('Upstream identity providers'),
  token_service: tokenService.optional().describe('How a sidecar reaches the token service for upstream tokens'),
  policies: policies.describe('What a token must be like, by policy name'),
  default_policy: name
    .optional()
    .describe('Policy of requests that name none and match no route. Where absent, they are refused'),
  routes: routes.describe(
    'Which policy a request needs, for proxies that cannot send `context_extensions`. The first match counts',
  ),
  expose_reasons: z
    .boolean()
    .prefault(false)
    .describe('Put the exact reason of a denial into the response body, for development'),
  workers: z.int().min(1).max(256).prefault(1).describe('Processes that share the listeners'),
  log: log.describe('The log'),
  limits: limits.describe('Bounds that keep the process healthy'),
  shutdown: shutdown.describe('What happens between SIGTERM and the end'),
}

export const configSchema = section(sections)

/** A checked configuration: every default filled in, durations in milliseconds, frozen. */
export type Config = z.output<typeof configSchema>

/** The same without any section being required: what is left of a faulty file can still be checked. */
export const draftSchema = section({ ...sections, listen: sections.listen.optional() })

export type DraftConfig = z.output<typeof draftSchema>

export type { Address } from './address.ts'
export type {
  CallerConfig,
  CallerIdentityConfig,
  CallerIssueConfig,
  QuotaConfig,
  WorkloadJwtConfig,
} from './callers.ts'
export type { ClaimCondition } from './claims.ts'
export type { DenylistConfig, RedisConfig } from './denylist.ts'
export type { ForeignKeysConfig, IssuerConfig, IssuerKeysConfig } from './issuers.ts'
export type { ListenAddress, Listener, ServerTlsConfig } from './listen.ts'
export type { LimitsConfig, LogConfig, ShutdownConfig } from './operations.ts'
export type {
  CookieConfig,
  CredentialKind,
  PolicyConfig,
  RouteConfig,
  StreamLeashConfig,
  WhenUnknown,
} from './policies.ts'
export type { ProviderConfig, TokenServiceConfig } from './providers.ts'
export type { Secret } from './secret.ts'
export type { SigningConfig, SigningKeysConfig, TaskRuleConfig, TasksConfig } from './signing.ts'
