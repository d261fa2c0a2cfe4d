// Refs against scores that the store gave for them, in the order `questionsOf` asked. Pure.
import type { Entry } from './entries.ts'
import type { DenylistRefs, RevokedReason } from './port.ts'

type Question = Pick<Entry, 'space' | 'member'>

export function questionsOf({ marks, epochs }: DenylistRefs): readonly Question[] {
  return [
    ...marks.map(({ member }) => ({ space: 'revoked' as const, member })),
    ...epochs.map(({ member }) => ({ space: 'not_before' as const, member })),
  ]
}

/** `undefined`: no hit. A score of 0 is an absent one. */
export function evaluate({ marks, epochs }: DenylistRefs, scores: readonly number[]): RevokedReason | undefined {
  const mark = marks.find((_, i) => (scores[i] ?? 0) > 0)
  if (mark) return mark.reason
  return epochs.find(({ issuedAt }, i) => {
    const score = scores[marks.length + i] ?? 0
    return score > 0 && issuedAt <= score
  })?.reason
}
