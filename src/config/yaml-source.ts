// YAML text → plain value, and from a path in that value back to its line and column. Strict: one document, a mapping,
// no duplicate keys, no tags. What the value has to contain is not known here.
import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import { ok, type Result, refuse } from '../result.ts'
import type { Path, Problem } from './problem.ts'

export interface YamlSource {
  readonly value: Readonly<Record<string, unknown>>
  /** Where the thing at this path is written; where it is absent, the nearest thing around it. */
  locate(path: Path): { readonly line: number; readonly column: number }
}

/** Far above any real configuration; keeps a wrong file from being parsed for seconds. */
const MAX_BYTES = 1024 * 1024

/** A few aliases are a convenience; many of them are how a small file becomes a large value. */
const MAX_ALIASES = 100

/** After that many it is another kind of file. */
const MAX_SYNTAX_PROBLEMS = 20

const TOO_LARGE = 'the file is larger than 1 MiB'
const TOO_DEEP = 'the file is nested too deeply'
const BAD_ALIAS = 'an alias names no anchor before it, or one that contains it'
const TOO_MANY_ALIASES = 'the aliases multiply to too many values'
const NOT_A_MAPPING = 'the file must be a mapping of sections'
const TAGS = 'tags are not used here'
const PROTOTYPE = 'this is no key: JavaScript objects have it already'
const SYNTAX = 'this is not valid YAML'

/** Own words for the causes people meet: those of the parser may quote the file. */
const syntaxMessages: Readonly<Record<string, string>> = {
  BAD_ALIAS,
  BAD_COLLECTION_TYPE: TAGS,
  BAD_INDENT: 'the indentation is wrong, or a closing bracket is missing',
  BAD_SCALAR_START: 'a text that starts with this character must be quoted',
  BLOCK_AS_IMPLICIT_KEY: 'a text with ": " in it must be quoted, or the next line is indented too far',
  DUPLICATE_KEY: 'this key is given twice',
  MISSING_CHAR: 'a closing quote, bracket or separator is missing',
  MULTILINE_IMPLICIT_KEY: 'a key must be on one line, with ":" after it',
  MULTIPLE_DOCS: 'the file must contain one document only',
  NON_STRING_KEY: 'keys must be plain texts',
  RESOURCE_EXHAUSTION: TOO_DEEP,
  TAB_AS_INDENT: 'tabs cannot be used for indentation',
  TAG_RESOLVE_FAILED: TAGS,
}

export function readYaml(text: string): Result<YamlSource, readonly Problem[]> {
  if (Buffer.byteLength(text) > MAX_BYTES) return refuse([problemAt(new LineCounter(), 0, TOO_LARGE)])
  const lines = new LineCounter()
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      stringKeys: true,
      logLevel: 'error',
    })
    const problems = firstOfLine([...syntaxProblems(document, lines), ...nodeProblems(document, lines)])
    return problems.length > 0 ? refuse(problems) : sourceOf(document, lines)
  } catch {
    // the parser recurses: brackets nested by the thousand overflow its stack
    return refuse([problemAt(lines, 0, TOO_DEEP)])
  }
}

function sourceOf(document: Document, lines: LineCounter): Result<YamlSource, readonly Problem[]> {
  const value = plainValue(document)
  if (value === undefined) return refuse([problemAt(lines, 0, TOO_MANY_ALIASES)])
  if (!isMapping(value)) return refuse([problemAt(lines, 0, NOT_A_MAPPING)])
  return ok({ value, locate: (path) => positionAt(lines, offsetOf(document, path)) })
}

function plainValue(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch {
    return undefined
  }
}

/** True for a YAML mapping; lists are none. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function syntaxProblems(document: Document, lines: LineCounter): Problem[] {
  return [...document.errors, ...document.warnings].map(({ code, pos }) =>
    problemAt(lines, pos[0], syntaxMessages[code] ?? SYNTAX),
  )
}

/** A parser that has lost its way repeats itself. */
function firstOfLine(problems: readonly Problem[]): Problem[] {
  const byLine = new Map(problems.toReversed().map((problem) => [problem.line, problem]))
  return [...byLine.values()].sort((a, b) => a.line - b.line).slice(0, MAX_SYNTAX_PROBLEMS)
}

/** What makes values that are no plain data: tags, and keys and aliases with side effects. */
function nodeProblems(document: Document, lines: LineCounter): Problem[] {
  const problems: Problem[] = []
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key) && key.value === '__proto__') problems.push(problemAt(lines, key.range?.[0] ?? 0, PROTOTYPE))
    },
    Node(_, node, ancestors) {
      const message = isAlias(node) ? aliasMessage(document, node, ancestors) : node.tag && TAGS
      if (message) problems.push(problemAt(lines, node.range?.[0] ?? 0, message))
    },
  })
  return problems
}

function aliasMessage(document: Document, alias: Alias, ancestors: readonly unknown[]): string | undefined {
  const target = alias.resolve(document)
  return target === undefined || ancestors.includes(target) ? BAD_ALIAS : undefined
}

function resolve(document: Document, node: unknown): ReturnType<Alias['resolve']> {
  return isAlias(node) ? node.resolve(document) : undefined
}

/** Keys rather than values are located: the eye looks for the name that the message begins with. */
function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents
  let offset = 0
  for (const segment of path) {
    const here = isAlias(node) ? resolve(document, node) : node
    const next = isMap(here) ? mapEntry(here.items, segment) : isSeq(here) ? listEntry(here.items, segment) : undefined
    if (next === undefined) break
    node = next.value
    offset = next.offset ?? offset
  }
  return offset
}

interface Entry {
  readonly value: unknown
  readonly offset: number | undefined
}

function mapEntry(items: readonly { key: unknown; value: unknown }[], segment: string | number): Entry | undefined {
  const pair = items.find(({ key }) => isScalar(key) && String(key.value) === String(segment))
  return pair && { value: pair.value, offset: startOf(pair.key) }
}

function listEntry(items: readonly unknown[], segment: string | number): Entry | undefined {
  if (typeof segment !== 'number' || segment >= items.length) return undefined
  return { value: items[segment], offset: startOf(items[segment]) }
}

function startOf(node: unknown): number | undefined {
  if (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)) return node.range?.[0]
  return undefined
}

function positionAt(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

function problemAt(lines: LineCounter, offset: number, message: string): Problem {
  return { path: '', ...positionAt(lines, offset), message }
}
