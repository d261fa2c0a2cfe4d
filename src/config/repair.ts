// A second look at faulty entries: they are parsed without their faulty keys, so that rules can still judge the rest of
// them. Whatever a rule reads of a missing key is noted, since a conclusion drawn from it would be a guess.
import { type Draft, hasEntries, soundDraft } from './draft.ts'
import { findingsOf, isUnknownKey, meantKey, parsing } from './issues.ts'
import type { Finding, Path } from './problem.ts'
import { draftSchema } from './schema.ts'
import { Secret } from './secret.ts'
import { isMapping } from './yaml-source.ts'

export interface RepairedDraft {
  readonly draft: Draft
  /** What `find` found, unless it read anything that the file says wrongly: then it would be a guess. */
  surely<T>(find: (draft: Draft) => readonly T[]): readonly T[]
}

/** `findings`: what is wrong with single keys of the file. */
export function repairedDraft(
  source: Readonly<Record<string, unknown>>,
  findings: readonly Finding[],
): RepairedDraft | undefined {
  const cuts = findings.map(({ path }) => cutOf(path)).filter((path) => path !== undefined)
  const repaired = cutAll(source, cuts)
  const state = { guessed: false }
  const draft = soundDraft(repaired, faultsLeftIn(repaired), (config, original) =>
    watch(config, {
      path: [],
      unknown: findings.flatMap(notKnown),
      original,
      onGuess: () => {
        state.guessed = true
      },
    }),
  )
  return (
    draft && {
      draft,
      surely: (find) => {
        state.guessed = false
        const found = find(draft)
        return state.guessed ? [] : found
      },
    }
  )
}

/** What the file leaves open: the value of a faulty key, and of the key that an unknown one was meant to be. */
function notKnown(finding: Finding): Path[] {
  const cut = cutOf(finding.path)
  if (cut === undefined) return []
  const isKey = isUnknownKey(finding) && cut.length === finding.path.length
  return [isKey ? (meantKey(finding) ?? cut.slice(0, -1)) : cut]
}

/** Without its faulty keys an entry may lack one that is required. */
function faultsLeftIn(repaired: unknown): Finding[] {
  const parsed = draftSchema.safeParse(repaired, parsing)
  return parsed.success ? [] : findingsOf(parsed.error.issues, draftSchema, repaired)
}

/** The key to leave out: the last one outside of lists, since leaving out an item would move its neighbours. */
function cutOf(path: Path): Path | undefined {
  const first = hasEntries(path[0]) ? 2 : 1
  const list = path.findIndex((segment, index) => index >= first && typeof segment === 'number')
  const cut = list === -1 ? path : path.slice(0, list)
  return cut.length > first ? cut : undefined
}

function cutAll(source: Readonly<Record<string, unknown>>, cuts: readonly Path[]): Readonly<Record<string, unknown>> {
  const result = without(source, cuts)
  return isMapping(result) ? result : source
}

function without(value: unknown, cuts: readonly Path[]): unknown {
  if (cuts.length === 0) return value
  if (Array.isArray(value)) return value.map((item, index) => without(item, below(cuts, index)))
  if (!isMapping(value)) return value
  const kept = Object.entries(value).filter(([key]) => !below(cuts, key).some((rest) => rest.length === 0))
  return Object.fromEntries(kept.map(([key, item]) => [key, without(item, below(cuts, key))]))
}

/** What remains of the paths that lead through this key. */
function below(paths: readonly Path[], key: string | number): Path[] {
  return paths.filter(([first]) => first === key).map((path) => path.slice(1))
}

interface Watch {
  readonly path: Path
  readonly unknown: readonly Path[]
  readonly original: Draft['original']
  readonly onGuess: () => void
}

/** A copy that tells when something is read whose value in the file is not known. */
function watch<T>(value: T, at: Watch): T {
  // the copy has the keys and values of the original, which the compiler cannot follow through Object.entries
  return copy(value, at) as T
}

function copy(value: unknown, at: Watch): unknown {
  if (value instanceof Secret || !(Array.isArray(value) || isMapping(value))) return value
  const result = Array.isArray(value) ? [] : {}
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value)
  for (const [key, item] of entries) {
    const child = { ...at, path: [...at.path, key] }
    const copied = copy(item, child)
    const property = isOpen(item, child) ? { get: guessing(copied, at.onGuess) } : { value: copied }
    Object.defineProperty(result, key, { enumerable: true, ...property })
  }
  return result
}

function guessing(value: unknown, onGuess: () => void): () => unknown {
  return () => {
    onGuess()
    return value
  }
}

/** A default stands where the file says something else; or the file says something that is missing here altogether. */
function isOpen(value: unknown, at: Watch): boolean {
  const path = at.original(at.path)
  return at.unknown
    .filter((unknown) => path.every((segment, index) => segment === unknown[index]))
    .some(({ length, [path.length]: next = '' }) => length === path.length || lacks(value, next))
}

function lacks(value: unknown, key: string | number): boolean {
  return isMapping(value) && !Object.hasOwn(value, key)
}
