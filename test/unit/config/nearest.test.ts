// The name that was probably meant: near enough, never far-fetched.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nearest } from '../../../src/config/nearest.ts'

const KNOWN = ['audiences', 'issuers', 'max_staleness', 'cookie', 'mode', 'own', 'url']

test.each([
  ['audience', 'audiences'],
  ['aduiences', 'audiences'],
  ['maxStaleness', 'max_staleness'],
  ['max-staleness', 'max_staleness'],
  ['ISSUERS', 'issuers'],
  ['uri', 'url'],
  ['mdoe', 'mode'],
])('%s was meant to be %s', (written, meant) => {
  expect(nearest(written, KNOWN)).toBe(meant)
})

test.each(['', 'xyz', 'adienc', 'staleness', 'x'.repeat(1_000)])('"%s" is near to nothing', (written) => {
  expect(nearest(written, KNOWN)).toBeUndefined()
})

test('a name is nearest to itself, however it is changed by one letter', () => {
  const changed = fc.tuple(fc.constantFrom('audiences', 'max_staleness'), fc.nat(), fc.constantFrom('', 'q', 'qq'))
  fc.assert(
    fc.property(changed, ([name, at, inserted]) => {
      const position = at % name.length
      expect(nearest(name.slice(0, position) + inserted + name.slice(position + 1), KNOWN)).toBe(name)
    }),
  )
})
