// The registry of live mirrors: which of them have a revision, and which could still answer without it. Pure.

export interface RegistryView {
  /** Have it, or keep no copy that could lack it. */
  readonly applied: readonly string[]
  /** Lack it and may still answer. */
  readonly waiting: readonly string[]
  /** The longest that any of those may go on answering without another beat. */
  readonly longestMs: number
}

/** `lines`: mirror, line, mirror, line, …; a line is `<applied id or -> <max staleness, ms> <last beat, ms>`. */
export function judgeRegistry(lines: readonly string[], nowMs: number, revision: string): RegistryView {
  const applied: string[] = []
  const waiting: string[] = []
  let longestMs = 0
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const mirror = lines[i] ?? ''
    const [position = '', maxStalenessMs, lastBeatMs] = (lines[i + 1] ?? '').split(' ')
    const has = position === '-' || compareIds(position, revision) >= 0
    // Its own age counts from before the beat was sent, so it ran out no later than this.
    const silent = nowMs - Number(lastBeatMs) > Number(maxStalenessMs)
    if (has && !silent) applied.push(mirror)
    else if (!silent) {
      waiting.push(mirror)
      longestMs = Math.max(longestMs, Number(maxStalenessMs))
    }
  }
  return { applied, waiting, longestMs }
}

/** Stream ids: milliseconds, then a sequence number. */
export function compareIds(a: string, b: string): number {
  const [aMs = 0, aSequence = 0] = a.split('-').map(Number)
  const [bMs = 0, bSequence = 0] = b.split('-').map(Number)
  return aMs - bMs || aSequence - bSequence
}
