// Policies and routes of the configuration → the form that a Check reads: names resolved, lists made sets, conditions
// made functions. References that lead nowhere were refused when the configuration was loaded.
import { isDeepStrictEqual } from 'node:util'
import type { ClaimCondition as ClaimConfig, Config, PolicyConfig, RouteConfig } from '../config/schema.ts'
import type { TrustedIssuer } from '../tokens/port.ts'
import { type DenialReason, denials } from './denials.ts'
import { normalisePath } from './path.ts'
import {
  type ClaimCondition,
  type CompiledPolicy,
  type CredentialKind,
  createPolicies,
  type Policies,
  type Posture,
  type Route,
  type TransactionPolicy,
} from './policy.ts'

/** What Fence's browsers send; stripped even where no policy takes it for a credential. */
const DEFAULT_COOKIE = 'access_token'

type PolicySections = Pick<Config, 'policies' | 'routes' | 'default_policy' | 'expose_reasons'>

/** `issuers`: by configured name. */
export function compilePolicies(config: PolicySections, issuers: ReadonlyMap<string, TrustedIssuer>): Policies {
  const cookies = Object.values(config.policies).flatMap(({ cookie }) => (cookie === undefined ? [] : [cookie.name]))
  const shared = {
    issuers,
    exposeReasons: config.expose_reasons,
    credentialCookies: new Set([DEFAULT_COOKIE, ...cookies]),
  }
  const byName = new Map(
    Object.entries(config.policies).map(([name, policy]) => [name, compilePolicy(name, policy, shared)]),
  )
  return createPolicies({
    byName,
    routes: config.routes.map((route) => compileRoute(route, byName)),
    defaultPolicy: config.default_policy === undefined ? undefined : resolve(byName, config.default_policy),
  })
}

interface Shared {
  readonly issuers: ReadonlyMap<string, TrustedIssuer>
  readonly exposeReasons: boolean
  readonly credentialCookies: ReadonlySet<string>
}

function compilePolicy(name: string, policy: PolicyConfig, shared: Shared): CompiledPolicy {
  const { cookie, stream_leash: leash } = policy
  const compiled: CompiledPolicy = {
    name,
    issuers: new Map(
      policy.issuers.map((issuer) => resolve(shared.issuers, issuer)).map((issuer) => [issuer.issuer, issuer]),
    ),
    audiences: new Set(policy.audiences),
    taskTypes: new Set(policy.task_types),
    denyTaskTokens: policy.deny_task_tokens,
    scopes: policy.scopes,
    claims: policy.claims.map(compileCondition),
    credentials: new Set(policy.credentials.filter(isSupported)),
    cookie:
      cookie === undefined || !policy.credentials.includes('cookie')
        ? undefined
        : {
            name: cookie.name,
            csrfCookie: cookie.csrf_cookie,
            csrfHeader: cookie.csrf_header,
            origins: new Set(cookie.origins),
          },
    credentialCookies: shared.credentialCookies,
    forwardCredential: policy.forward_credential,
    anonymous: policy.anonymous === 'allow',
    preflight: policy.preflight === 'allow',
    whenUnknown: compilePosture(policy.when_unknown),
    leash: leash && { tokenExpiry: leash.token_expiry, atMostMs: leash.at_most },
    denyStatus: new Map(Object.entries(policy.deny_status).flatMap(([reason, code]) => statusRow(reason, code))),
    exposeReasons: policy.expose_reasons ?? shared.exposeReasons,
  }
  return compiled.credentials.has('txn_token') ? { ...compiled, transaction: forTransactions(compiled) } : compiled
}

const TRANSACTION_TYPES: ReadonlySet<string> = new Set(['txntoken+jwt'])

/** Transaction tokens have no purpose: their type is what tells them from others. */
function forTransactions(policy: CompiledPolicy): TransactionPolicy {
  const issuers = [...policy.issuers].map(([iss, issuer]): [string, TrustedIssuer] => [
    iss,
    { ...issuer, types: TRANSACTION_TYPES, purpose: undefined },
  ])
  return { ...policy, issuers: new Map(issuers), taskTypes: new Set(), requires: 'transaction' }
}

function compilePosture(posture: PolicyConfig['when_unknown']): Posture {
  return typeof posture === 'string' ? { kind: posture } : { kind: 'allow_verified', forMs: posture.allow_verified }
}

function isSupported(kind: string): kind is CredentialKind {
  return kind === 'bearer' || kind === 'cookie' || kind === 'txn_token'
}

function statusRow(reason: string, code: number | undefined): [DenialReason, number][] {
  return isReason(reason) && code !== undefined ? [[reason, code]] : []
}

function isReason(reason: string): reason is DenialReason {
  return Object.hasOwn(denials, reason)
}

/** A missing claim meets no condition. */
export function compileCondition(condition: ClaimConfig): ClaimCondition {
  return { path: condition.claim.split('.'), holds: compileTest(condition) }
}

function compileTest(condition: ClaimConfig): (value: unknown) => boolean {
  if ('equals' in condition) return (value) => isDeepStrictEqual(value, condition.equals)
  if ('one_of' in condition) return (value) => condition.one_of.some((expected) => isDeepStrictEqual(value, expected))
  return (value) => Array.isArray(value) && value.includes(condition.contains)
}

function compileRoute(route: RouteConfig, byName: ReadonlyMap<string, CompiledPolicy>): Route {
  const { hosts, methods } = route
  return {
    matchesHost: (host) => hosts.length === 0 || hosts.some((pattern) => isHost(host, pattern)),
    matchesMethod: (method) => methods.length === 0 || methods.includes(method),
    matchesPath: pathTest(route),
    policy: resolve(byName, route.policy),
  }
}

/** `*.example.com` is any name below example.com, not example.com itself. */
function isHost(host: string, pattern: string): boolean {
  return pattern.startsWith('*.')
    ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1
    : host === pattern
}

/** By whole segments: `/a` is `/a` and `/a/b`, never `/ab`. */
function pathTest({ path: exact, path_prefix: prefix }: RouteConfig): (path: string) => boolean {
  if (exact !== undefined) {
    const normal = routePath(exact)
    return (path) => path === normal
  }
  if (prefix === undefined) return () => true
  const normal = routePath(prefix)
  const folder = normal.endsWith('/') ? normal : `${normal}/`
  return (path) => path === normal || path.startsWith(folder)
}

/** In the spelling that requests are compared in; a route that no request can match would leave its paths to others. */
function routePath(path: string): string {
  const normal = normalisePath(path)
  if (normal === undefined) throw new Error(`No request can have the path "${path}" of a route`)
  return normal
}

function resolve<T>(byName: ReadonlyMap<string, T>, name: string): T {
  const found = byName.get(name)
  if (found === undefined) throw new Error(`The configuration names "${name}", which is not in it`)
  return found
}
