// Durations: `500ms`, `30s`, `15m`, `1h`, `4d` in the file, a number of milliseconds in the program.
import { z } from 'zod'
import { shownAs } from './values.ts'

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

const units: ReadonlyMap<string, number> = new Map([
  ['d', DAY_MS],
  ['h', HOUR_MS],
  ['m', MINUTE_MS],
  ['s', SECOND_MS],
  ['ms', 1],
])

const PATTERN = /^(0|[1-9][0-9]{0,11})(ms|s|m|h|d)$/

/** Longer than any token should live. What becomes a timer has a limit of its own: timers end at 24 days. */
const LONGEST = '3650d'

/** Milliseconds; `undefined` if the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const parts = PATTERN.exec(text)
  const unit = units.get(parts?.[2] ?? '')
  return unit === undefined ? undefined : Number(parts?.[1]) * unit
}

/** The shortest spelling that `parseDuration` reads back: 90000 is `90s`. */
export function formatDuration(ms: number): string {
  for (const [unit, size] of units) {
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`
  }
  return `${ms}ms`
}

interface Limits {
  readonly min: string
  readonly max?: string
}

function limit(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new Error('A limit in the schema is no duration')
  return ms
}

const written = z
  .string('must be a duration such as 30s, 15m or 4d')
  .regex(PATTERN, 'must be a duration such as 30s, 15m or 4d')

/** A duration between two limits, which are part of the message. */
export function duration({ min, max = LONGEST }: Limits) {
  const shortest = limit(min)
  const longest = limit(max)
  const message = `must be from ${min} to ${max}`
  return z
    .codec(written, z.number().min(shortest, message).max(longest, message), {
      decode: (text) => parseDuration(text) ?? Number.NaN,
      encode: formatDuration,
    })
    .meta(shownAs(`duration, ${min} to ${max}`))
}

/** A lifetime of tokens: whole seconds, because that is what `exp` and `iat` count. */
export function lifetime(max = LONGEST) {
  const longest = limit(max)
  const message = `must be a whole number of seconds, from 1s to ${max}`
  return z
    .codec(written, z.number().min(SECOND_MS, message).max(longest, message).multipleOf(SECOND_MS, message), {
      decode: (text) => parseDuration(text) ?? Number.NaN,
      encode: formatDuration,
    })
    .meta(shownAs(`duration, whole seconds, up to ${max}`))
}
