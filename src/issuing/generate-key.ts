// New signing keys: the pair as PKCS#8 PEM, and a key id. Where they are kept is left to key-commands.ts.
import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type { SigningAlgorithm } from './key-set.ts'

/** Sorts by age in every listing; the random part keeps two keys of one day apart. */
export function newKid(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 10)}-${randomBytes(4).toString('hex')}`
}

/**
 * A key is used once to sign and many times to verify, and RSA verifies several times faster than the others: hence
 * the default. ES256 and EdDSA sign faster and make shorter tokens.
 */
export const DEFAULT_ALGORITHM = 'RS256' satisfies SigningAlgorithm

/** Enough until 2030 (NIST SP 800-57), and the cheapest to verify. */
const RSA_BITS = 2048

const generate = promisify(generateKeyPair)

const generators: Readonly<Record<SigningAlgorithm, () => Promise<{ readonly privateKey: KeyObject }>>> = {
  RS256: () => generate('rsa', { modulusLength: RSA_BITS }),
  ES256: () => generate('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generate('ed25519'),
}

export async function generatePem(algorithm: SigningAlgorithm): Promise<string> {
  const { privateKey } = await generators[algorithm]()
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}
