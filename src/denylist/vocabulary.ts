// The words of the denylist: how something that can be revoked becomes a member of 16 bytes, and which members one
// verified token answers to. Whether any of them is listed is the mirror's business.
import { createHash } from 'node:crypto'
import type { DenylistRefs, Dimension, Member, RevokedReason } from './port.ts'

/** Enough that two names never meet by accident (2^-64 at billions of entries), and half the memory of the whole. */
export const MEMBER_BYTES = 16

/** JSON, because its quoting keeps `["a","b,c"]` and `["a,b","c"]` apart whatever an issuer puts into an id. */
export function memberOf(dimension: Dimension, issuer: string, id: string): Member {
  const name = JSON.stringify([dimension, issuer, id])
  return createHash('sha256').update(name).digest().subarray(0, MEMBER_BYTES)
}

/** What a verified token says about itself and its origin. An empty string names nothing: it is as good as absent. */
export interface TokenIdentity {
  /** The exact `iss`. */
  readonly issuer: string
  readonly jti: string
  /** The key that signed it. */
  readonly keyId: string
  /** `iat`, in seconds. */
  readonly issuedAt: number
  readonly subject?: string | undefined
  /** `azp`. */
  readonly clientId?: string | undefined
  /** `txn`. */
  readonly transaction?: string | undefined
  /** The token is an API key itself. */
  readonly isApiKey?: boolean | undefined
  /** The API key it was minted from. */
  readonly apiKey?: { readonly jti: string; readonly issuedAt: number } | undefined
  /** `iat` of another root that it names: the first token of its transaction. */
  readonly rootIssuedAt?: number | undefined
}

export function refsOf(token: TokenIdentity): DenylistRefs {
  const { issuer, apiKey } = token
  const marks: { reason: RevokedReason; member: Member }[] = []
  const epochs: { reason: RevokedReason; member: Member; issuedAt: number }[] = []
  const issuedAt = oldest(token)

  function mark(reason: RevokedReason, dimension: Dimension, id: string | undefined): void {
    if (id !== undefined && id !== '') marks.push({ reason, member: memberOf(dimension, issuer, id) })
  }
  function epoch(reason: RevokedReason, dimension: Dimension, id: string | undefined): void {
    if (id !== undefined && id !== '') epochs.push({ reason, member: memberOf(dimension, issuer, id), issuedAt })
  }

  mark(token.isApiKey === true ? 'api_key_revoked' : 'token_revoked', 'jti', token.jti)
  mark('api_key_revoked', 'jti', apiKey?.jti)
  mark('key_revoked', 'key_id', token.keyId)
  mark('transaction_revoked', 'transaction', token.transaction)
  epoch('subject_revoked', 'subject', token.subject)
  // "Log out everywhere but keep my API keys" names this dimension instead of `subject`.
  const ofApiKey = token.isApiKey === true || apiKey !== undefined
  if (!ofApiKey) epoch('subject_revoked', 'subject_sessions', token.subject)
  epoch('client_revoked', 'client_id', token.clientId)
  return { marks, epochs }
}

/** A token minted after an epoch from something issued before it is as old as that. */
function oldest({ issuedAt, apiKey, rootIssuedAt }: TokenIdentity): number {
  return Math.min(issuedAt, apiKey?.issuedAt ?? issuedAt, rootIssuedAt ?? issuedAt)
}
