// What the schema knows already and the program cannot do yet. Building such a part ends with deleting its row here.
// Works on the file as written, so that it reports together with every other problem.
import type { Finding, Path } from './problem.ts'
import { isMapping } from './yaml-source.ts'

const NOT_AVAILABLE = 'is not available in this version'

type Test = (value: unknown) => boolean

const given: Test = (value) => value !== undefined && value !== null
const notEmpty: Test = (value) => Array.isArray(value) && value.length > 0
const isTrue: Test = (value) => value === true
const moreThanOne: Test = (value) => typeof value === 'number' && value > 1
const among =
  (...refused: readonly unknown[]): Test =>
  (value) =>
    refused.includes(value)

/** Path (`*` stands for any key or index) → which of its values are not available. */
export const notBuilt: Readonly<Record<string, Test>> = {
  'denylist.mode': among('lookup'),
  'denylist.redis.sentinels': given,
  'denylist.redis.cluster': given,
  'denylist.redis.heal': isTrue,
  'signing.keys.kms': given,
  'signing.transaction': given,
  'signing.upstream': given,
  'callers.*.issue.grants.*': among('transaction', 'replacement', 'upstream'),
  'callers.*.issue.purposes': notEmpty,
  'callers.*.issue.replace_expired_within': given,
  'callers.*.revoke_all': notEmpty,
  'callers.*.enroll': notEmpty,
  'callers.*.exchange': notEmpty,
  providers: notEmpty,
  token_service: given,
  'policies.*.credentials.*': among('txn_token', 'combined', 'upstream_access', 'sigv4'),
  'policies.*.when_unknown': (value) => value === 'allow' || isMapping(value),
  'policies.*.provider': given,
  'policies.*.upstream': given,
  'policies.*.shadow': isTrue,
  workers: moreThanOne,
}

export function findNotBuilt(source: unknown): Finding[] {
  return Object.entries(notBuilt).flatMap(([pattern, test]) =>
    select(source, pattern.split('.'), [])
      .filter(({ value }) => test(value))
      .map(({ path }) => ({ path, message: NOT_AVAILABLE })),
  )
}

interface Selected {
  readonly path: Path
  readonly value: unknown
}

/** Every value that the pattern leads to. */
function select(value: unknown, pattern: readonly string[], path: Path): Selected[] {
  const [step, ...rest] = pattern
  if (step === undefined) return [{ path, value }]
  return childrenOf(value)
    .filter(([key]) => step === '*' || step === key)
    .flatMap(([key, child]) => select(child, rest, [...path, key]))
}

function childrenOf(value: unknown): [string | number, unknown][] {
  if (Array.isArray(value)) return [...value.entries()]
  return isMapping(value) ? Object.entries(value) : []
}
