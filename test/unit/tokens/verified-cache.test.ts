// The cache of verified tokens: for one text under one policy and one generation of keys, within bounds.
import { describe, expect, it } from 'vitest'
import { createVerifiedCache, type RestsOnKeys } from '../../../src/tokens/verified-cache.ts'
import { createFakeKeyRing } from '../../support/fakes/key-ring.ts'
import { foreignKey, ownKey } from '../../support/tokens.ts'

interface Entry extends RestsOnKeys {
  readonly name: string
}

const policyA = { name: 'a' }
const policyB = { name: 'b' }

function setUp(limits = { maxEntries: 100, maxBytes: 10_000 }) {
  const keys = createFakeKeyRing(ownKey())
  const cache = createVerifiedCache<{ name: string }, Entry>(limits)
  const entry = (name: string): Entry => ({ name, keys, generation: keys.generation })
  return { keys, cache, entry }
}

describe('the verified cache', () => {
  it('remembers nothing at first', () => {
    const { cache } = setUp()
    expect(cache.get('token', policyA)).toBeUndefined()
    expect(cache.size).toBe(0)
  })

  it('remembers for exactly this text', () => {
    const { cache, entry } = setUp()
    cache.set('token', policyA, entry('first'))
    expect(cache.get('token', policyA)).toMatchObject({ name: 'first' })
    for (const text of ['token ', 'Token', 'toke', '', 'token\0']) expect(cache.get(text, policyA)).toBeUndefined()
  })

  it('remembers for one policy: another asks for other things', () => {
    const { cache, entry } = setUp()
    cache.set('token', policyA, entry('for a'))
    expect(cache.get('token', policyB)).toBeUndefined()
    cache.set('token', policyB, entry('for b'))
    expect(cache.get('token', policyA)).toMatchObject({ name: 'for a' })
    expect(cache.get('token', policyB)).toMatchObject({ name: 'for b' })
  })

  it('takes a policy compiled anew for another one, though it says the same', () => {
    const { cache, entry } = setUp()
    cache.set('token', policyA, entry('before the reload'))
    expect(cache.get('token', { ...policyA })).toBeUndefined()
  })

  it('forgets as soon as a key of the issuer changes, comes or goes', () => {
    for (const change of ['put', 'remove'] as const) {
      const { cache, keys, entry } = setUp()
      cache.set('token', policyA, entry('verified'))
      if (change === 'put') keys.put(foreignKey())
      else keys.remove(ownKey().kid)
      expect(cache.get('token', policyA)).toBeUndefined()
    }
  })

  it('does not give back what it forgot when the old generation would seem to return', () => {
    const { cache, entry } = setUp()
    const ring = { generation: 1 }
    const keys = Object.assign(createFakeKeyRing(), {})
    Object.defineProperty(keys, 'generation', { get: () => ring.generation })
    cache.set('token', policyA, { ...entry('verified'), keys, generation: 1 })
    ring.generation = 2
    expect(cache.get('token', policyA)).toBeUndefined()
    ring.generation = 1
    expect(cache.get('token', policyA)).toBeUndefined()
  })

  it('gives nothing while the keys are older than their hard bound, and nothing that was verified then', () => {
    const { cache, keys, entry } = setUp()
    cache.set('token', policyA, entry('verified'))
    keys.setUnavailable(true)
    expect(cache.get('token', policyA)).toBeUndefined()
    cache.set('other', policyA, entry('verified without usable keys'))
    expect(cache.get('other', policyA)).toBeUndefined()
    keys.setUnavailable(false)
    expect(cache.get('other', policyA)).toBeUndefined()
  })

  it('forgets for one policy only', () => {
    const { cache, keys, entry } = setUp()
    cache.set('token', policyA, entry('for a'))
    keys.put(foreignKey())
    cache.set('token', policyB, entry('for b'))
    expect(cache.get('token', policyA)).toBeUndefined()
    expect(cache.get('token', policyB)).toMatchObject({ name: 'for b' })
  })

  it('holds no more texts than it may, and keeps those that are used', () => {
    const { cache, entry } = setUp({ maxEntries: 3, maxBytes: 10_000 })
    for (const text of ['a', 'b', 'c']) cache.set(text, policyA, entry(text))
    cache.get('a', policyA)
    cache.set('d', policyA, entry('d'))
    expect(cache.size).toBe(3)
    expect(cache.get('a', policyA)).toBeDefined()
    expect(cache.get('b', policyA)).toBeUndefined()
  })

  it('holds no more bytes of text than it may', () => {
    const { cache, entry } = setUp({ maxEntries: 100, maxBytes: 1000 })
    for (let at = 0; at < 50; at += 1) cache.set(`${at}`.padStart(100, '0'), policyA, entry('x'))
    expect(cache.size).toBe(10)
    cache.set('y'.repeat(1001), policyA, entry('too large to be held'))
    expect(cache.get('y'.repeat(1001), policyA)).toBeUndefined()
  })
})
