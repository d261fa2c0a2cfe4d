// Numbers of several rounds → median and spread. No more statistics than a reader can check by eye.

export interface Spread {
  readonly median: number
  /** The quartiles: half of the rounds lie between them. */
  readonly low: number
  readonly high: number
  readonly rounds: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  return {
    median: quantile(sorted, 0.5),
    low: quantile(sorted, 0.25),
    high: quantile(sorted, 0.75),
    rounds: sorted.length,
  }
}

/** Of an ascending list, between two of its members where the share falls between them. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}
