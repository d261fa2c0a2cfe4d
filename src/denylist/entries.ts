// What a store keeps: entries of two spaces, and how a revocation becomes one. Knows nothing of tokens or of stores.

import type { Member, Revocation } from './port.ts'
import { memberOf } from './vocabulary.ts'

/** `revoked`: the score is the second until which it is enforced. `not_before`: the score is the epoch, in seconds. */
export const spaces = ['revoked', 'not_before'] as const
export type Space = (typeof spaces)[number]

/** Scores only ever rise: who is listed stays listed, for longer or for later tokens. */
export interface Entry {
  readonly space: Space
  readonly member: Member
  /** Whole seconds, at least 1; `Infinity`: for ever. */
  readonly score: number
}

/** An entry to be written; `plusSeconds` leaves the score to the store's own clock at the moment of writing. */
export type Addition = Entry | { readonly space: 'not_before'; readonly member: Member; readonly plusSeconds: number }

export function toAddition(revocation: Revocation): Addition {
  const { dimension, issuer, id } = revocation
  const member = memberOf(dimension, issuer, id)
  switch (dimension) {
    case 'jti':
    case 'transaction':
      // A fraction of a second more is on the safe side, a fraction less is not; a score of 0 would be no score.
      return { space: 'revoked', member, score: Math.max(1, Math.ceil(revocation.until)) }
    case 'key_id':
      return { space: 'revoked', member, score: Number.POSITIVE_INFINITY }
    default:
      return { space: 'not_before', member, plusSeconds: Math.ceil(revocation.plusSeconds) }
  }
}

/** The entry that an addition became at `seconds` of the store's clock. */
export function resolveAddition(addition: Addition, seconds: number): Entry {
  if ('score' in addition) return addition
  return { space: addition.space, member: addition.member, score: Math.max(1, seconds + addition.plusSeconds) }
}
