// Problems of a configuration file: what a check finds, and how it is shown. Messages are constants; the value that
// is wrong is never repeated, since it may be a secret that was pasted into the wrong place.

export type Path = readonly (string | number)[]

/** What a check finds: where, what, and the name that was probably meant. */
export interface Finding {
  readonly path: Path
  readonly message: string
  readonly hint?: string | undefined
}

/** A finding with its place in the file; line and column count from 1. */
export interface Problem {
  readonly path: string
  readonly line: number
  readonly column: number
  readonly message: string
  readonly hint?: string
}

// Longer keys are cut: they are no names, and they would bury the message.
const MAX_KEY_LENGTH = 64
const PLAIN_KEY = /^[A-Za-z0-9_-]{1,64}$/

/** `policies.default.audiences[0]`; keys that are not plain names are quoted. */
export function formatPath(path: Path): string {
  return path.map(formatSegment).join('').replace(/^\./, '')
}

function formatSegment(segment: string | number): string {
  if (typeof segment === 'number') return `[${segment}]`
  if (PLAIN_KEY.test(segment)) return `.${segment}`
  const short = segment.length > MAX_KEY_LENGTH ? `${segment.slice(0, MAX_KEY_LENGTH)}…` : segment
  return `[${JSON.stringify(short)}]`
}

/** One line: `postern.yaml:12:3 policies.default.audience: unknown key (did you mean "audiences"?)`. */
export function formatProblem(file: string, problem: Problem): string {
  const subject = problem.path === '' ? '' : `${problem.path}: `
  const hint = problem.hint === undefined ? '' : ` (did you mean "${problem.hint}"?)`
  return `${file}:${problem.line}:${problem.column} ${subject}${problem.message}${hint}`
}
