// What can be said about a faulty file: the parts of it that are sound, so that rules about the whole can run and every
// problem is reported in one go. Rules ask `broken` before they conclude anything from something that is not there.
import { meantKey, parsing } from './issues.ts'
import type { Finding, Path } from './problem.ts'
import { type Config, type DraftConfig, draftSchema } from './schema.ts'
import { isMapping } from './yaml-source.ts'

/** Sections whose entries stand for themselves: one faulty entry leaves the others sound. */
const ENTRY_SECTIONS = ['listen', 'issuers', 'callers', 'providers', 'policies', 'routes'] as const

type ListSection = 'issuers' | 'callers' | 'providers' | 'routes'
type Source = Readonly<Record<string, unknown>>

export interface Draft {
  readonly config: DraftConfig
  /** This section, or an entry of it, is faulty and left out; its own problems are reported already. */
  broken(section: keyof Config): boolean
  /** Entries of a list, each with its place in the file. */
  entries<S extends ListSection>(section: S): readonly { readonly path: Path; readonly value: DraftConfig[S][number] }[]
  /** A path in `config` → the path in the file, which differs where an earlier entry of a list was left out. */
  original(path: Path): Path
  /** Names that are defined, by faulty entries too. `undefined`: some cannot be told, so no name is surely missing. */
  names(section: 'issuers' | 'providers' | 'policies'): ReadonlySet<string> | undefined
}

/** The draft of a file without faults. */
export function wholeDraft(config: Config, source: Source): Draft {
  return draftOf(config, source, [], asItIs)
}

/** Shows rules another object in place of the configuration; `original` as in `Draft`. */
export type View = (config: DraftConfig, original: Draft['original']) => DraftConfig

const asItIs: View = (config) => config

/** The draft of a file with faults: every section or entry that a finding is, or may be, about is left out. */
export function soundDraft(source: Source, findings: readonly Finding[], view: View = asItIs): Draft | undefined {
  const paths = findings.flatMap((finding) => [finding.path, meantKey(finding) ?? finding.path])
  const faults = paths.map(faultOf)
  const sound = draftSchema.safeParse(withoutFaults(source, faults), parsing)
  return sound.success ? draftOf(sound.data, source, faults, view) : undefined
}

/** True where an entry of this section stands for itself. */
export function hasEntries(section: unknown): boolean {
  return ENTRY_SECTIONS.some((name) => name === section)
}

interface Fault {
  readonly section: string
  /** `undefined`: the section as a whole. */
  readonly entry: string | undefined
}

function faultOf([section, entry]: Path): Fault {
  return {
    section: String(section),
    entry: hasEntries(section) && entry !== undefined ? String(entry) : undefined,
  }
}

function isFaulty(faults: readonly Fault[], section: string, entry?: string): boolean {
  return faults.some((fault) => fault.section === section && fault.entry === entry)
}

function withoutFaults(source: Source, faults: readonly Fault[]): Source {
  const kept = Object.entries(source).filter(([section]) => !isFaulty(faults, section))
  return Object.fromEntries(kept.map(([section, value]) => [section, soundEntries(section, value, faults)]))
}

function soundEntries(section: string, value: unknown, faults: readonly Fault[]): unknown {
  if (Array.isArray(value)) return value.filter((_, index) => !isFaulty(faults, section, String(index)))
  if (!isMapping(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([entry]) => !isFaulty(faults, section, entry)))
}

function draftOf(parsed: DraftConfig, source: Source, faults: readonly Fault[], view: View): Draft {
  function indexInFile(section: string, index: number): number {
    const written = source[section]
    const indexes = Array.isArray(written) ? [...written.keys()] : []
    return indexes.filter((at) => !isFaulty(faults, section, String(at)))[index] ?? index
  }

  function original(path: Path): Path {
    const [section, index, ...rest] = path
    return typeof index === 'number' ? [String(section), indexInFile(String(section), index), ...rest] : path
  }

  const config = view(parsed, original)
  return {
    config,
    broken: (section) => faults.some((fault) => fault.section === section),
    entries: (section) => config[section].map((value, index) => ({ path: original([section, index]), value })),
    original,
    names: (section) => (isFaulty(faults, section) ? undefined : namesIn(source[section])),
  }
}

function namesIn(section: unknown): ReadonlySet<string> | undefined {
  if (section === undefined) return new Set()
  if (isMapping(section)) return new Set(Object.keys(section))
  if (!Array.isArray(section)) return undefined
  const names = section.map((entry) => (isMapping(entry) ? entry['name'] : undefined))
  return names.every((name) => typeof name === 'string') ? new Set(names) : undefined
}
