// The ports of signing: one key that signs, and the own keys as a whole. Types only.
// local-keys.ts implements them with keys in memory; a key management service would be another implementation.
import type { JWK } from 'jose'
import type { KeyRing } from '../tokens/port.ts'

/** A JWT that is to be signed. `typ` is the media type of its header (RFC 7519, section 5.1). */
interface Unsigned {
  readonly typ: string
  readonly payload: object
}

export interface Signer {
  readonly kid: string
  /** The one JWS algorithm of this key (RFC 8725, section 3.1: a key is for one algorithm). */
  readonly algorithm: string
  /** The compact JWS. Rejects with SigningUnavailableError when the key cannot be used now. */
  sign(token: Unsigned): Promise<string>
}

/** The key is out of reach: the caller may try again. Never carries the text of a key. */
export class SigningUnavailableError extends Error {
  override readonly name = 'SigningUnavailableError'
}

/** RFC 7517, section 5; public parts only. */
export interface JwkSetDocument {
  readonly keys: readonly JWK[]
}

export interface SigningKeys {
  /** The current key; `undefined` while there is none that may sign. */
  signer(): Signer | undefined
  /** Looks again which key is current, where that can change unnoticed. Never rejects. */
  reload?(): Promise<void>
  /** All own keys, retired ones included; only `published` ones are good at Check. */
  readonly ring: KeyRing
  /** What others verify with: next, current and previous keys. */
  jwks(): JwkSetDocument
}
