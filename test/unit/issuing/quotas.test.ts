// How often a caller may mint, in all and for one subject.
import { describe, expect, it } from 'vitest'
import { createQuotas } from '../../../src/issuing/quotas.ts'
import { createFakeClock } from '../../support/fakes/clock.ts'
import { callerWith } from '../../support/issuing/world.ts'

const quota = { per_second: 10, burst: 3, subject_per_second: 1, subject_burst: 2 }
const portal = callerWith({ quota })
const other = callerWith({ name: 'other', quota })

function countTrue(times: number, take: () => boolean): number {
  return Array.from({ length: times }, take).filter(Boolean).length
}

describe('quotas', () => {
  it('allow a burst, then as many calls a second as configured', () => {
    const clock = createFakeClock()
    const quotas = createQuotas({ clock })
    expect(countTrue(10, () => quotas.take(portal))).toBe(3)
    clock.advance(200)
    expect(countTrue(10, () => quotas.take(portal))).toBe(2)
    clock.advance(60_000)
    expect(countTrue(10, () => quotas.take(portal))).toBe(3)
  })

  it('count every caller for itself', () => {
    const quotas = createQuotas({ clock: createFakeClock() })
    expect(countTrue(10, () => quotas.take(portal))).toBe(3)
    expect(countTrue(10, () => quotas.take(other))).toBe(3)
  })

  it('count every subject of a caller for itself', () => {
    const clock = createFakeClock()
    const quotas = createQuotas({ clock })
    expect(countTrue(10, () => quotas.takeFor(portal, 'alice'))).toBe(2)
    expect(countTrue(10, () => quotas.takeFor(portal, 'bob'))).toBe(2)
    expect(countTrue(10, () => quotas.takeFor(other, 'alice'))).toBe(2)
    clock.advance(1000)
    expect(countTrue(10, () => quotas.takeFor(portal, 'alice'))).toBe(1)
  })

  it('are not refilled by a step of the wall clock', () => {
    const clock = createFakeClock()
    const quotas = createQuotas({ clock })
    countTrue(10, () => quotas.take(portal))
    clock.stepWall(3_600_000)
    expect(quotas.take(portal)).toBe(false)
  })

  it('do not lose fractions of a call that are gained between refusals', () => {
    const clock = createFakeClock()
    const quotas = createQuotas({ clock })
    countTrue(3, () => quotas.take(portal))
    const taken = countTrue(100, () => {
      clock.advance(10)
      return quotas.take(portal)
    })
    expect(taken).toBe(10)
  })
})
