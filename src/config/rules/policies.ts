// Rules about `policies` and `default_policy`: what they name exists, and none is open, shut or pointless by mistake.
import { isLoopback } from '../address.ts'
import type { Draft } from '../draft.ts'
import type { CredentialKind, PolicyConfig } from '../policies.ts'
import type { Path } from '../problem.ts'
import { type Breach, dangling, type Rule, when } from './rule.ts'

/** Kinds whose identity comes from a provider, so that issuers and audiences of ours say nothing about them. */
const PROVIDER_KINDS: readonly CredentialKind[] = ['combined', 'upstream_access']

/** Request headers a page of any origin may set (Fetch standard), or that mean something else already. */
const NO_CSRF_HEADERS = new Set([
  'accept',
  'accept-language',
  'authorization',
  'content-language',
  'content-type',
  'cookie',
  'host',
  'origin',
  'range',
  'referer',
  'txn-token',
])

/** Denials that come before a policy is known. */
const BEFORE_POLICY = ['policy_unmatched', 'policy_unknown'] as const

type FindIn = (policy: PolicyConfig, path: Path) => readonly Breach[]

function inPolicies(draft: Draft, find: FindIn): Breach[] {
  return Object.entries(draft.config.policies).flatMap(([name, policy]) => [...find(policy, ['policies', name])])
}

function usesOwnTokens({ credentials }: PolicyConfig): boolean {
  return credentials.some((kind) => !PROVIDER_KINDS.includes(kind))
}

function isPlainHttp(origin: string): boolean {
  const { protocol, hostname } = new URL(origin)
  return protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, ''))
}

export const policyRules: readonly Rule[] = [
  {
    name: 'policy_issuer_unknown',
    message: 'is no issuer',
    find: (draft) => {
      const known = draft.names('issuers')
      return inPolicies(draft, ({ issuers }, path) =>
        issuers.flatMap((name, index) => dangling(name, known, [...path, 'issuers', index])),
      )
    },
  },
  {
    name: 'policy_without_issuers',
    message: 'needs issuers: no token would be accepted',
    find: (draft) =>
      inPolicies(draft, (policy, path) => when(policy.issuers.length === 0 && usesOwnTokens(policy), path)),
  },
  {
    name: 'policy_without_audience',
    message: 'needs audiences or task_types: a token for anything must not be good here',
    find: (draft) =>
      inPolicies(draft, (policy, path) =>
        when(policy.audiences.length === 0 && policy.task_types.length === 0 && usesOwnTokens(policy), path),
      ),
  },
  {
    name: 'task_types_denied',
    message: 'contradicts task_types',
    find: (draft) =>
      inPolicies(draft, ({ deny_task_tokens, task_types }, path) =>
        when(deny_task_tokens && task_types.length > 0, [...path, 'deny_task_tokens']),
      ),
  },
  {
    name: 'cookie_missing',
    message: 'needs the section cookie for the credential cookie',
    find: (draft) =>
      inPolicies(draft, ({ credentials, cookie }, path) =>
        when(credentials.includes('cookie') && cookie === undefined, path),
      ),
  },
  {
    name: 'cookie_unused',
    message: 'has no effect: credentials does not list cookie',
    find: (draft) =>
      inPolicies(draft, ({ credentials, cookie }, path) =>
        when(cookie !== undefined && !credentials.includes('cookie'), [...path, 'cookie']),
      ),
  },
  {
    name: 'csrf_cookie_is_token',
    message: 'must be another cookie than name',
    find: (draft) =>
      inPolicies(draft, ({ cookie }, path) =>
        when(cookie !== undefined && cookie.csrf_cookie === cookie.name, [...path, 'cookie', 'csrf_cookie']),
      ),
  },
  {
    name: 'csrf_header_unsafe',
    message: 'proves nothing: any page can send this header, or it has a meaning of its own',
    find: (draft) =>
      inPolicies(draft, ({ cookie }, path) =>
        when(NO_CSRF_HEADERS.has(cookie?.csrf_header ?? ''), [...path, 'cookie', 'csrf_header']),
      ),
  },
  {
    name: 'cookie_origin_plain',
    message: 'must be https: plain http is for loopback',
    find: (draft) =>
      inPolicies(draft, ({ cookie }, path) =>
        (cookie?.origins ?? []).flatMap((origin, index) =>
          when(isPlainHttp(origin), [...path, 'cookie', 'origins', index]),
        ),
      ),
  },
  {
    name: 'stream_leash_empty',
    message: 'needs token_expiry: true or at_most, or it has no effect',
    find: (draft) =>
      inPolicies(draft, ({ stream_leash: leash }, path) =>
        when(leash !== undefined && !leash.token_expiry && leash.at_most === undefined, [...path, 'stream_leash']),
      ),
  },
  {
    name: 'deny_status_without_effect',
    message: 'has no effect: this denial comes before a policy is known',
    find: (draft) =>
      inPolicies(draft, ({ deny_status }, path) =>
        BEFORE_POLICY.flatMap((reason) => when(deny_status[reason] !== undefined, [...path, 'deny_status', reason])),
      ),
  },
  {
    name: 'credential_without_provider',
    message: 'needs provider for the credentials combined and upstream_access',
    find: (draft) =>
      inPolicies(draft, ({ credentials, provider }, path) =>
        when(provider === undefined && credentials.some((kind) => PROVIDER_KINDS.includes(kind)), path),
      ),
  },
  {
    name: 'default_policy_unknown',
    message: 'is no policy',
    find: (draft) => {
      const { default_policy: name } = draft.config
      return name === undefined ? [] : dangling(name, draft.names('policies'), ['default_policy'])
    },
  },
  {
    name: 'default_policy_with_upstream',
    message: 'must not be a policy with upstream, or an upstream would get tokens by accident',
    find: ({ config: { default_policy = '', policies } }) =>
      when(policies[default_policy]?.upstream !== undefined, ['default_policy']),
  },
]
