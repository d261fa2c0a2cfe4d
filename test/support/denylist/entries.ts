// Entries and members for tests, by name.
import type { Entry } from '../../../src/denylist/entries.ts'
import type { Member, Revocation } from '../../../src/denylist/port.ts'
import { memberOf, refsOf } from '../../../src/denylist/vocabulary.ts'

export const ISSUER = 'https://commons.example/user'

export function member(id: string): Member {
  return memberOf('jti', ISSUER, id)
}

export function revoked(id: string, score = 4_000_000_000): Entry {
  return { space: 'revoked', member: member(id), score }
}

export function notBefore(id: string, score: number): Entry {
  return { space: 'not_before', member: memberOf('subject', ISSUER, id), score }
}

export function revocation(jti: string, until = 4_000_000_000): Revocation {
  return { dimension: 'jti', issuer: ISSUER, id: jti, until }
}

/** What a token with this id, and perhaps a subject, is asked about. */
export function token(jti: string, more: { subject?: string; issuedAt?: number } = {}) {
  return refsOf({
    issuer: ISSUER,
    jti,
    keyId: 'key-1',
    issuedAt: more.issuedAt ?? 1_800_000_000,
    subject: more.subject,
  })
}

/** Comparable: members as hex, sorted. */
export function plain(entries: readonly Entry[]): readonly string[] {
  return entries.map(({ space, member: bytes, score }) => `${space} ${bytes.toString('hex')} ${score}`).sort()
}
