// The canary: what it writes, and that it neither grows the denylist nor troubles anybody.
import { expect, it } from 'vitest'
import { canaryMember, startCanary } from '../../../src/denylist/canary.ts'
import { toAddition } from '../../../src/denylist/entries.ts'
import { type Revocation, type RevocationLog, StoreUnavailableError } from '../../../src/denylist/port.ts'
import { eventually } from '../../support/eventually.ts'

function recordingLog(seconds: () => number | undefined) {
  const recorded: Revocation[] = []
  let isDown = false
  const log: RevocationLog = {
    async record(revocations) {
      recorded.push(...revocations)
      if (isDown) throw new StoreUnavailableError('Redis is out of memory', { possiblyApplied: false })
      return { revision: '1-0', recordedAt: 0 }
    },
    waitUntilApplied: () => Promise.reject(new Error('not asked')),
    storeSeconds: seconds,
  }
  const breakDown = () => {
    isDown = true
  }
  return { log, recorded, breakDown }
}

const quick = { random: () => 1, everyMs: 5 }

it('writes one and the same member again and again, for a little longer each time', async () => {
  let seconds = 1000
  const { log, recorded } = recordingLog(() => {
    seconds += 1
    return seconds
  })
  const canary = startCanary({ log, ...quick })
  await eventually('three times', () => recorded.length >= 3)
  await canary.close()
  const additions = recorded.map(toAddition)
  expect(new Set(additions.map(({ member }) => member.toString('hex')))).toEqual(
    new Set([canaryMember.toString('hex')]),
  )
  expect(additions.slice(0, 3).map((one) => ('score' in one ? one.score : undefined))).toEqual([1061, 1062, 1063])
})

it('writes nothing before the store has told its time, and nothing after it was closed', async () => {
  let seconds: number | undefined
  let asked = 0
  const { log, recorded } = recordingLog(() => {
    asked += 1
    return seconds
  })
  const canary = startCanary({ log, ...quick })
  await eventually('asked twice', () => asked >= 2)
  expect(recorded).toEqual([])
  seconds = 1000
  await eventually('written', () => recorded.length > 0)
  await canary.close()
  const before = recorded.length
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(recorded.length).toBe(before)
})

it('goes on when the store fails', async () => {
  const { log, recorded, breakDown } = recordingLog(() => 1000)
  breakDown()
  const canary = startCanary({ log, ...quick })
  await eventually('tried again', () => recorded.length >= 2)
  await canary.close()
})
