// What a policy's posture makes of a good token while the denylist's freshness is not proven.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allowUnproven } from '../../../src/check/posture.ts'

const sinceMs = 1_000_000_000
const fiveMinutes = { kind: 'allow_verified', forMs: 300_000 } as const

describe('under the posture', () => {
  it.each([
    { posture: 'deny', verified: -1, now: 1, becomes: undefined },
    { posture: 'allow', verified: 1, now: 2, becomes: 'unproven' },
  ] as const)('$posture it is $becomes', ({ posture, verified, now, becomes }) => {
    const outage = { sinceMs, verifiedAtMs: sinceMs + verified, nowMs: sinceMs + now }
    expect(allowUnproven({ kind: posture }, outage)).toBe(becomes)
  })

  it.each([
    { what: 'verified just before the outage, at its beginning', verified: -1, now: 0, becomes: 'unproven_verified' },
    {
      what: 'verified before, at the end of the time granted',
      verified: -1,
      now: 300_000,
      becomes: 'unproven_verified',
    },
    { what: 'verified before, a moment later', verified: -1, now: 300_001, becomes: undefined },
    { what: 'verified in the moment it began', verified: 0, now: 1, becomes: undefined },
    { what: 'verified during the outage', verified: 10, now: 20, becomes: undefined },
    { what: 'verified before, by a clock that stepped back', verified: -5000, now: -1, becomes: undefined },
  ])('allow_verified a token $what is $becomes', ({ verified, now, becomes }) => {
    const outage = { sinceMs, verifiedAtMs: sinceMs + verified, nowMs: sinceMs + now }
    expect(allowUnproven(fiveMinutes, outage)).toBe(becomes)
  })

  it('allow_verified nothing passes that was not verified before the outage, or later than granted', () => {
    const moment = fc.integer({ min: 1, max: 2_000_000_000_000 })
    fc.assert(
      fc.property(
        moment,
        moment,
        moment,
        fc.integer({ min: 0, max: 86_400_000 }),
        (since, verifiedAtMs, nowMs, forMs) => {
          const allowed = allowUnproven({ kind: 'allow_verified', forMs }, { sinceMs: since, verifiedAtMs, nowMs })
          if (allowed !== undefined) expect(verifiedAtMs < since && nowMs >= since && nowMs - since <= forMs).toBe(true)
        },
      ),
    )
  })
})
