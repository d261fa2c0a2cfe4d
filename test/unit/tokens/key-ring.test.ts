// A key ring over time: refresh and jitter, cool-down and single flight, the last good set and its hard bound, the end.
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createKeyRing, type KeyRingOptions } from '../../../src/tokens/key-ring.ts'
import type { KeySource } from '../../../src/tokens/key-source.ts'
import { createFakeClock } from '../../support/fakes/clock.ts'
import { createFakeLog } from '../../support/fakes/log.ts'
import { jwkSetText, keyFor, publicJwk } from '../../support/tokens.ts'

const SECOND = 1000
const times = { name: 'commons', refreshMs: 300 * SECOND, coolDownMs: 30 * SECOND, maxStaleMs: 3600 * SECOND }
const first = keyFor('ES256', 'first')
const second = keyFor('ES256', 'second')
const one = jwkSetText(publicJwk(first))
const two = jwkSetText(publicJwk(first), publicJwk(second))

/** A source whose every load is answered by the test, now or later. */
function createFakeSource() {
  let loads = 0
  let answer: () => Promise<string> = async () => one
  const source: KeySource = {
    load() {
      loads += 1
      return answer()
    },
  }
  return {
    source,
    get loads() {
      return loads
    },
    gives(text: string) {
      answer = async () => text
    },
    fails(error: Error = new Error('connect ECONNREFUSED')) {
      answer = () => Promise.reject(error)
    },
    /** The loads from now on wait for the returned function. */
    waits(): (text: string | Error) => void {
      let settle: ((text: string | Error) => void) | undefined
      const waiting = new Promise<string>((resolve, reject) => {
        settle = (text) => (typeof text === 'string' ? resolve(text) : reject(text))
      })
      answer = () => waiting
      return (text) => settle?.(text)
    },
  }
}

function setUp(options: Partial<KeyRingOptions> = {}, random = () => 0) {
  const clock = createFakeClock()
  const log = createFakeLog()
  const from = createFakeSource()
  const ring = createKeyRing({ ...times, ...options }, { source: from.source, clock, log, random })
  onTestFinished(() => ring.close())
  /** Time passes, timers ring, and what they started comes to its end. */
  async function pass(ms: number): Promise<void> {
    clock.advance(ms)
    await vi.advanceTimersByTimeAsync(ms)
    await settled()
  }
  return { clock, log, from, ring, pass }
}

/** Importing a key takes a few turns of the event loop; none of them is a timer. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})

afterEach(() => {
  vi.useRealTimers()
})

describe('loading', () => {
  it('has no keys before the first load, and says that this is our trouble', () => {
    const { ring, from } = setUp()
    expect(ring.find(first.kid)).toEqual({ ok: false, reason: 'keys_unavailable' })
    expect(ring.generation).toBeNaN()
    expect(ring.freshAsOfMs).toBeUndefined()
    expect(ring.status()).toEqual({ keys: 0, ageMs: undefined, failures: 0 })
    expect(from.loads).toBe(0)
  })

  it('gives the keys once started, and tells an unknown kid from missing keys', async () => {
    const { ring, log } = setUp()
    await ring.start()
    expect(ring.find(first.kid)).toMatchObject({ ok: true, value: { kid: first.kid, published: true } })
    expect(ring.find('gone')).toEqual({ ok: false, reason: 'key_unknown' })
    expect(ring.status()).toEqual({ keys: 1, ageMs: 0, failures: 0 })
    expect(log.lines).toEqual([
      { level: 'info', fields: { issuer: 'commons', count: 1 }, message: 'Loaded issuer keys' },
    ])
  })

  it('never rejects: an issuer that is down must not stop a start', async () => {
    const { ring, from, log } = setUp()
    from.fails(Object.assign(new Error('connect ECONNREFUSED https://secret@host'), { code: 'ECONNREFUSED' }))
    await expect(ring.start()).resolves.toBeUndefined()
    expect(ring.find(first.kid)).toEqual({ ok: false, reason: 'keys_unavailable' })
    expect(ring.status()).toMatchObject({ keys: 0, failures: 1 })
    expect(log.lines).toEqual([
      {
        level: 'warn',
        fields: { issuer: 'commons', count: 1, detail: 'ECONNREFUSED' },
        message: 'Could not load issuer keys',
      },
    ])
    expect(log.text()).not.toContain('secret')
  })

  it('says how many keys of a set were left out', async () => {
    const { ring, from, log } = setUp()
    from.gives(jwkSetText(publicJwk(first), { kty: 'oct', kid: 'k', k: 'c2VjcmV0' }))
    await ring.start()
    expect(log.lines.map(({ fields }) => fields)).toEqual([{ issuer: 'commons', count: 1, skipped: 1 }])
    expect(log.text()).not.toContain('c2VjcmV0')
  })
})

describe('the background refresh', () => {
  it('comes after the interval, and the next one after the next', async () => {
    const { ring, from, pass } = setUp()
    await ring.start()
    await pass(times.refreshMs - 1)
    expect(from.loads).toBe(1)
    await pass(1)
    expect(from.loads).toBe(2)
    await pass(times.refreshMs)
    expect(from.loads).toBe(3)
  })

  it('comes up to a fifth early, so that many sidecars do not ask at one moment', async () => {
    const { ring, from, pass } = setUp({}, () => 0.999_999)
    await ring.start()
    await pass(times.refreshMs * 0.8 - 1)
    expect(from.loads).toBe(1)
    await pass(2)
    expect(from.loads).toBe(2)
  })

  it('takes up new keys and drops those that are gone', async () => {
    const { ring, from, pass } = setUp()
    await ring.start()
    from.gives(jwkSetText(publicJwk(second)))
    await pass(times.refreshMs)
    expect(ring.find(second.kid)).toMatchObject({ ok: true })
    expect(ring.find(first.kid)).toEqual({ ok: false, reason: 'key_unknown' })
  })

  it('changes the generation when the set changes and only then', async () => {
    const { ring, from, pass } = setUp()
    await ring.start()
    const { generation } = ring
    await pass(times.refreshMs)
    expect(ring.generation).toBe(generation)
    from.gives(two)
    await pass(times.refreshMs)
    expect(ring.generation).not.toBe(generation)
    from.gives(one)
    await pass(times.refreshMs)
    expect(ring.generation).not.toBe(generation)
  })

  it('backs off while it fails: 250 ms, twice that each time, at most the cool-down; and starts anew after a success', async () => {
    const { ring, from, pass } = setUp()
    from.fails()
    await ring.start()
    for (const waitMs of [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      const { loads } = from
      await pass(waitMs - 1)
      expect([waitMs, from.loads]).toEqual([waitMs, loads])
      await pass(1)
      expect([waitMs, from.loads]).toEqual([waitMs, loads + 1])
    }
    expect(ring.status().failures).toBe(10)
    from.gives(one)
    await pass(30_000)
    expect(ring.find(first.kid)).toMatchObject({ ok: true })
    from.fails()
    await pass(times.refreshMs)
    const { loads } = from
    await pass(250)
    expect(from.loads).toBe(loads + 1)
  })

  it('counts failures in the log, and failures of all time in the status', async () => {
    const { ring, from, log, pass } = setUp()
    from.fails()
    await ring.start()
    await pass(250)
    expect(log.lines.map(({ fields }) => fields.count)).toEqual([1, 2])
    from.gives(one)
    await pass(500)
    from.fails()
    await pass(times.refreshMs)
    expect(log.lines.map(({ fields }) => fields.count)).toEqual([1, 2, 1, 1])
    expect(ring.status().failures).toBe(3)
  })
})

describe('the last good set', () => {
  it.each([
    ['an empty set', '{"keys":[]}'],
    ['a set without a usable key', jwkSetText({ kty: 'oct', kid: 'k', k: 'c2VjcmV0' })],
    ['an error page', '<html>try later</html>'],
    ['nothing', ''],
  ])('is kept when the source gives %s', async (_, text) => {
    const { ring, from, pass, log } = setUp()
    await ring.start()
    const { generation } = ring
    from.gives(text)
    await pass(times.refreshMs)
    expect(ring.find(first.kid)).toMatchObject({ ok: true })
    expect(ring.generation).toBe(generation)
    expect(ring.status()).toMatchObject({ keys: 1, failures: 1 })
    expect(log.lines.at(-1)).toMatchObject({ level: 'warn', message: 'Could not load issuer keys' })
    expect(log.text()).not.toMatch(/html|c2VjcmV0/)
  })

  it('serves up to the hard bound and not a millisecond longer', async () => {
    const { ring, from, clock } = setUp()
    await ring.start()
    const { generation } = ring
    from.fails()
    clock.advance(times.maxStaleMs)
    expect(ring.find(first.kid)).toMatchObject({ ok: true })
    expect(ring.generation).toBe(generation)
    clock.advance(1)
    expect(ring.find(first.kid)).toEqual({ ok: false, reason: 'keys_unavailable' })
    expect(ring.find('gone')).toEqual({ ok: false, reason: 'keys_unavailable' })
  })

  it('past the bound is void together with all that was verified by it, and good again after one success', async () => {
    const { ring, from, clock, pass } = setUp()
    await ring.start()
    const { generation } = ring
    clock.advance(times.maxStaleMs + 1)
    expect(ring.generation).toBeNaN()
    from.gives(one)
    await pass(times.refreshMs)
    expect(ring.find(first.kid)).toMatchObject({ ok: true })
    expect(ring.generation).toBe(generation)
  })

  it('ages by the wall clock when the machine slept, and by the steady clock when somebody set the wall clock back', async () => {
    const slept = setUp()
    await slept.ring.start()
    slept.clock.stepWall(times.maxStaleMs + 1)
    expect(slept.ring.find(first.kid)).toEqual({ ok: false, reason: 'keys_unavailable' })

    const setBack = setUp()
    await setBack.ring.start()
    setBack.clock.stepWall(-24 * 3600 * SECOND)
    setBack.clock.advance(times.maxStaleMs + 1)
    expect(setBack.ring.find(first.kid)).toEqual({ ok: false, reason: 'keys_unavailable' })
  })

  it('ages from the moment its load began, not from when it came', async () => {
    const { ring, from, clock } = setUp()
    const arrive = from.waits()
    const started = ring.start()
    const askedAtMs = clock.monotonicMs()
    clock.advance(4 * SECOND)
    arrive(one)
    await started
    expect(ring.status().ageMs).toBe(4 * SECOND)
    expect(ring.freshAsOfMs).toBe(askedAtMs)
  })
})

describe('a forced refresh', () => {
  it('happens at most once in a cool-down', async () => {
    const { ring, from, pass } = setUp()
    await ring.start()
    await ring.refresh()
    expect(from.loads).toBe(2)
    expect(ring.refresh()).toBeUndefined()
    await pass(times.coolDownMs - 1)
    expect(ring.refresh()).toBeUndefined()
    expect(from.loads).toBe(2)
    await pass(1)
    await ring.refresh()
    expect(from.loads).toBe(3)
  })

  it('is one request for ten thousand unknown kids at one moment, and all wait for it', async () => {
    const { ring, from } = setUp()
    await ring.start()
    const arrive = from.waits()
    const waiting = Array.from({ length: 10_000 }, () => ring.refresh())
    expect(from.loads).toBe(2)
    expect(waiting.every((promise) => promise === waiting[0] && promise instanceof Promise)).toBe(true)
    arrive(two)
    await Promise.all(waiting)
    expect(ring.find(second.kid)).toMatchObject({ ok: true })
  })

  it('joins a load that is under way', async () => {
    const { ring, from } = setUp()
    const arrive = from.waits()
    const started = ring.start()
    const refreshed = ring.refresh()
    expect(from.loads).toBe(1)
    arrive(one)
    await Promise.all([started, refreshed])
    expect(ring.find(first.kid)).toMatchObject({ ok: true })
  })

  it('that fails is not repeated within the cool-down either, and leaves the last good set alone', async () => {
    const { ring, from } = setUp()
    await ring.start()
    from.fails()
    await expect(ring.refresh()).resolves.toBeUndefined()
    expect(ring.refresh()).toBeUndefined()
    expect(ring.find(first.kid)).toMatchObject({ ok: true })
  })

  it('is possible again after the cool-down though somebody set the wall clock back', async () => {
    const { ring, from, clock } = setUp()
    await ring.start()
    await ring.refresh()
    clock.stepWall(-24 * 3600 * SECOND)
    clock.advance(times.coolDownMs)
    await ring.refresh()
    expect(from.loads).toBe(3)
  })

  it('postpones the background refresh instead of adding one', async () => {
    const { ring, from, pass } = setUp()
    await ring.start()
    await pass(times.refreshMs - SECOND)
    await ring.refresh()
    await pass(2 * SECOND)
    expect(from.loads).toBe(2)
  })
})

describe('the end', () => {
  it('stops all timers: nothing is asked any more', async () => {
    const { ring, from, pass } = setUp()
    await ring.start()
    ring.close()
    expect(vi.getTimerCount()).toBe(0)
    expect(ring.refresh()).toBeUndefined()
    await pass(10 * times.refreshMs)
    expect(from.loads).toBe(1)
  })

  it('also while a load is under way', async () => {
    const { ring, from, pass } = setUp()
    const arrive = from.waits()
    const started = ring.start()
    ring.close()
    arrive(one)
    await started
    expect(vi.getTimerCount()).toBe(0)
    await pass(10 * times.refreshMs)
    expect(from.loads).toBe(1)
  })

  it('also while the issuer is down', async () => {
    const { ring, from, pass } = setUp()
    from.fails()
    await ring.start()
    ring.close()
    await pass(10 * times.refreshMs)
    expect(from.loads).toBe(1)
  })
})

describe('several rings', () => {
  it('have timers and failures of their own: a broken issuer never delays another', async () => {
    const broken = setUp()
    const sound = setUp()
    broken.from.waits()
    void broken.ring.start()
    await sound.ring.start()
    expect(sound.ring.find(first.kid)).toMatchObject({ ok: true })
    await sound.pass(times.refreshMs)
    expect(sound.from.loads).toBe(2)
    expect(broken.from.loads).toBe(1)
  })
})
