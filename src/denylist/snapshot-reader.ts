// Reads one snapshot into the mirror's state, page by page, each page bounded in time. When one is due, and what to do
// when it fails, is the runner's business.
import type { Clock } from '../clock.ts'
import type { MirrorState } from './mirror-state.ts'
import { momentOf } from './moment.ts'
import type { RevocationStore } from './store-port.ts'
import { within } from './timing.ts'

/** One page; the whole may take long, but must not stand still. */
const PAGE_TIMEOUT_MS = 5000

export interface SnapshotDeps {
  readonly state: MirrorState
  readonly store: RevocationStore
  readonly clock: Clock
  readonly isClosed: () => boolean
}

/** Rejects when the store fails or the data set changes meanwhile; what was read so far stays known. */
export async function readSnapshot({ state, store, clock, isClosed }: SnapshotDeps): Promise<void> {
  const snapshot = await within(PAGE_TIMEOUT_MS, store.snapshot())
  const ticket = state.snapshotBegun(snapshot, momentOf(clock))
  const pages = snapshot.pages[Symbol.asyncIterator]()
  try {
    for (;;) {
      const page = await within(PAGE_TIMEOUT_MS, pages.next())
      if (page.done === true) break
      if (isClosed()) return
      if (!state.snapshotPage(ticket, page.value, momentOf(clock))) break
    }
  } finally {
    // Lets go of the store's connection. That may hang as the page did, so nobody waits for it.
    pages.return?.().catch(() => {})
  }
  state.snapshotDone(ticket)
}
