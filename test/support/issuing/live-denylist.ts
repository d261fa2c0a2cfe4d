// The real denylist over the memory store, driven by hand instead of by timers: a test moves the clock and says when the
// mirror hears of it. What is recorded is in force at once, as in the process that recorded it.
import type { Clock } from '../../../src/clock.ts'
import { createAnswers } from '../../../src/denylist/answers.ts'
import { connectMemoryStore, createMemoryData } from '../../../src/denylist/memory.ts'
import { createMirrorState } from '../../../src/denylist/mirror-state.ts'
import { momentOf } from '../../../src/denylist/moment.ts'
import { silentObserver } from '../../../src/denylist/observer.ts'
import type { Denylist, RevocationLog } from '../../../src/denylist/port.ts'
import { createRevocationLog } from '../../../src/denylist/revocation-log.ts'
import { readSnapshot } from '../../../src/denylist/snapshot-reader.ts'
import { randomSeed } from '../../../src/denylist/table-index.ts'

const DAY_SECONDS = 86_400
const SWEEP_ALL = 100_000

export interface LiveDenylist {
  readonly denylist: Denylist
  readonly log: RevocationLog
  /** The store forgets what is over, and the mirror proves that it is up to date. To be called when time has passed. */
  sync(): Promise<void>
}

export async function createLiveDenylist(
  clock: Clock,
  { epochRetentionSeconds = 35 * DAY_SECONDS }: { readonly epochRetentionSeconds?: number } = {},
): Promise<LiveDenylist> {
  const maxStalenessMs = 5000
  const store = connectMemoryStore(createMemoryData({ clock, epochRetentionSeconds }))
  const state = createMirrorState({
    maxStalenessMs,
    maxEntries: 10_000,
    epochRetentionSeconds,
    seed: randomSeed(),
    keep: true,
  })
  const isClosed = () => false
  const denylist = createAnswers({
    state,
    store,
    clock,
    observer: silentObserver,
    maxStalenessMs,
    lookupTimeoutMs: maxStalenessMs,
    isClosed,
  })

  async function sync(): Promise<void> {
    await store.purge()
    for (let beats = 0; beats < 5; beats += 1) {
      if (state.needsSnapshot) await readSnapshot({ state, store, clock, isClosed })
      const ticket = state.beatSent(momentOf(clock))
      const beat = await store.beat({ after: ticket.after, maxStalenessMs })
      if (state.beatAnswered(ticket, beat, momentOf(clock)) === 'fresh') {
        state.sweep(momentOf(clock), SWEEP_ALL)
        return
      }
    }
    throw new Error('The mirror does not become fresh')
  }

  await sync()
  const log = createRevocationLog({ state, store, clock, wake: () => void sync(), isClosed })
  return { denylist, log, sync }
}
