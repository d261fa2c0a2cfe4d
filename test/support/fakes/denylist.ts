// A denylist by hand: members are put on it, its freshness is set, and what it is asked is kept.
import type { Consultation, Denylist, DenylistRefs, Lookup, Member } from '../../../src/denylist/port.ts'

export interface FakeDenylist extends Denylist {
  /** A token with this mark is denied. */
  revoke(member: Member): void
  /** Tokens of this member issued up to then (s) are denied. */
  revokeBefore(member: Member, epochSeconds: number): void
  /** `false`: what is not known to be revoked is `unknown`, since that wall time (ms) where it is said. */
  setFresh(fresh: boolean, unknownSinceMs?: number): void
  setAgeMs(ageMs: number | undefined): void
  /** From now on `consult` gives what this gives: the store has to be asked. */
  onConsult(ask: (refs: DenylistRefs) => Promise<Consultation> | undefined): void
  /** All refs that `lookup` was asked about. */
  readonly lookups: readonly { readonly refs: DenylistRefs; readonly consultation: Consultation | undefined }[]
}

const DEFAULT_AGE_MS = 250

export function createFakeDenylist(): FakeDenylist {
  const marks = new Set<string>()
  const epochs = new Map<string, number>()
  const lookups: { refs: DenylistRefs; consultation: Consultation | undefined }[] = []
  let fresh = true
  let unknownSinceMs: number | undefined
  let ageMs: number | undefined = DEFAULT_AGE_MS
  let ask: (refs: DenylistRefs) => Promise<Consultation> | undefined = () => undefined

  function known(refs: DenylistRefs): Lookup | undefined {
    const mark = refs.marks.find(({ member }) => marks.has(member.toString('hex')))
    if (mark !== undefined) return mark.reason
    return refs.epochs.find(({ member, issuedAt }) => issuedAt <= (epochs.get(member.toString('hex')) ?? -1))?.reason
  }

  return {
    lookups,
    consult: (refs) => ask(refs),
    lookup(refs, consultation) {
      lookups.push({ refs, consultation })
      return known(refs) ?? (fresh ? (consultation?.lookup ?? 'clear') : 'unknown')
    },
    status: () => ({
      state: fresh ? 'live' : 'stale',
      ageMs,
      unknownSinceMs,
      revision: '1-0',
      entries: marks.size + epochs.size,
    }),
    revoke: (member) => void marks.add(member.toString('hex')),
    revokeBefore: (member, epochSeconds) => void epochs.set(member.toString('hex'), epochSeconds),
    setFresh(value, sinceMs) {
      fresh = value
      unknownSinceMs = sinceMs
    },
    setAgeMs(value) {
      ageMs = value
    },
    onConsult(answer) {
      ask = answer
    },
  }
}
