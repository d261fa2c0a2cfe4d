// A key directory as files: `<kid>.pem` and `states.yaml`. Bounded reads, atomic writes, nobody else may read a key.
// What the files mean is left to key-set.ts and key-states.ts.
import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyFiles } from './key-set.ts'
import { kidPattern } from './key-states.ts'

const STATES_FILE = 'states.yaml'
const PEM_SUFFIX = '.pem'
/** An RSA key of 4096 bits takes 3.2 KiB; a states file of a hundred keys about 8 KiB. */
const MAX_FILE_BYTES = 64 * 1024
/** Nobody keeps that many keys; more files than this are another directory given by mistake. */
const MAX_KEYS = 100

const OWNER_ONLY_FILE = 0o600
const OWNER_ONLY_DIRECTORY = 0o700

export class KeyFilesError extends Error {
  override readonly name = 'KeyFilesError'
}

/** Rejects where something is in the way of knowing. */
export async function directoryExists(directory: string): Promise<boolean> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return names !== undefined
}

/** Rejects when the directory or a file in it cannot be read. */
export async function readKeyFiles(directory: string): Promise<KeyFiles> {
  const { kids, hasStates } = await listKeyFiles(directory)
  const pems = await Promise.all(
    kids.map(async (kid): Promise<[string, string]> => [kid, await readText(join(directory, kid + PEM_SUFFIX))]),
  )
  const states = hasStates ? await readText(join(directory, STATES_FILE)) : undefined
  return { pems: new Map(pems), states }
}

/** Changes whenever a file is added, removed, replaced or written. */
export async function fingerprint(directory: string): Promise<string> {
  const { kids, hasStates } = await listKeyFiles(directory)
  const names = [...kids.map((kid) => kid + PEM_SUFFIX), ...(hasStates ? [STATES_FILE] : [])]
  const lines = names.map(async (name) => {
    const { ino, size, mtimeNs, ctimeNs } = await stat(join(directory, name), { bigint: true })
    return [name, ino, size, mtimeNs, ctimeNs].join(' ')
  })
  return (await Promise.all(lines)).join('\n')
}

/** Fails where the key exists already: a key is never overwritten. */
export async function writeKeyFile(directory: string, kid: string, pem: string): Promise<void> {
  await writeWhole(directory, pem, (temporary) => link(temporary, join(directory, kid + PEM_SUFFIX)))
}

/** Whoever reads sees the old states or the new ones, also after a crash. */
export async function writeStates(directory: string, text: string): Promise<void> {
  await writeWhole(directory, text, (temporary) => rename(temporary, join(directory, STATES_FILE)))
}

/** The text is on the disk before it gets its name, so that no reader ever meets half of it. */
async function writeWhole(directory: string, text: string, giveName: (temporary: string) => Promise<void>) {
  await mkdir(directory, { recursive: true, mode: OWNER_ONLY_DIRECTORY })
  const temporary = join(directory, `.${randomUUID()}.tmp`)
  try {
    await writeDurably(temporary, text)
    await giveName(temporary)
  } finally {
    await rm(temporary, { force: true })
  }
  await syncDirectory(directory)
}

interface Listing {
  readonly kids: readonly string[]
  readonly hasStates: boolean
}

async function listKeyFiles(directory: string): Promise<Listing> {
  const names = await readdir(directory)
  const kids = names
    .filter((name) => name.endsWith(PEM_SUFFIX) && !name.startsWith('.'))
    .map((name) => name.slice(0, -PEM_SUFFIX.length))
    .sort()
  if (!kids.every((kid) => kidPattern.test(kid))) throw new KeyFilesError('A key file has a name that is no key id')
  if (kids.length > MAX_KEYS) throw new KeyFilesError('The key directory has too many keys')
  return { kids, hasStates: names.includes(STATES_FILE) }
}

async function readText(path: string): Promise<string> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_FILE_BYTES + 1), 0, MAX_FILE_BYTES + 1, 0)
    if (bytesRead > MAX_FILE_BYTES) throw new KeyFilesError('A file of the key directory is too large')
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', OWNER_ONLY_FILE)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
