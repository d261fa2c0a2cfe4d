// The docs generator: every key is explained, the JSON Schema accepts what the loader accepts, and a stale page is named.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { denials } from '../../../src/check/denials.ts'
import { rules } from '../../../src/config/rules.ts'
import { annotatedSchema, configSchemaFile } from '../../../tools/docs/config-schema.ts'
import { configurationPage } from '../../../tools/docs/configuration.ts'
import { denialsPage } from '../../../tools/docs/denials.ts'
import { rowsBelow } from '../../../tools/docs/schema-rows.ts'
import { syncFiles } from '../../../tools/docs/sync.ts'

const VALID = ['minimal', 'everything', 'anchors', 'verifier-with-own-keys']

function fixture(name: string): unknown {
  return parse(readFileSync(new URL(`../../fixtures/config/valid/${name}.yaml`, import.meta.url), 'utf8'))
}

describe('the reference of the configuration', () => {
  const rows = rowsBelow(annotatedSchema())

  test.each(rows.map(({ key, meaning, type }) => ({ key, meaning, type })))('explains $key', ({ meaning, type }) => {
    expect(meaning).toMatch(/^[A-Z`"0-9].*[^.]$/)
    expect(type).not.toContain('undefined')
  })

  test('names every key and every rule', () => {
    const page = configurationPage()
    for (const { message } of rules) expect(page).toContain(message)
    for (const key of [
      '`check.address`',
      '`[].keys.max_stale`',
      '`<name>.stream_leash.at_most`',
      '`redis.sentinels`',
    ]) {
      expect(page).toContain(key)
    }
  })

  test('says the defaults of the design', () => {
    const defaults = Object.fromEntries(rows.map((row) => [row.key, row.default]))
    expect(defaults).toMatchObject({
      'denylist.max_staleness': '`5s`',
      'denylist.epoch_retention': '`35d`',
      'issuers[].algorithms': '`[RS256, ES256, EdDSA]`',
      'issuers[].issuer': '**required**',
      'signing.access.max_ttl': '`1h`',
      'policies.<name>.anonymous': '`deny`',
      'policies.<name>.cookie': '',
    })
  })
})

describe('the JSON Schema', () => {
  const schema = z.fromJSONSchema(JSON.parse(configSchemaFile()))

  test.each(VALID)('accepts %s.yaml', (name) => {
    expect(schema.safeParse(fixture(name)).success).toBe(true)
  })

  test('refuses an unknown key, a wrong word and a malformed duration', () => {
    const minimal = Object(fixture('minimal'))
    const wrong = [{ flavour: 1 }, { log: { level: 'loud' } }, { denylist: { grace: '5 minutes' } }]
    for (const part of wrong) expect(schema.safeParse({ ...minimal, ...part }).success).toBe(false)
  })
})

test('the page of denials has a row for every reason', () => {
  const page = denialsPage()
  for (const [reason, { http }] of Object.entries(denials)) {
    expect(page).toMatch(new RegExp(`\\| \`${reason}\` \\| [A-Z_]+ \\| ${http} \\|`))
  }
})

describe('generated files', () => {
  function sync(check: boolean, there: Record<string, string>) {
    const written: Record<string, string> = {}
    const printed: string[] = []
    const read = (file: string): string => {
      const text = there[file]
      if (text === undefined) throw new Error('ENOENT')
      return text
    }
    const write = (file: string, text: string): void => {
      written[file] = text
    }
    const files = { 'a.md': () => 'a', 'b.md': () => 'b' }
    const code = syncFiles(files, { check, read, write, print: (line) => printed.push(line) })
    return { code, written, printed }
  }

  test('that are out of date or missing are named by --check, which writes nothing', () => {
    expect(sync(true, { 'a.md': 'old' })).toEqual({
      code: 1,
      written: {},
      printed: ['a.md', 'b.md'].map((file) => `${file} is out of date: run "npm run docs" and commit the result`),
    })
  })

  test('that are out of date are written otherwise', () => {
    expect(sync(false, { 'a.md': 'old', 'b.md': 'b' })).toEqual({
      code: 0,
      written: { 'a.md': 'a' },
      printed: ['wrote a.md'],
    })
  })

  test('that are up to date pass the check', () => {
    expect(sync(true, { 'a.md': 'a', 'b.md': 'b' })).toEqual({
      code: 0,
      written: {},
      printed: ['a.md, b.md: up to date'],
    })
  })
})
