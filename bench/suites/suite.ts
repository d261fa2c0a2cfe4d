// What every suite is and gives: rows of one number each, with its spread, and the bar where docs promise one.
import type { Spread } from '../measure/stats.ts'

export type Unit = 'x' | 'µs' | 'ns' | 'ms' | 's' | 'MiB' | 'B'

export interface Row {
  readonly what: string
  readonly unit: Unit
  readonly value: Spread
  /** The most it may be. Absent: shown for orientation. */
  readonly bar?: number
  /** What else belongs to the number, in a few words. */
  readonly note?: string
}

export interface Settings {
  readonly rounds: number
  /** Shorter rounds and smaller sets: shows that everything runs, not how fast. */
  readonly quick: boolean
  readonly progress: (text: string) => void
}

export interface Suite {
  readonly name: string
  readonly title: string
  run(settings: Settings): Promise<readonly Row[]>
}

/** Long enough that a stolen time slice is a small part of it. */
const ROUND_MS = 2000
const QUICK_ROUND_MS = 300

export function roundMs({ quick }: Settings): number {
  return quick ? QUICK_ROUND_MS : ROUND_MS
}

/** One number that is not measured in rounds. */
export function once(value: number): Spread {
  return { median: value, low: value, high: value, rounds: 1 }
}
