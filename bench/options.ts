// The command line of the bench.
import { parseArgs } from 'node:util'

export interface BenchOptions {
  /** Names of suites; empty: all. */
  readonly only: readonly string[]
  readonly rounds: number
  readonly quick: boolean
  /** Write bench/results/<date>.json and the table of bench/README.md. */
  readonly save: boolean
}

/** Fewer make no spread. */
const DEFAULT_ROUNDS = 7

export function readOptions(args: readonly string[], names: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
    },
  })
  const only = values.only.flatMap((text) => text.split(','))
  const unknown = only.filter((name) => !names.includes(name))
  if (unknown.length > 0) throw new Error(`No such suite: ${unknown.join(', ')}. There are: ${names.join(', ')}`)
  const rounds = Number(values.rounds ?? (values.quick ? 1 : DEFAULT_ROUNDS))
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a whole number from 1')
  return { only, rounds, quick: values.quick, save: values.save }
}
