// The shape of a rule about the whole configuration, and small helpers that several rules share.
import type { Draft } from '../draft.ts'
import { nearest } from '../nearest.ts'
import type { Path } from '../problem.ts'

/** Where a rule is broken, and the name that was probably meant. */
export interface Breach {
  readonly path: Path
  readonly hint?: string | undefined
}

export interface RuleContext {
  readonly dev: boolean
}

export interface Rule {
  /** Stable name; the fixture that breaks the rule is called the same. */
  readonly name: string
  readonly message: string
  find(draft: Draft, context: RuleContext): readonly Breach[]
}

/** Entries whose key another entry before them has. An `undefined` key is never the same as another. */
export function repeated<T extends { readonly path: Path }>(
  entries: readonly T[],
  keyOf: (entry: T) => string | undefined,
): T[] {
  const seen = new Set<string>()
  return entries.filter((entry) => {
    const key = keyOf(entry)
    const again = key !== undefined && seen.has(key)
    if (key !== undefined) seen.add(key)
    return again
  })
}

/** The breach if it holds, as a list. */
export function when(holds: boolean, path: Path): Breach[] {
  return holds ? [{ path }] : []
}

/** A reference to something that does not exist. `known` undefined: what exists cannot be told. */
export function dangling(name: string, known: Iterable<string> | undefined, path: Path): Breach[] {
  if (known === undefined) return []
  const names = new Set(known)
  return names.has(name) ? [] : [{ path, hint: nearest(name, names) }]
}
