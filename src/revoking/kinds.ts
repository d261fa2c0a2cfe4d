// What kind of token is this, and may one of its kind be revoked by itself? A table. Plain access tokens end soon and
// are covered by RevokeAll; an ID token opens nothing.
import type { VerifiedToken } from '../tokens/port.ts'
import { claimAt, type TokenProfile } from '../tokens/profile.ts'

interface KindRow {
  /** `logout`: only by whoever holds it, with the token itself; `listed`: also where the configuration lists it. */
  readonly revocable: 'always' | 'logout' | 'never'
  /** May stand for its owner when other tokens are revoked. */
  readonly mayRevoke: boolean
}

export const tokenKinds = {
  access: { revocable: 'logout', mayRevoke: true },
  /** Handed to a job, so it must not stand for its owner. */
  task: { revocable: 'always', mayRevoke: false },
  api_key: { revocable: 'always', mayRevoke: true },
  refresh: { revocable: 'always', mayRevoke: false },
  session: { revocable: 'always', mayRevoke: false },
  upstream: { revocable: 'always', mayRevoke: false },
  transaction: { revocable: 'always', mayRevoke: false },
  id: { revocable: 'never', mayRevoke: false },
  other: { revocable: 'never', mayRevoke: false },
} as const satisfies Readonly<Record<string, KindRow>>

export type TokenKind = keyof typeof tokenKinds

/** The purposes that say by themselves what a token is. */
const byPurpose: ReadonlyMap<unknown, TokenKind> = new Map([
  ['api_key', 'api_key'],
  ['refresh', 'refresh'],
  ['session', 'session'],
  ['upstream', 'upstream'],
  ['id', 'id'],
])

/** By the issuer's own purpose claim; whatever an issuer without one makes passes for an access token at a Check. */
export function kindOf({ issuer, claims }: VerifiedToken, profile: TokenProfile): TokenKind {
  const { purpose } = issuer
  const value = purpose === undefined ? undefined : claimAt(claims.payload, [purpose.claim])
  if (value === undefined && profile.transaction !== undefined) return 'transaction'
  if (purpose === undefined || value === purpose.access) return profile.taskType === undefined ? 'access' : 'task'
  return byPurpose.get(value) ?? 'other'
}

export function isRevocable(
  kind: TokenKind,
  options: { readonly isLogout: boolean; readonly listed: ReadonlySet<string> },
): boolean {
  const { revocable } = tokenKinds[kind]
  return revocable === 'always' || (revocable === 'logout' && (options.isLogout || options.listed.has(kind)))
}
