// One space of the mirror in memory: members of 16 bytes with a score, exact, about 30 bytes an entry. Entries lie
// densely in chunks; an index of open addressing (table-index.ts) finds them. What scores mean is left to others.
import { Buffer } from 'node:buffer'
import type { Member } from './port.ts'
import { createTableIndex, MAX_TABLE_ENTRIES, memberWord, type TableSeed } from './table-index.ts'
import { MEMBER_BYTES } from './vocabulary.ts'

/** What `score` gives for a member that is not there; real scores are at least 1. */
export const ABSENT = 0

/** Four words of member, one of score. */
const WORDS = 5
/** 2^14 entries are 330 KB: small enough to be allocated without a pause, large enough that chunks stay few. */
const CHUNK_BITS = 14
const CHUNK_ENTRIES = 1 << CHUNK_BITS
const CHUNK_MASK = CHUNK_ENTRIES - 1
/** The first chunk grows to that, so that an almost empty denylist costs almost nothing. */
const FIRST_ENTRIES = 16
/** Seconds in 32 bits, unsigned, reach the year 2106; the largest value stands for "for ever". */
const FOREVER = 0xffff_ffff

export type Raised = 'added' | 'raised' | 'known'

export interface Table {
  readonly size: number
  /** The score, or ABSENT. No allocation. */
  score(member: Member): number
  /**
   * Adds the member or raises its score; never lowers it. `confirmed`: the store holds this score, so a mark is set
   * on it; a score raised without that loses its mark.
   */
  raise(member: Member, score: number, confirmed: boolean): Raised
  /** The store is known to hold the member with the score it has here. */
  isConfirmed(member: Member): boolean
  /** Forgets which entries the store is known to hold. Takes microseconds. */
  unconfirmAll(): void
  /**
   * Visits up to `count` positions downward from `cursor` (at first `size`) and gives the next cursor; 0 is the end.
   * What is added meanwhile lies above the cursor, what is removed never moves an unvisited entry above it.
   */
  unconfirmed(cursor: number, count: number, found: (member: Member, score: number) => void): number
  /** The same walk; removes what has a score below `threshold`. */
  removeBelow(cursor: number, count: number, threshold: number): number
  /** The same walk; every entry. Used to export. */
  visit(cursor: number, count: number, found: (member: Member, score: number) => void): number
  /** Bytes of the arrays behind it. */
  readonly bytes: number
}

interface Chunk {
  readonly words: Int32Array
  /** 1: the store is known to hold this entry with this score. */
  readonly marks: Uint8Array
}

export function createTable(seed: TableSeed): Table {
  const index = createTableIndex(seed, wordAt)
  const chunks: Chunk[] = []
  let size = 0

  function wordAt(entry: number, word: number): number {
    return chunks[entry >>> CHUNK_BITS]?.words[(entry & CHUNK_MASK) * WORDS + word] ?? 0
  }

  function setWord(entry: number, word: number, value: number): void {
    const chunk = chunks[entry >>> CHUNK_BITS]
    if (chunk) chunk.words[(entry & CHUNK_MASK) * WORDS + word] = value
  }

  function markAt(entry: number): boolean {
    return chunks[entry >>> CHUNK_BITS]?.marks[entry & CHUNK_MASK] === 1
  }

  function setMark(entry: number, confirmed: boolean): void {
    const chunk = chunks[entry >>> CHUNK_BITS]
    if (chunk) chunk.marks[entry & CHUNK_MASK] = confirmed ? 1 : 0
  }

  function append(member: Member, score: number, confirmed: boolean): void {
    if (size >= MAX_TABLE_ENTRIES) throw new RangeError('The denylist table is full')
    makeRoom(chunks, size)
    const entry = size
    size += 1
    for (let word = 0; word < 4; word += 1) setWord(entry, word, memberWord(member, word))
    setWord(entry, 4, score)
    setMark(entry, confirmed)
    index.insert(entry)
  }

  /** The last entry takes the place of the removed one, so that entries stay dense. */
  function remove(entry: number): void {
    index.remove(entry)
    const last = size - 1
    if (entry !== last) {
      index.move(last, entry)
      for (let word = 0; word < WORDS; word += 1) setWord(entry, word, wordAt(last, word))
      setMark(entry, markAt(last))
    }
    size = last
    // One spare chunk stays: a table that breathes around a chunk's edge must not allocate each time.
    const needed = (size >>> CHUNK_BITS) + 2
    if (chunks.length > needed) chunks.length = needed
  }

  function memberAt(entry: number): Member {
    const member = Buffer.allocUnsafe(MEMBER_BYTES)
    for (let word = 0; word < 4; word += 1) member.writeInt32LE(wordAt(entry, word), word * 4)
    return member
  }

  function walk(cursor: number, count: number, step: (entry: number) => void): number {
    let entry = Math.min(cursor, size)
    const end = Math.max(0, entry - count)
    while (entry > end) {
      entry -= 1
      step(entry)
    }
    return entry
  }

  return {
    get size() {
      return size
    },
    score(member) {
      const entry = index.find(member)
      return entry < 0 ? ABSENT : toSeconds(wordAt(entry, 4))
    },
    raise(member, seconds, confirmed) {
      const score = toWord(seconds)
      const entry = index.find(member)
      if (entry < 0) {
        append(member, score, confirmed)
        return 'added'
      }
      const present = wordAt(entry, 4) >>> 0
      // The store holding less than we do is no confirmation: it has to be told.
      if (score < present) return 'known'
      if (score === present) {
        if (confirmed) setMark(entry, true)
        return 'known'
      }
      setWord(entry, 4, score)
      setMark(entry, confirmed)
      return 'raised'
    },
    isConfirmed(member) {
      const entry = index.find(member)
      return entry >= 0 && markAt(entry)
    },
    unconfirmAll() {
      for (const { marks } of chunks) marks.fill(0)
    },
    unconfirmed: (cursor, count, found) =>
      walk(cursor, count, (entry) => {
        if (!markAt(entry)) found(memberAt(entry), toSeconds(wordAt(entry, 4)))
      }),
    removeBelow: (cursor, count, threshold) =>
      walk(cursor, count, (entry) => {
        if (toSeconds(wordAt(entry, 4)) < threshold) remove(entry)
      }),
    visit: (cursor, count, found) =>
      walk(cursor, count, (entry) => found(memberAt(entry), toSeconds(wordAt(entry, 4)))),
    get bytes() {
      return chunks.reduce((sum, { words, marks }) => sum + words.byteLength + marks.byteLength, index.bytes)
    },
  }
}

/** Room for one more entry. The first chunk doubles until it is a whole one; later ones are whole from the start. */
function makeRoom(chunks: Chunk[], size: number): void {
  const at = size >>> CHUNK_BITS
  const chunk = chunks[at]
  const capacity = chunk?.marks.length ?? 0
  if ((size & CHUNK_MASK) < capacity) return
  const wanted = at > 0 ? CHUNK_ENTRIES : Math.max(FIRST_ENTRIES, capacity * 2)
  const grown = { words: new Int32Array(wanted * WORDS), marks: new Uint8Array(wanted) }
  if (chunk) {
    grown.words.set(chunk.words)
    grown.marks.set(chunk.marks)
  }
  chunks[at] = grown
}

/** Rounded up and never below 1: an entry is enforced a little longer rather than a little less. */
function toWord(seconds: number): number {
  return seconds >= FOREVER ? FOREVER : Math.max(1, Math.ceil(seconds))
}

function toSeconds(word: number): number {
  const seconds = word >>> 0
  return seconds === FOREVER ? Number.POSITIVE_INFINITY : seconds
}
