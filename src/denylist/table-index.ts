// The index of the table: open addressing over 4-byte slots in many small segments, so that growing never takes more
// than one segment's time. Placed by a hash with a secret seed, so that nobody can aim collisions at a process.
import { randomBytes } from 'node:crypto'
import type { Member } from './port.ts'

/** Three random words, the first two odd. */
export type TableSeed = readonly [number, number, number]

export function randomSeed(): TableSeed {
  const bytes = randomBytes(12)
  return [bytes.readInt32LE(0) | 1, bytes.readInt32LE(4) | 1, bytes.readInt32LE(8)]
}

/** With 1024 segments a rehash moves about 1,500 slots at a million entries: tens of microseconds. */
const SEGMENT_BITS = 10
const SEGMENTS = 1 << SEGMENT_BITS
/** A slot holds the entry's number plus one (0 is empty) and, above it, five bits of the hash. */
const ENTRY_BITS = 27
const ENTRY_MASK = (1 << ENTRY_BITS) - 1
export const MAX_TABLE_ENTRIES = ENTRY_MASK - 1
/** The tag's bits lie between those that choose the segment and those that choose the slot. */
const TAG_SHIFT = 17
const TAG_MASK = 0x1f
const FIRST_SLOTS = 8
/** Linear probing stays short up to three quarters. */
const MAX_LOAD = 0.75
/** The segment before its first entry: one empty slot, shared, never written. */
const EMPTY = new Uint32Array(1)

export interface TableIndex {
  /** The entry's number, or -1. */
  find(member: Member): number
  /** Its words must be readable, and it must not be there yet. */
  insert(entry: number): void
  remove(entry: number): void
  /** The entry `from` will lie at `to`; its words are still readable at `from`. */
  move(from: number, to: number): void
  readonly bytes: number
}

export function createTableIndex(seed: TableSeed, wordAt: (entry: number, word: number) => number): TableIndex {
  const [k0, k1, k2] = seed
  const segments: Uint32Array[] = new Array<Uint32Array>(SEGMENTS).fill(EMPTY)
  const used = new Uint32Array(SEGMENTS)

  /**
   * Multilinear in secret odd factors, then mixed (the finisher of MurmurHash3) so that every bit counts everywhere.
   * Of half the member: to make many digests agree in 64 bits is as hopeless as in 128, and costs half to read.
   */
  function hash(w0: number, w1: number): number {
    let h = (Math.imul(w0, k0) + Math.imul(w1, k1) + k2) | 0
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
    return (h ^ (h >>> 16)) >>> 0
  }

  function hashOf(entry: number): number {
    return hash(wordAt(entry, 0), wordAt(entry, 1))
  }

  function segmentOf(h: number): Uint32Array {
    return segments[h >>> (32 - SEGMENT_BITS)] ?? EMPTY
  }

  /** The slot that holds this entry, which is there. */
  function slotOf(entry: number, h: number, slots: Uint32Array): number {
    const mask = slots.length - 1
    const wanted = slotValue(entry, h)
    let slot = h & mask
    while (slots[slot] !== wanted) slot = (slot + 1) & mask
    return slot
  }

  function grow(segment: number): Uint32Array {
    const old = segments[segment] ?? EMPTY
    const slots = new Uint32Array(Math.max(FIRST_SLOTS, old.length * 2))
    for (const value of old) if (value !== 0) put(slots, value, hashOf((value & ENTRY_MASK) - 1))
    segments[segment] = slots
    return slots
  }

  return {
    find(member) {
      const w0 = memberWord(member, 0)
      const w1 = memberWord(member, 1)
      const h = hash(w0, w1)
      const slots = segmentOf(h)
      const mask = slots.length - 1
      const tag = tagOf(h)
      for (let slot = h & mask; ; slot = (slot + 1) & mask) {
        const value = slots[slot] ?? 0
        if (value === 0) return -1
        if (value >>> ENTRY_BITS !== tag) continue
        const entry = (value & ENTRY_MASK) - 1
        if (wordAt(entry, 0) !== w0 || wordAt(entry, 1) !== w1) continue
        if (wordAt(entry, 2) === memberWord(member, 2) && wordAt(entry, 3) === memberWord(member, 3)) return entry
      }
    },
    insert(entry) {
      const h = hashOf(entry)
      const segment = h >>> (32 - SEGMENT_BITS)
      const count = (used[segment] ?? 0) + 1
      const present = segments[segment] ?? EMPTY
      const slots = count > present.length * MAX_LOAD ? grow(segment) : present
      put(slots, slotValue(entry, h), h)
      used[segment] = count
    },
    remove(entry) {
      const h = hashOf(entry)
      const slots = segmentOf(h)
      closeGap(slots, slotOf(entry, h, slots), (value) => hashOf((value & ENTRY_MASK) - 1))
      const segment = h >>> (32 - SEGMENT_BITS)
      used[segment] = (used[segment] ?? 1) - 1
    },
    move(from, to) {
      const h = hashOf(from)
      const slots = segmentOf(h)
      slots[slotOf(from, h, slots)] = slotValue(to, h)
    },
    get bytes() {
      return segments.reduce((sum, slots) => sum + (slots === EMPTY ? 0 : slots.byteLength), used.byteLength)
    },
  }
}

/** One of the four words of a member, as a signed integer. By bytes: several times as fast as `readInt32LE`. */
export function memberWord(member: Member, word: number): number {
  const at = word * 4
  return (
    (member[at] ?? 0) | ((member[at + 1] ?? 0) << 8) | ((member[at + 2] ?? 0) << 16) | ((member[at + 3] ?? 0) << 24)
  )
}

function tagOf(h: number): number {
  return (h >>> TAG_SHIFT) & TAG_MASK
}

function slotValue(entry: number, h: number): number {
  return ((tagOf(h) << ENTRY_BITS) | (entry + 1)) >>> 0
}

function put(slots: Uint32Array, value: number, h: number): void {
  const mask = slots.length - 1
  let slot = h & mask
  while (slots[slot] !== 0) slot = (slot + 1) & mask
  slots[slot] = value
}

/** Empties a slot and moves back what had been pushed past it, so that no search ends early and no tombstone stays. */
function closeGap(slots: Uint32Array, emptied: number, hashOfValue: (value: number) => number): void {
  const mask = slots.length - 1
  let gap = emptied
  for (let slot = (gap + 1) & mask; ; slot = (slot + 1) & mask) {
    const value = slots[slot] ?? 0
    if (value === 0) break
    const home = hashOfValue(value) & mask
    // It may move back unless its home lies cyclically within (gap, slot].
    const distanceFromHome = (slot - home) & mask
    const distanceFromGap = (slot - gap) & mask
    if (distanceFromHome >= distanceFromGap) {
      slots[gap] = value
      gap = slot
    }
  }
  slots[gap] = 0
}
