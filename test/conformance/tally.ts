// What the cases come to: by result, for the README and for the line at the end of a run.
import { type Case, isExecuted } from '../support/conformance/case.ts'

export type Outcome = 'same' | 'differs' | 'not applicable'

export function outcomeOf(one: Case): { readonly outcome: Outcome; readonly reason: string | undefined } {
  if (!isExecuted(one)) return { outcome: 'not applicable', reason: one.notApplicable }
  return { outcome: one.differs === undefined ? 'same' : 'differs', reason: one.differs }
}

export interface Tally {
  readonly cases: number
  readonly same: number
  readonly differs: number
  readonly notApplicable: number
}

export function tally(cases: readonly Case[]): Tally {
  const count = (wanted: Outcome): number => cases.filter((one) => outcomeOf(one).outcome === wanted).length
  return {
    cases: cases.length,
    same: count('same'),
    differs: count('differs'),
    notApplicable: count('not applicable'),
  }
}
