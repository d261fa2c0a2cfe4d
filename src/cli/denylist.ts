// `postern denylist stats | export | import`: what the store holds, read and written through the store's own port.
// Entries are digests with a time; nothing here can tell which token one stands for.
import { systemClock } from '../clock.ts'
import { canaryMember } from '../denylist/canary.ts'
import { openStore } from '../denylist/create.ts'
import { type Entry, type Space, spaces } from '../denylist/entries.ts'
import { denylistOptions } from '../denylist/from-config.ts'
import { ORIGIN, type RevocationStore } from '../denylist/store-port.ts'
import { MEMBER_BYTES } from '../denylist/vocabulary.ts'
import { createLog } from '../telemetry/log.ts'
import { readLines } from './lines.ts'
import { CommandError, type Runtime } from './runtime.ts'
import { readConfig } from './serve.ts'

interface DenylistCommandOptions {
  readonly config: string
}

/** One script of the store. */
const IMPORT_BATCH = 500
const FORMAT = 1

export async function denylistStats({ config }: DenylistCommandOptions, runtime: Runtime): Promise<void> {
  await withStore(config, runtime, { mayWrite: false }, async (store) => {
    const { sidecarsKnown } = await store.applied(ORIGIN.id)
    const { dataSet, position, pages } = await store.snapshot()
    const counts: Record<Space, number> = { revoked: 0, not_before: 0 }
    let forEver = 0
    for await (const page of pages) {
      for (const { space, score } of page.filter(isNoCanary)) {
        counts[space] += 1
        if (score === Number.POSITIVE_INFINITY) forEver += 1
      }
    }
    const { epoch, state } = dataSet
    const stats = { epoch, state, revision: position.id, ...counts, for_ever: forEver, sidecars: sidecarsKnown }
    runtime.out(`${JSON.stringify(stats)}\n`)
  })
}

/** A head, the entries, and their number at the end, so that half an export is not taken for a whole one. */
export async function exportDenylist({ config }: DenylistCommandOptions, runtime: Runtime): Promise<void> {
  await withStore(config, runtime, { mayWrite: false }, async (store) => {
    const { dataSet, position, pages } = await store.snapshot()
    runtime.out(`${JSON.stringify({ postern_denylist: FORMAT, epoch: dataSet.epoch, revision: position.id })}\n`)
    let entries = 0
    for await (const page of pages) {
      const lines = page.filter(isNoCanary).map(toLine)
      entries += lines.length
      if (lines.length > 0) runtime.out(`${lines.join('\n')}\n`)
    }
    runtime.out(`${JSON.stringify({ entries })}\n`)
    runtime.err(`exported ${entries} entries\n`)
  })
}

export async function importDenylist(
  { config, file }: DenylistCommandOptions & { readonly file: string },
  runtime: Runtime,
): Promise<void> {
  await withStore(config, runtime, { mayWrite: true }, async (store) => {
    const entries = await addAll(store, file, runtime)
    runtime.err(`imported ${entries} entries\n`)
  })
}

/** Gives how many there were. Batches before a mistake are in the store: adding again does no harm. */
async function addAll(store: RevocationStore, file: string, runtime: Runtime): Promise<number> {
  let batch: Entry[] = []
  let count = 0
  let expected: number | undefined
  const flush = async (): Promise<void> => {
    // A data set that recovers goes on recovering while entries are added back.
    if (batch.length > 0) await store.add(batch, { healing: true })
    batch = []
  }
  for await (const { number, text } of readLines(runtime, file)) {
    const line = parseLine(text)
    const isHead = 'head' in line
    if (isHead !== (number === 1) || 'unreadable' in line || expected !== undefined)
      throw new CommandError(`Line ${number} is not of an export of the denylist`)
    if ('entry' in line) {
      batch.push(line.entry)
      count += 1
    } else if ('entries' in line) expected = line.entries
    if (batch.length >= IMPORT_BATCH) await flush()
  }
  await flush()
  if (expected !== count) throw new CommandError(`The export is not whole: ${count} entries were added`)
  return count
}

function isNoCanary({ member }: Entry): boolean {
  return !member.equals(canaryMember)
}

function toLine({ space, member, score }: Entry): string {
  const until = score === Number.POSITIVE_INFINITY ? 'inf' : score
  return JSON.stringify({ space, member: member.toString('hex'), score: until })
}

type ParsedLine =
  | { readonly head: true }
  | { readonly entry: Entry }
  | { readonly entries: number }
  | { readonly unreadable: true }

function parseLine(text: string): ParsedLine {
  const value = parseJson(text)
  if (value === undefined) return { unreadable: true }
  if (value['postern_denylist'] === FORMAT) return { head: true }
  if (typeof value['entries'] === 'number') return { entries: value['entries'] }
  const space = spaces.find((one) => one === value['space'])
  const member = memberFrom(value['member'])
  const score = scoreFrom(value['score'])
  if (space === undefined || member === undefined || score === undefined) return { unreadable: true }
  return { entry: { space, member, score } }
}

function parseJson(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function memberFrom(value: unknown): Buffer | undefined {
  const isMember = typeof value === 'string' && new RegExp(`^[0-9a-f]{${2 * MEMBER_BYTES}}$`).test(value)
  return isMember ? Buffer.from(value, 'hex') : undefined
}

function scoreFrom(value: unknown): number | undefined {
  if (value === 'inf') return Number.POSITIVE_INFINITY
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 ? value : undefined
}

async function withStore(
  file: string,
  runtime: Runtime,
  { mayWrite }: { readonly mayWrite: boolean },
  use: (store: RevocationStore) => Promise<void>,
): Promise<void> {
  const config = await readConfig(file, runtime, { dev: false })
  if (config.denylist.store === 'memory') throw new CommandError('store: memory is in the memory of one process only')
  const log = createLog({ level: 'warn', destination: { write: runtime.err } })
  const options = { ...(await denylistOptions(config)), mayWrite }
  const store = await openStore({ options, clock: systemClock, log }).catch(fail)
  try {
    await use(store).catch(fail)
  } finally {
    await store.close()
  }
}

/** The messages of the stores' errors are constants. */
function fail(cause: unknown): never {
  if (cause instanceof CommandError) throw cause
  throw new CommandError(cause instanceof Error ? cause.message : 'The store did not answer', { cause })
}
