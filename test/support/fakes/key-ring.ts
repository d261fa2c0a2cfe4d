// A key ring by hand: keys are put in and taken out, and a test decides what a refresh does. Fetches nothing.

import { ok, refuse } from '../../../src/result.ts'
import { algorithmsOf } from '../../../src/tokens/algorithms.ts'
import type { KeyRing, VerificationKey } from '../../../src/tokens/port.ts'
import type { TestKey } from '../tokens.ts'

export interface FakeKeyRing extends KeyRing {
  /** Every `kid` that was looked up, in order. */
  readonly asked: readonly string[]
  readonly refreshes: number
  put(key: TestKey, as?: Partial<VerificationKey>): void
  remove(kid: string): void
  /** No keys could ever be had. */
  setUnavailable(unavailable: boolean): void
  /** What the next refreshes do; `undefined`: the cool-down is on. */
  onRefresh(refresh: () => Promise<void> | undefined): void
}

export function verificationKey(key: TestKey, as: Partial<VerificationKey> = {}): VerificationKey {
  return { kid: key.kid, key: key.publicKey, algorithms: algorithmsOf(key.publicKey), published: true, ...as }
}

export function createFakeKeyRing(...initial: readonly TestKey[]): FakeKeyRing {
  const keys = new Map(initial.map((key) => [key.kid, verificationKey(key)]))
  const asked: string[] = []
  let unavailable = false
  let generation = 1
  let refreshes = 0
  let refresh: () => Promise<void> | undefined = () => undefined
  return {
    asked,
    get refreshes() {
      return refreshes
    },
    get generation() {
      return unavailable ? Number.NaN : generation
    },
    find(kid) {
      asked.push(kid)
      if (unavailable) return refuse('keys_unavailable')
      const key = keys.get(kid)
      return key === undefined ? refuse('key_unknown') : ok(key)
    },
    refresh() {
      refreshes += 1
      return refresh()
    },
    close() {},
    put(key, as) {
      keys.set(as?.kid ?? key.kid, verificationKey(key, as))
      generation += 1
    },
    remove(kid) {
      keys.delete(kid)
      generation += 1
    },
    setUnavailable(value) {
      unavailable = value
    },
    onRefresh(next) {
      refresh = next
    },
  }
}
