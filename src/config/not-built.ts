// What the schema knows already and the program cannot do yet. Building such a part ends with deleting its row here.
// Works on the file as written, so that it reports together with every other problem.
import type { Finding, Path } from './problem.ts'
import { isMapping } from './yaml-source.ts'

const NOT_AVAILABLE = 'is not available in this version'

/** Which values are meant: in words, for the reference, and as a test. */
interface Unavailable {
  readonly what: string
  readonly test: (value: unknown) => boolean
}

const anything: Unavailable = { what: '', test: (value) => value !== undefined && value !== null }
const anyItem: Unavailable = { what: '', test: (value) => Array.isArray(value) && value.length > 0 }
const turnedOn: Unavailable = { what: 'true', test: (value) => value === true }

function values(...unavailable: readonly string[]): Unavailable {
  return { what: unavailable.join(', '), test: (value) => unavailable.some((one) => one === value) }
}

/** Path (`*` stands for any key or index) → which of its values are not available. */
export const notBuilt: Readonly<Record<string, Unavailable>> = {
  'signing.keys.kms': anything,
  'signing.transaction': anything,
  'signing.upstream': anything,
  'callers.*.issue.grants.*': values('transaction', 'replacement', 'upstream'),
  'callers.*.issue.purposes': anyItem,
  'callers.*.issue.replace_expired_within': anything,
  'callers.*.enroll': anyItem,
  'callers.*.exchange': anyItem,
  providers: anyItem,
  token_service: anything,
  'policies.*.credentials.*': values('combined', 'upstream_access', 'sigv4'),
  'policies.*.provider': anything,
  'policies.*.upstream': anything,
  'policies.*.shadow': turnedOn,
  workers: { what: '2 and more', test: (value) => typeof value === 'number' && value > 1 },
}

export function findNotBuilt(source: unknown): Finding[] {
  return Object.entries(notBuilt).flatMap(([pattern, { test }]) =>
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
