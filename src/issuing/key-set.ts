// Key files and their states → the set of own keys, or the one mistake that makes it unusable. Pure.
// A set is taken as a whole or not at all; which set is in force is decided in key-directory.ts.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { ok, type Result, refuse } from '../result.ts'
import { algorithmsOf } from '../tokens/algorithms.ts'
import { type KeyMistake, type KeyStanding, type KeyStandings, parseStates } from './key-states.ts'

/** What a key directory holds. */
export interface KeyFiles {
  /** PEM texts by kid. */
  readonly pems: ReadonlyMap<string, string>
  readonly states: string | undefined
}

export interface OwnKey {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  /** `since` is unknown for the only key of a directory without `states.yaml`. */
  readonly standing: KeyStanding | { readonly state: 'current'; readonly since: undefined }
  readonly publicKey: KeyObject
  /** A public key is enough to verify. */
  readonly privateKey: KeyObject | undefined
}

export interface KeySet {
  readonly keys: ReadonlyMap<string, OwnKey>
  readonly current: OwnKey
  /** Key files that `states.yaml` does not name; they are not used. */
  readonly unlisted: readonly string[]
}

/** One algorithm for each type of key that we sign with: whoever verifies gets no choice. */
const signingAlgorithms = ['RS256', 'ES256', 'EdDSA'] as const
export type SigningAlgorithm = (typeof signingAlgorithms)[number]

export function buildKeySet(files: KeyFiles): Result<KeySet, KeyMistake> {
  const standings = standingsOf(files)
  if (!standings.ok) return standings
  const keys = new Map<string, OwnKey>()
  for (const [kid, standing] of standings.value) {
    const key = buildKey(kid, standing, files.pems.get(kid))
    if (!key.ok) return key
    keys.set(kid, key.value)
  }
  const current = [...keys.values()].find(({ standing }) => standing.state === 'current')
  if (current === undefined) return refuse({ message: 'There is no current key' })
  return ok({ keys, current, unlisted: [...files.pems.keys()].filter((kid) => !keys.has(kid)) })
}

/** One key and no `states.yaml`: nothing else can be meant. Several and none: anything could be. */
function standingsOf({ pems, states }: KeyFiles): Result<ReadonlyMap<string, OwnKey['standing']>, KeyMistake> {
  if (states !== undefined) return parseStates(states) satisfies Result<KeyStandings, KeyMistake>
  const [kid, ...others] = pems.keys()
  if (kid === undefined) return refuse({ message: 'The key directory has no key' })
  if (others.length > 0) return refuse({ message: 'The key directory has several keys and no states.yaml' })
  return ok(new Map([[kid, { state: 'current', since: undefined }]]))
}

function buildKey(kid: string, standing: OwnKey['standing'], pem: string | undefined): Result<OwnKey, KeyMistake> {
  if (pem === undefined) return refuse({ kid, message: 'states.yaml names a key that has no file' })
  const pair = readPem(pem)
  if (pair === undefined) return refuse({ kid, message: 'The file is no unencrypted PEM key' })
  const algorithm = algorithmOf(pair.publicKey)
  if (algorithm === undefined) {
    return refuse({ kid, message: 'The key is neither RSA of 2048 to 4096 bits, nor P-256, nor Ed25519' })
  }
  return ok({ kid, algorithm, standing, ...pair })
}

/** The messages of the crypto library are dropped: what they quote is not ours to decide. */
function readPem(pem: string): Pick<OwnKey, 'publicKey' | 'privateKey'> | undefined {
  try {
    if (!pem.includes('PRIVATE KEY-----')) return { publicKey: createPublicKey(pem), privateKey: undefined }
    const privateKey = createPrivateKey(pem)
    return { publicKey: createPublicKey(privateKey), privateKey }
  } catch {
    return undefined
  }
}

function algorithmOf(publicKey: KeyObject): SigningAlgorithm | undefined {
  const fitting = algorithmsOf(publicKey)
  return signingAlgorithms.find((algorithm) => fitting.includes(algorithm))
}
