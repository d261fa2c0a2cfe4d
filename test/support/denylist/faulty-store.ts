// A store that a test breaks and mends: fails every call, lets calls hang, or passes them on.
import { StoreUnavailableError } from '../../../src/denylist/port.ts'
import type { RevocationStore } from '../../../src/denylist/store-port.ts'

export interface FaultyStore extends RevocationStore {
  mode: 'works' | 'fails' | 'hangs'
}

export function createFaultyStore(store: RevocationStore): FaultyStore {
  const faulty = { mode: 'works' as FaultyStore['mode'] }
  /** Waits only while the fault is there when the call is made: a hanging call never comes back. */
  async function pass(): Promise<void> {
    if (faulty.mode === 'fails') throw new StoreUnavailableError('broken by a test', { possiblyApplied: false })
    if (faulty.mode === 'hangs') await new Promise(() => {})
  }
  return Object.assign(faulty, {
    add: async (...args) => pass().then(() => store.add(...args)),
    beat: async (...args) => pass().then(() => store.beat(...args)),
    snapshot: async () => pass().then(() => store.snapshot()),
    tail: async (...args) => pass().then(() => store.tail(...args)),
    lookup: async (...args) => pass().then(() => store.lookup(...args)),
    applied: async (...args) => pass().then(() => store.applied(...args)),
    purge: async () => pass().then(() => store.purge()),
    initialise: async () => pass().then(() => store.initialise()),
    close: () => store.close(),
  } satisfies RevocationStore)
}
