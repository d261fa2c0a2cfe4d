// The name that was probably meant: for unknown keys and for references to things that do not exist.

/** `undefined` when nothing is near. Case, `-` and `_` do not count. */
export function nearest(written: string, known: Iterable<string>): string | undefined {
  const wanted = normalise(written)
  if (wanted.length > MAX_LENGTH) return undefined
  let best: string | undefined
  let bestDistance = tolerance(wanted) + 1
  for (const name of known) {
    const far = distance(wanted, normalise(name))
    if (far < bestDistance) {
      best = name
      bestDistance = far
    }
  }
  return best
}

/** Nothing in the schema is nearly as long; keeps the square cost of the distance small. */
const MAX_LENGTH = 64

/** One slip in a short name, two in a longer one: more would be guessing. */
function tolerance(name: string): number {
  return name.length < 5 ? 1 : 2
}

function normalise(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '')
}

/** Optimal string alignment: insertions, deletions, replacements and swapped neighbours. */
function distance(a: string, b: string): number {
  let previous: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(row, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swap = swapped ? at(previous, j - 2) + 1 : Number.POSITIVE_INFINITY
      next.push(Math.min(at(row, j) + 1, at(next, j - 1) + 1, replaced, swap))
    }
    previous = row
    row = next
  }
  return at(row, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
