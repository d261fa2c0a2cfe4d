// The embedded default: a LevelDB in a folder, synced to disk before a revocation is answered. For one process: LevelDB
// locks the folder. How entries travel to the mirror is the business of embedded.ts.
import { randomUUID } from 'node:crypto'
import { ClassicLevel } from 'classic-level'
import type { Clock } from '../clock.ts'
import { connectEmbedded, createEmbeddedData, type Keep } from './embedded.ts'
import { type Entry, type Space, spaces } from './entries.ts'
import type { RevocationStore } from './store-port.ts'

type Database = ClassicLevel<Buffer, Buffer>

const PAGE = 1000
/** Keys looked at per purge; the runner purges every few seconds, so a million are through in some minutes. */
const PURGE_SLICE = 20_000

/** First byte of a key; the member follows. The value is the score, a float64 (big-endian), so that it can be infinite. */
const prefixes: Readonly<Record<Space, number>> = { revoked: 0x72, not_before: 0x6e }
const EPOCH_KEY = Buffer.from('epoch')
const FIRST_KEY = Buffer.from([0x00])
const LAST_KEY = Buffer.from([0xff])
const KEY_BYTES = 17

export async function openLevelStore(options: {
  path: string
  clock: Clock
  epochRetentionSeconds: number
}): Promise<RevocationStore> {
  const { path, clock, epochRetentionSeconds } = options
  const database: Database = new ClassicLevel(path, { keyEncoding: 'buffer', valueEncoding: 'buffer' })
  await open(database)
  const keep = createLevelKeep(database)
  const data = createEmbeddedData({ keep, epoch: await epochOf(database), clock, epochRetentionSeconds })
  return connectEmbedded(data, () => keep.close())
}

/** Start-up errors with the cause in words: whoever starts a second process on the folder has to understand it. */
async function open(database: Database): Promise<void> {
  try {
    await database.open()
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    const why =
      code === 'LEVEL_LOCKED'
        ? 'another process uses it (store: level is for one process; use store: redis for several)'
        : 'the folder cannot be written, or is not a denylist'
    throw new Error(`The denylist in ${database.location} cannot be opened: ${why}`, { cause: error })
  }
}

async function epochOf(database: Database): Promise<string> {
  const present = await database.get(EPOCH_KEY)
  if (present !== undefined) return present.toString('utf8')
  const epoch = randomUUID()
  await database.put(EPOCH_KEY, Buffer.from(epoch, 'utf8'), { sync: true })
  return epoch
}

function createLevelKeep(database: Database): Keep {
  let purgeFrom: Buffer = FIRST_KEY
  let counted = 0
  /** Known once all keys have been walked through. */
  let size = Number.POSITIVE_INFINITY

  async function range(from: Buffer, limit: number): Promise<[Buffer, Buffer][]> {
    return database.iterator({ gt: from, lt: LAST_KEY, limit }).all()
  }

  return {
    async scores(questions) {
      const values = await database.getMany(questions.map(keyOf))
      return values.map((value) => value?.readDoubleBE(0) ?? 0)
    },
    async write(entries) {
      const operations = entries.map((entry) => ({ type: 'put' as const, key: keyOf(entry), value: scoreBytes(entry) }))
      await database.batch(operations, { sync: true })
      size += entries.length
    },
    async *pages() {
      const iterator = database.iterator({ gt: FIRST_KEY, lt: LAST_KEY })
      let read = 0
      try {
        for (;;) {
          const pairs = await iterator.nextv(PAGE)
          if (pairs.length === 0) break
          const page = pairs.flatMap(([key, value]) => entryOf(key, value) ?? [])
          read += page.length
          yield page
        }
        size = read
      } finally {
        await iterator.close()
      }
    },
    async removeBelow(thresholds) {
      const slice = await range(purgeFrom, PURGE_SLICE)
      const entries = slice.flatMap(([key, value]) => entryOf(key, value) ?? [])
      const over = entries.filter(({ space, score }) => score < thresholds[space])
      await database.batch(over.map((entry) => ({ type: 'del' as const, key: keyOf(entry) })))
      counted += entries.length - over.length
      const end = slice.at(-1)?.[0]
      if (end === undefined || slice.length < PURGE_SLICE) {
        size = counted
        counted = 0
        purgeFrom = FIRST_KEY
      } else purgeFrom = end
      return over.length
    },
    size: () => size,
    close: () => database.close(),
  }
}

function keyOf({ space, member }: Pick<Entry, 'space' | 'member'>): Buffer {
  return Buffer.concat([Buffer.from([prefixes[space]]), member])
}

function scoreBytes({ score }: Entry): Buffer {
  const value = Buffer.allocUnsafe(8)
  value.writeDoubleBE(score)
  return value
}

/** `undefined` for keys that are no entries. */
function entryOf(key: Buffer, value: Buffer): Entry | undefined {
  const space = spaces.find((one) => prefixes[one] === key[0])
  if (space === undefined || key.length !== KEY_BYTES || value.length !== 8) return undefined
  return { space, member: key.subarray(1), score: value.readDoubleBE(0) }
}
