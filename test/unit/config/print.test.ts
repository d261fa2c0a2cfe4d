// Printing the effective configuration: it loads again, to the same configuration, and says no secret.
import { expect, test } from 'vitest'
import { printableConfig } from '../../../src/config/print.ts'
import { loaded, validNames, validText } from './fixtures.ts'

/** Secrets compare by their source. */
function comparable(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

test.each(validNames)('%s.yaml, printed and loaded again, is the same configuration', (name) => {
  const config = loaded(validText(name))
  const again = loaded(printableConfig(config))
  expect(comparable(again)).toEqual(comparable(config))
})

test.each(validNames)('%s.yaml is printed the same the second time', (name) => {
  const once = printableConfig(loaded(validText(name)))
  expect(printableConfig(loaded(once))).toBe(once)
})

test('defaults are filled in, durations and modes are written as in the file', () => {
  const text = printableConfig(loaded(validText('minimal')))
  expect(text).toContain('address: unix:/run/postern/check.sock\n    mode: "0660"')
  expect(text).toContain('max_staleness: 5s')
  expect(text).toContain('epoch_retention: 35d')
})

test('a secret is shown by its source, never by its value', () => {
  const text = printableConfig(loaded(validText('everything')))
  expect(text).toContain('password:\n      file: secrets/redis')
  expect(text).not.toContain('a secret')
})
