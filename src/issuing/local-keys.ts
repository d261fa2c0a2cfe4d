// A set of own keys as the ports see it: the signer, the verification keys and the JWKS. Keys are in memory and jose
// signs with them off the event loop. Where the set comes from is left to key-directory.ts.
import { CompactSign, type JWK } from 'jose'
import type { VerificationKey } from '../tokens/port.ts'
import type { KeySet, OwnKey } from './key-set.ts'
import type { KeyState } from './key-states.ts'
import { type JwkSetDocument, type Signer, SigningUnavailableError } from './signer.ts'

const encoder = new TextEncoder()

/** `undefined` for a key without its private part. */
export function createLocalSigner({ kid, algorithm, privateKey }: OwnKey): Signer | undefined {
  if (privateKey === undefined) return undefined
  return {
    kid,
    algorithm,
    async sign({ typ, payload }) {
      const token = new CompactSign(encoder.encode(JSON.stringify(payload)))
      try {
        return await token.setProtectedHeader({ alg: algorithm, kid, typ }).sign(privateKey)
      } catch (cause) {
        throw new SigningUnavailableError('The key could not sign', { cause })
      }
    },
  }
}

const publishedStates: ReadonlySet<KeyState> = new Set(['next', 'current', 'previous'])

const isPublished = ({ standing }: OwnKey): boolean => publishedStates.has(standing.state)

export function toVerificationKey(key: OwnKey): VerificationKey {
  return { kid: key.kid, key: key.publicKey, algorithms: [key.algorithm], published: isPublished(key) }
}

/** `key_ops` is left out: RFC 7517, section 4.3, advises against it beside `use`. */
export function toJwks({ keys }: KeySet): JwkSetDocument {
  return {
    keys: [...keys.values()].filter(isPublished).map(({ kid, algorithm, publicKey }): JWK => {
      return { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: algorithm }
    }),
  }
}
