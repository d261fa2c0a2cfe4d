// What the revocation service writes to: records revocations so that they are durable and known here before it answers,
// and tells the store's time. How they reach the other mirrors is the feed's business.
import type { Clock } from '../clock.ts'
import { resolveAddition, toAddition } from './entries.ts'
import type { MirrorState } from './mirror-state.ts'
import { momentOf } from './moment.ts'
import { type RevocationLog, StoreUnavailableError } from './port.ts'
import type { RevocationStore } from './store-port.ts'

export interface RevocationLogDeps {
  readonly state: MirrorState
  readonly store: RevocationStore
  readonly clock: Clock
  /** Mirrors of other processes are told by the feed; the own beat reports sooner that it has it. */
  readonly wake: () => void
  readonly isClosed: () => boolean
}

export function createRevocationLog({ state, store, clock, wake, isClosed }: RevocationLogDeps): RevocationLog {
  function requireOpen(): void {
    if (isClosed()) throw new StoreUnavailableError('The denylist is closed', { possiblyApplied: false })
  }

  return {
    async record(revocations) {
      requireOpen()
      if (revocations.length === 0) throw new RangeError('Nothing to revoke')
      const additions = revocations.map(toAddition)
      const { revision, seconds } = await store.add(additions)
      for (const addition of additions) state.holdOwn(resolveAddition(addition, seconds))
      wake()
      return { revision, recordedAt: seconds }
    },

    async waitUntilApplied(revision) {
      requireOpen()
      wake()
      return store.applied(revision)
    },

    storeSeconds: () => state.storeSeconds(momentOf(clock)),
  }
}
