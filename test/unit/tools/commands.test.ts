// Finding programs on PATH and comparing their versions.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAtLeast, onPath } from '../../../tools/commands.mjs'

describe('isAtLeast', () => {
  const cases = [
    ['1.40.0', '1.40.0', true],
    ['1.40', '1.40.0', true],
    ['1.40.0', '1.40', true],
    ['1.41.0', '1.40.9', true],
    ['2.0', '1.40', true],
    ['1.9.0', '1.40.0', false],
    ['1.39.9', '1.40.0', false],
    ['6', '6.2', false],
    ['10.0', '6.2', true],
  ] as const
  it.each(cases)('%s is at least %s: %s', (version, minimum, expected) => {
    expect(isAtLeast(version, minimum)).toBe(expected)
  })
})

describe('onPath', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-path-'))
    for (const name of ['a', 'b', 'b/dir']) mkdirSync(join(folder, name))
    for (const name of ['a/one', 'b/one', 'b/two', 'b/plain']) writeFileSync(join(folder, name), '')
    for (const name of ['a/one', 'b/one', 'b/two']) chmodSync(join(folder, name), 0o755)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const find = (names: string[], path = `${folder}/a:${folder}/b`) =>
    onPath(names, { PATH: path }).map((found) => found.slice(folder.length))

  it('gives every executable of a name, in the order of PATH', () => {
    expect(find(['one'])).toEqual(['/a/one', '/b/one'])
  })
  it('prefers names in the given order', () => {
    expect(find(['two', 'one'])).toEqual(['/b/two', '/a/one', '/b/one'])
  })
  it('passes over folders, files that cannot be run, and empty entries (which would mean the current folder)', () => {
    expect(find(['dir', 'plain'])).toEqual([])
    expect(find(['package.json'], ':')).toEqual([])
    expect(onPath(['one'], {})).toEqual([])
  })
})
