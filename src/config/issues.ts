// zod's issues → findings: constant words, the nearest known key, and for a union the alternative that was meant.
import type { z } from 'zod'
import { nearest } from './nearest.ts'
import type { Finding, Path } from './problem.ts'
import { alternativesAt, keysAt } from './schema-path.ts'
import { isMapping } from './yaml-source.ts'

type Issue = z.core.$ZodIssue

/** What zod calls a type, in the words of somebody who writes YAML. */
const typeNames: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
}

/** Words for issues whose schema has none of its own. */
function wording(issue: z.core.$ZodRawIssue): string {
  if (issue.code === 'invalid_type') return `must be ${typeNames[issue.expected] ?? 'something else'}`
  if (issue.code === 'invalid_value') return `must be ${oneOf(issue.values)}`
  if (issue.code === 'too_small') return `must be at least ${issue.minimum}`
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}`
  return 'is not valid'
}

function oneOf(values: readonly unknown[]): string {
  return `${values.length > 1 ? 'one of: ' : ''}${values.join(', ')}`
}

/** How every parse is done: in these words, and interpreted, since compiling pays only for what is parsed often. */
export const parsing = { error: wording, jitless: true }

const REQUIRED = 'is required'
const UNKNOWN_KEY = 'unknown key'

/** Every issue of a failed parse, explained with the schema and the value it was about. */
export function findingsOf(issues: readonly Issue[], schema: z.core.$ZodType, value: unknown): Finding[] {
  return issues.flatMap((issue) => explain(issue, [], schema, value))
}

export function isUnknownKey({ message }: Finding): boolean {
  return message === UNKNOWN_KEY
}

/** An unknown key was probably meant to be the one it resembles. */
export function meantKey(finding: Finding): Path | undefined {
  const { path, hint } = finding
  return isUnknownKey(finding) && hint !== undefined ? [...path.slice(0, -1), hint] : undefined
}

function explain(issue: Issue, base: Path, schema: z.core.$ZodType, root: unknown): Finding[] {
  const path = [...base, ...issue.path.map(segment)]
  const value = valueAt(root, path)
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path)
    return issue.keys.map((key) => ({ path: [...path, key], message: UNKNOWN_KEY, hint: nearest(key, known) }))
  }
  if (value === undefined) return [{ path, message: REQUIRED }]
  if (issue.code === 'invalid_union') return explainUnion(issue, path, schema, root)
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => ({ path, message }))
  return [{ path, message: issue.message, hint: meant(issue, value) }]
}

/** With exactly one alternative's keys present, its own issues say more than "none of these". */
function explainUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: Path,
  schema: z.core.$ZodType,
  root: unknown,
): Finding[] {
  const value = valueAt(root, path)
  const written = isMapping(value) ? Object.keys(value) : []
  const alternatives = alternativesAt(schema, path)
  const present = alternatives.flatMap((keys, index) => (keys.some((key) => written.includes(key)) ? [index] : []))
  const chosen = present.length === 1 ? issue.errors[present[0] ?? -1] : undefined
  if (chosen !== undefined) return chosen.flatMap((inner) => explain(inner, path, schema, root))
  const hint = present.length === 0 ? nearest(written[0] ?? '', alternatives.flat()) : undefined
  return [{ path, message: issue.message, hint }]
}

/** The allowed word that is near to what was written. */
function meant(issue: Issue, written: unknown): string | undefined {
  if (issue.code !== 'invalid_value' || typeof written !== 'string') return undefined
  return nearest(
    written,
    issue.values.filter((value) => typeof value === 'string'),
  )
}

function segment(key: PropertyKey): string | number {
  return typeof key === 'symbol' ? String(key) : key
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return value[Number(key)]
    return isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined
  }, root)
}
