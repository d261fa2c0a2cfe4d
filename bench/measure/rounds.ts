// Interleaved rounds: every side once a round, and every second round backwards, so that whatever else the machine does
// hits all sides alike. What a side runs and measures is its own business.
import { type Spread, spreadOf } from './stats.ts'

/** What one side measured in one round, by name. */
export type Sample = Readonly<Record<string, number>>

export interface Side {
  readonly name: string
  run(): Promise<Sample>
}

export interface Rounds {
  spread(side: string, metric: string): Spread
  /** Of the quotients within each round, not of the medians. */
  ratio(side: string, base: string, metric: string): Spread
  /** Any combination of samples of the same round. */
  combine(calculate: (sample: (side: string, metric: string) => number) => number): Spread
}

export async function interleave(
  sides: readonly Side[],
  options: { readonly rounds: number; readonly warmUps: number; readonly onRound?: (round: number) => void },
): Promise<Rounds> {
  const rounds: ReadonlyMap<string, Sample>[] = []
  for (let round = -options.warmUps; round < options.rounds; round += 1) {
    options.onRound?.(round)
    const samples = new Map<string, Sample>()
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) samples.set(side.name, await side.run())
    if (round >= 0) rounds.push(samples)
  }
  const combine: Rounds['combine'] = (calculate) =>
    spreadOf(rounds.map((samples) => calculate((side, metric) => samples.get(side)?.[metric] ?? Number.NaN)))
  return {
    combine,
    spread: (side, metric) => combine((sample) => sample(side, metric)),
    ratio: (side, base, metric) => combine((sample) => sample(side, metric) / sample(base, metric)),
  }
}
