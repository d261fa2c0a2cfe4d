// Rules about `signing`: lifetimes that fit each other, and task types that can be minted and mistaken for nothing else.
import type { Draft } from '../draft.ts'
import type { Path } from '../problem.ts'
import type { TaskRuleConfig } from '../signing.ts'
import { taskLifetime } from './lifetimes.ts'
import { dangling, type Rule, when } from './rule.ts'

const KINDS_WITH_DEFAULT = ['access', 'transaction', 'upstream'] as const
const RULES: Path = ['signing', 'tasks', 'rules']

function taskRules({ config }: Draft): readonly TaskRuleConfig[] {
  return config.signing?.tasks.rules ?? []
}

function isUnconditional({ when: { scopes, claims } }: TaskRuleConfig): boolean {
  return scopes.length === 0 && claims.length === 0
}

/** Everything else that may stand in an `aud`, or looks like it. */
function audiences(draft: Draft): Set<string | undefined> {
  const { signing, policies, callers, issuers } = draft.config
  return new Set([
    ...Object.values(policies).flatMap((policy) => policy.audiences),
    ...callers.flatMap(({ client_id, identity }) => [client_id, 'jwt' in identity ? identity.jwt.audience : undefined]),
    ...issuers.map(({ issuer }) => issuer),
    signing?.issuer,
    signing?.access.audience,
    signing?.upstream?.audience,
    signing?.transaction?.trust_domain,
  ])
}

function taskTypes({ config }: Draft): { path: Path; type: string }[] {
  return [
    ...Object.keys(config.signing?.tasks.types ?? {}).map((type) => ({
      path: ['signing', 'tasks', 'types', type],
      type,
    })),
    ...Object.entries(config.policies).flatMap(([name, policy]) =>
      policy.task_types.map((type, index) => ({ path: ['policies', name, 'task_types', index], type })),
    ),
  ]
}

export const signingRules: readonly Rule[] = [
  {
    name: 'default_ttl_above_max',
    message: 'is above max_ttl',
    find: ({ config: { signing } }) =>
      KINDS_WITH_DEFAULT.flatMap((kind) => {
        const section = signing?.[kind]
        return when(section !== undefined && section.default_ttl > section.max_ttl, ['signing', kind, 'default_ttl'])
      }),
  },
  {
    name: 'task_type_is_audience',
    message: 'is also an audience, an issuer or a client id; a task type must be nothing else',
    find: (draft) => {
      const taken = audiences(draft)
      return taskTypes(draft).filter(({ type }) => taken.has(type))
    },
  },
  {
    name: 'task_rule_type_unknown',
    message: 'is no type of signing.tasks.types',
    find: (draft) => {
      const known = Object.keys(draft.config.signing?.tasks.types ?? {})
      return taskRules(draft).flatMap(({ types }, index) =>
        types.flatMap((type, at) => dangling(type, known, [...RULES, index, 'types', at])),
      )
    },
  },
  {
    name: 'task_rule_max_ttl_too_long',
    message: 'is above the maximum of every type the rule names, so it would never bite',
    find: (draft) => {
      const { signing } = draft.config
      return taskRules(draft).flatMap(({ types, max_ttl = 0 }, index) =>
        when(signing !== undefined && types.every((type) => max_ttl > taskLifetime(signing, type)), [
          ...RULES,
          index,
          'max_ttl',
        ]),
      )
    },
  },
  {
    name: 'task_rule_shadowed',
    message: 'is never reached: rules before it that ask for nothing cover all its types',
    find: (draft) =>
      taskRules(draft).flatMap(({ types }, index, all) => {
        const covered = all
          .slice(0, index)
          .filter(isUnconditional)
          .flatMap((rule) => rule.types)
        return when(
          types.every((type) => covered.includes(type)),
          [...RULES, index],
        )
      }),
  },
  {
    name: 'task_type_without_rule',
    message: 'is in no rule of signing.tasks.rules, so it could never be minted',
    find: (draft) => {
      const ruled = new Set(taskRules(draft).flatMap((rule) => rule.types))
      return Object.keys(draft.config.signing?.tasks.types ?? {}).flatMap((type) =>
        when(!ruled.has(type), ['signing', 'tasks', 'types', type]),
      )
    },
  },
]
