// Rules about `providers`: every provider once, and none named that does not exist.
import type { Draft } from '../draft.ts'
import type { Path } from '../problem.ts'
import { dangling, type Rule, repeated } from './rule.ts'

interface Reference {
  readonly path: Path
  readonly name: string
}

function references(draft: Draft): Reference[] {
  const policies = Object.entries(draft.config.policies).flatMap(([policy, { provider, upstream }]) => [
    ...(provider === undefined ? [] : [{ path: ['policies', policy, 'provider'], name: provider }]),
    ...(upstream === undefined ? [] : [{ path: ['policies', policy, 'upstream'], name: upstream }]),
  ])
  const callers = draft
    .entries('callers')
    .flatMap(({ path, value: { enroll, exchange } }) => [
      ...enroll.map((name, index) => ({ path: [...path, 'enroll', index], name })),
      ...exchange.map((name, index) => ({ path: [...path, 'exchange', index], name })),
    ])
  return [...policies, ...callers]
}

export const providerRules: readonly Rule[] = [
  {
    name: 'provider_name_twice',
    message: 'is the name of another provider',
    find: (draft) =>
      repeated(draft.entries('providers'), ({ value }) => value.name).map(({ path }) => ({ path: [...path, 'name'] })),
  },
  {
    name: 'provider_unknown',
    message: 'is no provider',
    find: (draft) => {
      const known = draft.names('providers')
      return references(draft).flatMap(({ path, name }) => dangling(name, known, path))
    },
  },
]
