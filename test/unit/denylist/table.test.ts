// The table against a Map as oracle: exact whatever is added, raised, confirmed, removed and walked, in any order.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ABSENT, createTable, type Table } from '../../../src/denylist/table.ts'
import { randomSeed, type TableSeed } from '../../../src/denylist/table-index.ts'
import { member } from '../../support/denylist/entries.ts'

/** Members without the price of a digest: `kind` keeps groups apart. */
function numbered(kind: number, i: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32LE(kind, 0)
  bytes.writeUInt32LE(i, 4)
  return bytes
}

/** All factors one and no mixing constant: members that share words collide as hard as they can. */
const weakSeed: TableSeed = [1, 1, 0]

interface Expected {
  score: number
  confirmed: boolean
}

/** Few members, so that most operations meet one that is there. */
const name = fc.nat(60).map((n) => `m${n}`)
const score = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constant(Number.POSITIVE_INFINITY))
const operation = fc.oneof(
  fc.record({ kind: fc.constant('raise' as const), name, score, confirmed: fc.boolean() }),
  fc.record({ kind: fc.constant('sweep' as const), below: fc.integer({ min: 0, max: 60 }) }),
  fc.record({ kind: fc.constant('forget marks' as const) }),
)

function raiseExpected(oracle: Map<string, Expected>, key: string, value: number, confirmed: boolean): void {
  const present = oracle.get(key)
  if (present === undefined || value > present.score) oracle.set(key, { score: value, confirmed })
  else if (value === present.score && confirmed) present.confirmed = true
}

function sweep(table: Table, below: number, slice: number): void {
  let cursor = table.size
  while (cursor > 0) cursor = table.removeBelow(cursor, slice, below)
}

function contents(table: Table): Map<string, number> {
  const found = new Map<string, number>()
  table.visit(table.size, table.size, (bytes, value) => found.set(bytes.toString('hex'), value))
  return found
}

function unconfirmed(table: Table): Set<string> {
  const found = new Set<string>()
  let cursor = table.size
  while (cursor > 0) cursor = table.unconfirmed(cursor, 7, (bytes) => found.add(bytes.toString('hex')))
  return found
}

describe('the table', () => {
  it.each([
    ['a random seed', randomSeed()],
    ['a seed that makes members collide', weakSeed],
  ])('agrees with a Map whatever is done to it, with %s', (_, seed) => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (operations, slice) => {
        const table = createTable(seed)
        const oracle = new Map<string, Expected>()
        for (const step of operations) {
          if (step.kind === 'raise') {
            table.raise(member(step.name), step.score, step.confirmed)
            raiseExpected(oracle, member(step.name).toString('hex'), step.score, step.confirmed)
          } else if (step.kind === 'sweep') {
            sweep(table, step.below, slice)
            for (const [key, value] of oracle) if (value.score < step.below) oracle.delete(key)
          } else {
            table.unconfirmAll()
            for (const value of oracle.values()) value.confirmed = false
          }
        }
        expect(table.size).toBe(oracle.size)
        expect(contents(table)).toEqual(new Map([...oracle].map(([key, value]) => [key, value.score])))
        expect(unconfirmed(table)).toEqual(new Set([...oracle].filter(([, v]) => !v.confirmed).map(([key]) => key)))
        for (let i = 0; i <= 60; i += 1) {
          const found = oracle.get(member(`m${i}`).toString('hex'))
          expect(table.score(member(`m${i}`))).toBe(found?.score ?? ABSENT)
          expect(table.isConfirmed(member(`m${i}`))).toBe(found?.confirmed ?? false)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('grows over many chunks and shrinks again, losing nothing and keeping nothing', () => {
    const table = createTable(randomSeed())
    const count = 60_000
    const members = Array.from({ length: count }, (_, i) => numbered(1, i))
    for (const [i, one] of members.entries()) table.raise(one, i + 1, false)
    expect(members.every((one, i) => table.score(one) === i + 1)).toBe(true)
    sweep(table, 30_001, 1000)
    expect(table.size).toBe(30_000)
    expect(members.every((one, i) => table.score(one) === (i < 30_000 ? ABSENT : i + 1))).toBe(true)
    const fullBytes = table.bytes
    sweep(table, Number.POSITIVE_INFINITY, 1000)
    expect(table.size).toBe(0)
    expect(table.bytes).toBeLessThan(fullBytes)
  })

  it('visits what was there from beginning to end of a walk, though entries come and go meanwhile', () => {
    const table = createTable(randomSeed())
    for (let i = 0; i < 1000; i += 1) table.raise(numbered(3, i), 100, false)
    for (let i = 0; i < 1000; i += 1) table.raise(numbered(4, i), 10, false)
    const seen = new Set<string>()
    let cursor = table.size
    let sweepCursor = table.size
    let added = 0
    while (cursor > 0) {
      cursor = table.visit(cursor, 50, (bytes) => seen.add(bytes.toString('hex')))
      sweepCursor = table.removeBelow(sweepCursor === 0 ? table.size : sweepCursor, 130, 50)
      table.raise(numbered(5, added), 200, false)
      added += 1
    }
    for (let i = 0; i < 1000; i += 1) expect(seen).toContain(numbered(3, i).toString('hex'))
  })

  it('keeps "for ever" and rounds fractions up', () => {
    const table = createTable(randomSeed())
    table.raise(member('key'), Number.POSITIVE_INFINITY, true)
    table.raise(member('fraction'), 10.2, true)
    table.raise(member('zero'), 0, true)
    expect(table.score(member('key'))).toBe(Number.POSITIVE_INFINITY)
    expect(table.score(member('fraction'))).toBe(11)
    expect(table.score(member('zero'))).toBe(1)
  })

  it('costs almost nothing while it is empty, and at most 40 bytes an entry when it is not', () => {
    const table = createTable(randomSeed())
    expect(table.bytes).toBeLessThan(8_192)
    for (let i = 0; i < 100_000; i += 1) table.raise(numbered(2, i), 1, false)
    expect(table.bytes / 100_000).toBeLessThan(40)
  })
})

describe('members that agree in the half that is hashed', () => {
  it('are kept apart by the other half', () => {
    const table = createTable(randomSeed())
    const twins = Array.from({ length: 50 }, (_, i) => {
      const bytes = Buffer.alloc(16, 0xff)
      bytes.writeUInt32LE(i, 12)
      return bytes
    })
    for (const [i, twin] of twins.entries()) table.raise(twin, i + 1, false)
    expect(twins.map((twin) => table.score(twin))).toEqual(twins.map((_, i) => i + 1))
    sweep(table, 26, 3)
    expect(twins.map((twin) => table.score(twin))).toEqual(twins.map((_, i) => (i < 25 ? ABSENT : i + 1)))
  })
})
