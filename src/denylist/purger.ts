// Has the store remove what is over, a little every few seconds. What is over is the store's knowledge.
import type { Clock } from '../clock.ts'
import type { RevocationStore } from './store-port.ts'

const PURGE_EVERY_MS = 5000

export interface Purger {
  /** Purges if it is time; returns at once. */
  consider(): void
  close(): Promise<void>
}

export function createPurger({ store, clock }: { store: RevocationStore; clock: Clock }): Purger {
  let lastAt = clock.monotonicMs()
  let running: Promise<unknown> | undefined
  return {
    consider() {
      if (running !== undefined || clock.monotonicMs() - lastAt < PURGE_EVERY_MS) return
      lastAt = clock.monotonicMs()
      // A store that fails is what the beats report; what is not removed now is removed later.
      running = store
        .purge()
        .catch(() => {})
        .finally(() => {
          running = undefined
        })
    },
    async close() {
      await running
    },
  }
}
