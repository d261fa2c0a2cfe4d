// The numbers of the reference, counted by hand and not derived from the cases: what would be missing if a case were.

/** How many cases a number stands for; they are called `A3.1`, `A3.2`, or just `A1` where there is one. */
type Parts = Readonly<Record<string, number>>

/** §6.1–6.4, the 57 core cases. */
export const core: Readonly<Record<string, { readonly count: number; readonly parts: Parts }>> = {
  'api-key-access.ts': { count: 23, parts: { A1: 1, A2: 1, A3: 3, A4: 5, A5: 3, A6: 10 } },
  'api-key-creation.ts': { count: 3, parts: { K1: 1, K2: 1, K3: 1 } },
  'jwt.ts': { count: 11, parts: { B1: 1, B2: 1, B3: 1, T1: 1, T2: 2, O1: 1, O2: 1, Y1: 1, Y2: 1, Y3: 1 } },
  'revoke.ts': {
    count: 20,
    parts: { R1: 1, R2: 2, R3: 1, R4: 1, R5: 1, R6: 1, R7: 2, R8: 2, R9: 1, R10: 1, R11: 1, R12: 1, R13: 5 },
  },
}

/** §6.6: 18 numbers, some of them for several tests. */
export const authutils: Parts = { ...numbered('U', 18), U11: 4, U12: 3, U17: 5, U18: 10 }

/** §6.5, and what the reference takes from §6.7. */
export const elsewhere: Parts = { ...numbered('V', 26), D1: 2, D2: 1, D3: 1 }

/** Of each of these there is at least one case: `C2`, or `C2.1` and so on. */
export const families: readonly string[] = [
  ...Object.keys(numbered('C', 22)),
  // What §6.1 names as missing upstream.
  ...Object.keys(numbered('N', 19)),
  // The rows of the two paths of §3.3, of the order of checks of §2, of appendix A.
  ...Object.keys(numbered('P', 9)),
  ...Object.keys(numbered('S', 8)),
  ...['A.2', 'A.3', 'A.5', 'A.6', '4.3'],
]

/** §11. */
export const weaknesses: readonly string[] = Object.keys(numbered('W', 28))

/** Marks of §6.4: tests that pass for another reason than their name says, and tests that assert nothing. */
export const marked = {
  weak: ['R5', 'R7.1', 'R13.2', 'R13.4'],
  vacuous: ['R8.2', 'R13.1', 'R13.3', 'R13.5'],
} as const

export function idsOf(parts: Parts): readonly string[] {
  return Object.entries(parts).flatMap(([id, count]) =>
    count === 1 ? [id] : Array.from({ length: count }, (_, index) => `${id}.${index + 1}`),
  )
}

function numbered(letter: string, last: number): Parts {
  return Object.fromEntries(Array.from({ length: last }, (_, index) => [`${letter}${index + 1}`, 1]))
}
