// Keys for tests: one pair of each kind, made once for the process, and key directories under the system's temporary
// folder that are removed after the test.
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export interface TestPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly privatePem: string
  readonly publicPem: string
}

function pair(keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }): TestPair {
  return {
    ...keys,
    privatePem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: keys.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

export const pairs = {
  rsa: once(() => pair(generateKeyPairSync('rsa', { modulusLength: 2048 }))),
  weakRsa: once(() => pair(generateKeyPairSync('rsa', { modulusLength: 1024 }))),
  p256: once(() => pair(generateKeyPairSync('ec', { namedCurve: 'P-256' }))),
  otherP256: once(() => pair(generateKeyPairSync('ec', { namedCurve: 'P-256' }))),
  p384: once(() => pair(generateKeyPairSync('ec', { namedCurve: 'P-384' }))),
  ed25519: once(() => pair(generateKeyPairSync('ed25519'))),
  x25519: once(() => pair(generateKeyPairSync('x25519'))),
}

/** A directory with these files; gone after the test. */
export async function temporaryDirectory(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-keys-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
  return directory
}
