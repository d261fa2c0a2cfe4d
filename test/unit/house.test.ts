// Rules of the house that no linter knows.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

function filesBelow(folder: string, ending: RegExp): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => ending.test(name) && !name.startsWith(join('src', 'gen')))
}

const sources = filesBelow('src', /\.ts$/)
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')

describe('every source file', () => {
  it('opens with what it does', () => {
    const silent = sources.filter((file) => !/^(#!.*\n)?\/\/ \S/.test(textOf(file)))
    expect(silent).toEqual([])
  })

  // The linter refuses `any` and `!`; this is what would hide them from it.
  it('has no escape from the type system', () => {
    const escapes = /@ts-(ignore|expect-error|nocheck)|\bas unknown as\b/
    expect(sources.filter((file) => escapes.test(textOf(file)))).toEqual([])
  })

  it('reads the time through the Clock', () => {
    const readers = sources.filter((file) => /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/.test(textOf(file)))
    expect(readers).toEqual([join('src', 'clock.ts')])
  })
})
