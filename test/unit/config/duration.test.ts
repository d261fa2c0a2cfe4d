// Durations: what is read, what is refused, and that printing and reading are inverse.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { duration, formatDuration, lifetime, parseDuration } from '../../../src/config/duration.ts'

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['15m', 900_000],
  ['1h', 3_600_000],
  ['4d', 345_600_000],
  ['0s', 0],
])('%s is %d milliseconds', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', '5', 's', '-1s', '+1s', '1.5h', '1h30m', '01s', '1 s', '1S', '1w', '1e3s', '١s', '9999999999999s'])(
  '"%s" is no duration',
  (text) => {
    expect(parseDuration(text)).toBeUndefined()
  },
)

test.each([
  [90_000, '90s'],
  [86_400_000, '1d'],
  [1_500, '1500ms'],
  [0, '0ms'],
])('%d milliseconds are printed as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

test('whatever is printed is read back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3_650 * 86_400_000 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms)
    }),
  )
})

describe('limits', () => {
  test('both ends are allowed', () => {
    const schema = duration({ min: '1s', max: '1m' })
    expect([schema.parse('1s'), schema.parse('1m')]).toEqual([1_000, 60_000])
  })

  test.each(['999ms', '61s'])('%s is outside of 1s to 1m', (text) => {
    expect(duration({ min: '1s', max: '1m' }).safeParse(text).error?.issues[0]?.message).toBe('must be from 1s to 1m')
  })

  test('lifetimes are whole seconds', () => {
    expect(lifetime().parse('2000ms')).toBe(2_000)
    expect(lifetime().safeParse('1500ms').success).toBe(false)
    expect(lifetime().safeParse('0s').success).toBe(false)
  })
})
