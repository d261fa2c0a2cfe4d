// JWK Set document (RFC 7517, section 5) → verification keys. A key that we could not use safely is left out, and the
// reason is given; a document that is not a key set at all is an error.
import { KeyObject } from 'node:crypto'
import { importJWK, type JWK } from 'jose'
import { algorithmsOf } from './algorithms.ts'
import { isJsonObject } from './compact.ts'
import type { JsonObject, VerificationKey } from './port.ts'

/** No issuer rotates that many keys at a time; a larger set is an accident or an attack. */
const MAX_KEYS = 100

export class JwkSetError extends Error {
  override readonly name = 'JwkSetError'
}

export type SkippedKey = 'kid_missing' | 'kid_duplicate' | 'not_for_signatures' | 'key_unusable'

export interface JwkSet {
  readonly keys: ReadonlyMap<string, VerificationKey>
  readonly skipped: readonly SkippedKey[]
}

export async function parseJwkSet(text: string): Promise<JwkSet> {
  const members = readMembers(text)
  const kids = members.map((jwk) => jwk['kid'])
  const keys = new Map<string, VerificationKey>()
  const skipped: SkippedKey[] = []
  for (const jwk of members) {
    const { kid } = jwk
    if (typeof kid !== 'string' || kid === '') skipped.push('kid_missing')
    // Two keys of one name: a token that names it could mean either, so neither is used.
    else if (kids.indexOf(kid) !== kids.lastIndexOf(kid)) skipped.push('kid_duplicate')
    else if (!isForVerification(jwk)) skipped.push('not_for_signatures')
    else {
      const key = await importKey(jwk)
      const algorithms = key === undefined ? [] : allowedAlgorithms(key, jwk)
      if (key === undefined || algorithms.length === 0) skipped.push('key_unusable')
      else keys.set(kid, { kid, key, algorithms, published: true })
    }
  }
  return { keys, skipped }
}

function readMembers(text: string): readonly JsonObject[] {
  const document = parseJson(text)
  const members = isJsonObject(document) ? document['keys'] : undefined
  if (!Array.isArray(members) || !members.every(isJsonObject)) throw new JwkSetError('The document is not a JWK Set')
  if (members.length > MAX_KEYS) throw new JwkSetError('The JWK Set has too many keys')
  return members
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the document.
    throw new JwkSetError('The JWK Set is not JSON')
  }
}

/** `use` and `key_ops` (RFC 7517, section 4.2 and 4.3), where given, must allow verifying. */
function isForVerification(jwk: JsonObject): boolean {
  const { use, key_ops: operations } = jwk
  if (use !== undefined && use !== 'sig') return false
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'))
}

/**
 * The algorithm only tells WebCrypto how to wrap the key; which ones it may be used with is decided from the key.
 * RSA by its `kty`, the others by their `crv`. Looked up as they are: nothing says that an issuer sends texts.
 */
const importAs: ReadonlyMap<unknown, string> = new Map([
  ['RSA', 'RS256'],
  ['P-256', 'ES256'],
  ['P-384', 'ES384'],
  ['P-521', 'ES512'],
  ['Ed25519', 'EdDSA'],
])

async function importKey(jwk: JsonObject): Promise<KeyObject | undefined> {
  const algorithm = importAs.get(jwk['kty'] === 'RSA' ? 'RSA' : jwk['crv'])
  if (algorithm === undefined) return undefined
  try {
    const imported = await importJWK(publicPart(jwk), algorithm)
    return imported instanceof Uint8Array ? undefined : KeyObject.from(imported)
  } catch {
    return undefined
  }
}

/** Somebody who publishes a private key by mistake still only gives us the public one. */
function publicPart(jwk: JsonObject): JWK {
  const { kty, crv, x, y, n, e } = jwk
  const fields = Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => typeof value === 'string')
  return Object.fromEntries(fields)
}

function allowedAlgorithms(key: KeyObject, jwk: JsonObject): readonly string[] {
  const algorithms = algorithmsOf(key)
  return jwk['alg'] === undefined ? algorithms : algorithms.filter((name) => name === jwk['alg'])
}
