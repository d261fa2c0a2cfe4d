// Until when a revocation is kept: never a moment less than the token could be used.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isBeyondUse, type Retention, untilOf } from '../../../src/revoking/until.ts'
import { NOW } from '../../support/tokens.ts'

const DAY = 86_400
const keep: Retention = {
  nowSeconds: NOW,
  leewaySeconds: 30,
  windowSeconds: 0,
  longestSeconds: 30 * DAY,
  graceSeconds: 3600,
}

describe('until', () => {
  it.each<[string, { iat: number; exp: number }, Partial<Retention>, number]>([
    ['the end of the token, leeway and grace', { iat: NOW - 60, exp: NOW + 600 }, {}, NOW + 600 + 30 + 3600],
    [
      'and the window in which it could be replaced',
      { iat: NOW, exp: NOW + 600 },
      { windowSeconds: DAY },
      NOW + 600 + DAY + 3630,
    ],
    ['for a token that has just expired', { iat: NOW - 60, exp: NOW - 1 }, {}, NOW - 1 + 3630],
    ['not for ever: an absurd end is cut', { iat: NOW, exp: 0xff_ffff_ffff }, {}, NOW + 30 * DAY + 3630],
    ['not for ever: without any end', { iat: NOW, exp: Number.POSITIVE_INFINITY }, {}, NOW + 30 * DAY + 3630],
    [
      'long enough for a token that is still to begin',
      { iat: NOW + 365 * DAY, exp: NOW + 365 * DAY + 60 },
      {},
      NOW + 365 * DAY + 60 + 3630,
    ],
  ])('is %s', (_name, token, changes, expected) => {
    expect(untilOf(token, { ...keep, ...changes })).toBe(expected)
  })

  it('is never before the last moment at which a Check with any clock within the leeway would take the token', () => {
    const offset = fc.integer({ min: -60 * DAY, max: 60 * DAY })
    fc.assert(
      fc.property(offset, fc.integer({ min: 1, max: 60 * DAY }), (start, life) => {
        const token = { iat: NOW + start, exp: NOW + start + life }
        const acceptable = life <= keep.longestSeconds
        if (acceptable) expect(untilOf(token, keep)).toBeGreaterThanOrEqual(token.exp + keep.leewaySeconds)
      }),
    )
  })
})

describe('beyond use', () => {
  it.each<[string, number, number, boolean]>([
    ['a token that lives', NOW + 1, 0, false],
    ['one that ends now', NOW, 0, false],
    ['one that a slow clock would still take', NOW - 29, 0, false],
    ['one that no clock would take', NOW - 30, 0, true],
    ['one that could still be replaced', NOW - 30, 60, false],
    ['one that could be replaced until now', NOW - 90, 60, true],
  ])('%s', (_name, exp, windowSeconds, beyond) => {
    expect(isBeyondUse({ exp }, { ...keep, windowSeconds })).toBe(beyond)
  })
})
