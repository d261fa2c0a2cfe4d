// What Issue is asked for and what it gives, as plain data. How it travels is left to server/token-service.ts.
import type { JsonObject } from '../tokens/port.ts'
import type { MintableKind } from './rights.ts'

export interface ApiKeyGrantRequest {
  readonly kind: 'api_key'
  readonly apiKey: string
  /** Empty: a plain access token. */
  readonly taskType: string
}

export interface SubjectGrantRequest {
  readonly kind: 'subject'
  /** `undefined`: the caller has not said which. */
  readonly tokenKind: MintableKind | undefined
  readonly subject: string
  readonly scopes: readonly string[]
  /** Empty: none. */
  readonly clientId: string
  readonly user: JsonObject | undefined
}

/** Grants of the contract that this version does not build. */
interface UnbuiltGrantRequest {
  readonly kind: 'transaction' | 'replacement' | 'upstream'
}

export type GrantRequest = ApiKeyGrantRequest | SubjectGrantRequest | UnbuiltGrantRequest

export interface IssueRequest {
  /** `undefined`: the caller has chosen none. */
  readonly grant: GrantRequest | undefined
  /** Seconds; `undefined`: the default of the kind. */
  readonly expiresIn: bigint | undefined
}

export interface IssuedToken {
  readonly token: string
  readonly jti: string
  /** Unix seconds. */
  readonly expiresAt: number
  /** RFC 8693, section 3. */
  readonly issuedTokenType: string
  readonly scopes: readonly string[]
}
