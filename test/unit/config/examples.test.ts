// Whoever starts from an example starts from a configuration without a mistake.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../../src/config/load.ts'

const folder = join(import.meta.dirname, '../../../examples')
const examples = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'))

describe('the example', () => {
  it.each(examples)('%s has no problem', (name) => {
    const loaded = loadConfig(readFileSync(join(folder, name), 'utf8'))
    expect(loaded.ok ? [] : loaded.reason).toEqual([])
  })

  it('is one of several', () => {
    expect(examples.length).toBeGreaterThanOrEqual(3)
  })
})
