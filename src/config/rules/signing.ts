// Rules about `signing`: lifetimes that fit each other, and task types that can be minted and mistaken for nothing else.
import type { Draft } from '../draft.ts'
import type { Path } from '../problem.ts'
import type { TaskRuleConfig } from '../signing.ts'
import { dangling, type Rule, when } from './rule.ts'

const _KINDS_WITH_DEFAULT = ['access', 'transaction', 'upstream'] as const
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
]
