// How long a token lives: the tables of the systems we replace, with any 64-bit value, and what holds for all of them.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  effectiveLifetime,
  limitsOf,
  longestCheckedLifetimeMs,
  longestLifetimeMs,
  withinApiKey,
} from '../../../src/issuing/lifetime.ts'
import { NOW, reasonOf, signingConfig } from '../../support/issuing/world.ts'

const HOUR = 3600
const limits = { defaultSeconds: HOUR, maxSeconds: HOUR }
const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

describe('expires_in', () => {
  it.each<[string, bigint | undefined, 'cap' | 'reject', number | string]>([
    ['absent: the default', undefined, 'cap', HOUR],
    ['absent: the default, also where too much is refused', undefined, 'reject', HOUR],
    ['60', 60n, 'cap', 60],
    ['1', 1n, 'cap', 1],
    ['the maximum', 3600n, 'reject', HOUR],
    ['one above the maximum is capped', 3601n, 'cap', HOUR],
    ['one above the maximum is refused', 3601n, 'reject', 'expires_in_exceeds_max'],
    ['the largest 64-bit value is capped', INT64_MAX, 'cap', HOUR],
    ['the largest 64-bit value is refused', INT64_MAX, 'reject', 'expires_in_exceeds_max'],
    ['2^53 + 1 is capped', 2n ** 53n + 1n, 'cap', HOUR],
    ['0', 0n, 'cap', 'expires_in_invalid'],
    ['0 is no lifetime, whatever the policy', 0n, 'reject', 'expires_in_invalid'],
    ['-1', -1n, 'cap', 'expires_in_invalid'],
    ['the smallest 64-bit value', INT64_MIN, 'reject', 'expires_in_invalid'],
  ])('%s', (_name, expiresIn, policy, expected) => {
    const lifetime = effectiveLifetime(expiresIn, limits, policy)
    expect(lifetime.ok ? lifetime.value : lifetime.reason.reason).toBe(expected)
  })

  it('always gets an answer, and never more than the maximum', () => {
    fc.assert(
      fc.property(
        fc.option(fc.bigInt({ min: INT64_MIN, max: INT64_MAX }), { nil: undefined }),
        fc.integer({ min: 1, max: 10_000_000 }),
        fc.integer({ min: 1, max: 10_000_000 }),
        fc.constantFrom('cap' as const, 'reject' as const),
        (expiresIn, a, b, policy) => {
          const some = { defaultSeconds: Math.min(a, b), maxSeconds: Math.max(a, b) }
          const lifetime = effectiveLifetime(expiresIn, some, policy)
          if (!lifetime.ok) {
            expect(expiresIn !== undefined && (expiresIn <= 0n || expiresIn > BigInt(some.maxSeconds))).toBe(true)
            return
          }
          expect(lifetime.value).toBeGreaterThan(0)
          expect(lifetime.value).toBeLessThanOrEqual(some.maxSeconds)
          if (expiresIn !== undefined) expect(BigInt(lifetime.value)).toBeLessThanOrEqual(expiresIn)
        },
      ),
    )
  })
})

describe('the maximum of a caller', () => {
  it.each<[string, number | undefined, object]>([
    ['absent: that of the kind', undefined, { defaultSeconds: 600, maxSeconds: 3600 }],
    ['smaller: it counts', 900_000, { defaultSeconds: 600, maxSeconds: 900 }],
    ['smaller than the default: the default shrinks too', 60_000, { defaultSeconds: 60, maxSeconds: 60 }],
    ['larger: it raises nothing', 86_400_000, { defaultSeconds: 600, maxSeconds: 3600 }],
  ])('%s', (_name, callerMaxMs, expected) => {
    expect(limitsOf({ defaultMs: 600_000, maxMs: 3_600_000 }, callerMaxMs)).toEqual(expected)
  })
})

describe('the end of the API key', () => {
  const at = { nowSeconds: NOW, clamp: false }
  it.each<[string, number, number, boolean, number | string]>([
    ['later: no matter', 60, NOW + 61, false, 60],
    ['at the same second: allowed', 60, NOW + 60, false, 60],
    ['one second sooner: refused', 60, NOW + 59, false, 'api_key_expires_first'],
    ['one second sooner: shortened where that is wanted', 60, NOW + 59, true, 59],
    ['in a second: a token of one second', 3600, NOW + 1, true, 1],
    ['now: nothing is left to shorten to', 60, NOW, true, 'api_key_expires_first'],
    ['long past', 60, NOW - 5, true, 'api_key_expires_first'],
  ])('%s', (_name, lifetime, exp, clamp, expected) => {
    const bound = withinApiKey(lifetime, { exp }, { ...at, clamp })
    expect(bound.ok ? bound.value : bound.reason.reason).toBe(expected)
  })

  it('is refused in the words of the contract', () => {
    expect(withinApiKey(61, { exp: NOW + 60 }, at)).toMatchObject({
      reason: { message: 'Cannot issue a token that would expire after the provided API key does' },
    })
  })

  it('is never outlived', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000_000 }),
        fc.integer({ min: -1000, max: 10_000_000 }),
        fc.boolean(),
        (lifetime, left, clamp) => {
          const bound = withinApiKey(lifetime, { exp: NOW + left }, { nowSeconds: NOW, clamp })
          if (bound.ok) expect(NOW + bound.value).toBeLessThanOrEqual(NOW + left)
          else expect(reasonOf(bound)).toBe('api_key_expires_first')
          if (bound.ok) expect(bound.value).toBeGreaterThan(0)
        },
      ),
    )
  })
})

describe('the longest lifetime', () => {
  it('that a Check accepts leaves API keys out', () => {
    expect(longestCheckedLifetimeMs(signingConfig())).toBe(4 * 86_400_000)
  })
  it('of anything we sign counts them', () => {
    expect(longestLifetimeMs(signingConfig())).toBe(30 * 86_400_000)
  })
})
