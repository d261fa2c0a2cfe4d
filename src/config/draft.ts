// What can be said about a faulty file: the parts of it that are sound, so that rules about the whole can run and every
// problem is reported in one go. Rules ask `broken` before they conclude anything from something that is not there.
import type { z } from 'zod'
import type { Path } from './problem.ts'
import { type Config, type DraftConfig, draftSchema } from './schema.ts'
import { isMapping } from './yaml-source.ts'

/** Sections whose entries stand for themselves: one faulty entry leaves the others sound. */
const ENTRY_SECTIONS = ['listen', 'issuers', 'callers', 'providers', 'policies', 'routes'] as const

type EntrySection = (typeof ENTRY_SECTIONS)[number]
type ListSection = 'issuers' | 'callers' | 'providers' | 'routes'

export interface Draft {
  readonly config: DraftConfig
  /** This section, or an entry of it, is faulty and left out; its own problems are reported already. */
  broken(section: keyof Config, entry?: string): boolean
  /** Entries of a list, each with its place in the file. */
  entries<S extends ListSection>(section: S): readonly { readonly path: Path; readonly value: DraftConfig[S][number] }[]
  /** A path in `config` → the path in the file, which differs where an earlier entry of a list was left out. */
  original(path: Path): Path
  /** Names that are defined, by faulty entries too: nobody should be told that they do not exist. */
  names(section: 'issuers' | 'providers' | 'policies'): ReadonlySet<string>
}

/** The draft of a file without faults. */
export function wholeDraft(config: Config, source: Readonly<Record<string, unknown>>): Draft {
  return draftOf(config, source, [])
}

/** The draft of a file with faults: every section or entry with an issue is left out. */
export function soundDraft(
  source: Readonly<Record<string, unknown>>,
  issues: readonly z.core.$ZodIssue[],
): Draft | undefined {
  const faults = issues.flatMap(faultsOf)
  const sound = draftSchema.safeParse(withoutFaults(source, faults))
  return sound.success ? draftOf(sound.data, source, faults) : undefined
}

interface Fault {
  readonly section: string
  /** `undefined`: the section as a whole. */
  readonly entry: string | undefined
}

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const keys = issue.code === 'unrecognized_keys' ? issue.keys : []
  const paths = keys.length > 0 ? keys.map((key) => [...issue.path, key]) : [issue.path]
  return paths.map(([section, entry]) => ({
    section: String(section),
    entry: isEntrySection(section) && entry !== undefined ? String(entry) : undefined,
  }))
}

function isEntrySection(section: unknown): section is EntrySection {
  return ENTRY_SECTIONS.some((name) => name === section)
}

function withoutFaults(source: Readonly<Record<string, unknown>>, faults: readonly Fault[]): Record<string, unknown> {
  const kept = Object.entries(source).filter(([section]) => !isFaulty(faults, section))
  return Object.fromEntries(kept.map(([section, value]) => [section, soundEntries(section, value, faults)]))
}

function soundEntries(section: string, value: unknown, faults: readonly Fault[]): unknown {
  if (Array.isArray(value)) return value.filter((_, index) => !isFaulty(faults, section, String(index)))
  if (!isMapping(value) || !isEntrySection(section)) return value
  return Object.fromEntries(Object.entries(value).filter(([entry]) => !isFaulty(faults, section, entry)))
}

function isFaulty(faults: readonly Fault[], section: string, entry?: string): boolean {
  return faults.some((fault) => fault.section === section && fault.entry === entry)
}

function draftOf(config: DraftConfig, source: Readonly<Record<string, unknown>>, faults: readonly Fault[]): Draft {
  function indexInFile(section: unknown, index: number): number {
    const written = isEntrySection(section) ? source[section] : undefined
    const indexes = Array.isArray(written) ? [...written.keys()] : []
    return indexes.filter((at) => !isFaulty(faults, String(section), String(at)))[index] ?? index
  }

  return {
    config,
    broken: (section, entry) =>
      entry === undefined
        ? faults.some((fault) => fault.section === section)
        : isFaulty(faults, section) || isFaulty(faults, section, entry),
    entries: (section) =>
      config[section].map((value, index) => ({ path: [section, indexInFile(section, index)], value })),
    original: ([section = '', index, ...rest]) =>
      typeof index === 'number'
        ? [section, indexInFile(section, index), ...rest]
        : [section, ...(index === undefined ? [] : [index]), ...rest],
    names: (section) => new Set(writtenNames(source[section])),
  }
}

function writtenNames(section: unknown): string[] {
  if (isMapping(section)) return Object.keys(section)
  if (!Array.isArray(section)) return []
  return section.flatMap((entry) => (isMapping(entry) && typeof entry['name'] === 'string' ? [entry['name']] : []))
}
