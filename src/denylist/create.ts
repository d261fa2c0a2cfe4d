// Puts the denylist together: the store that the options name, the mirror over it, and the two ports that the rest of
// the house uses. Adapters are loaded only when they are used, because they cost start-up time.
import type { Clock } from '../clock.ts'
import type { Log } from '../telemetry/log.ts'
import { createAnswers } from './answers.ts'
import { createHealer } from './healer.ts'
import { createMirror } from './mirror.ts'
import { createMirrorState } from './mirror-state.ts'
import { type DenylistObserver, silentObserver } from './observer.ts'
import type { DenylistOptions } from './options.ts'
import type { Denylist, RevocationLog } from './port.ts'
import { createPurger } from './purger.ts'
import { createRevocationLog } from './revocation-log.ts'
import type { RevocationStore } from './store-port.ts'
import { randomSeed } from './table-index.ts'
import { within } from './timing.ts'

/** A beat may take that share of `max_staleness`, so that a second one fits in; see also the store's own timeouts. */
const BEAT_SHARE = 0.4
/** Longer than that, a Check would rather be told "unknown". */
const LOOKUP_TIMEOUT_MS = 250
/** For what is under way to come to its end, and once more for the store to let go. */
const CLOSE_TIMEOUT_MS = 1000

export interface DenylistDeps {
  readonly options: DenylistOptions
  readonly clock: Clock
  readonly log: Log
  readonly observer?: DenylistObserver
  /** Instead of the store that the options name: for tests. */
  readonly store?: RevocationStore
}

export interface RunningDenylist {
  readonly denylist: Denylist
  readonly log: RevocationLog
  /**
   * Resolves when the mirror is live, or when the store turned out not to answer: then it is tried again for as long
   * as the process lives. Rejects only for what no waiting mends (a locked folder, a server too old, `strict`).
   */
  start(): Promise<void>
  /** Answers can be given with proof. */
  ready(): boolean
  /** From then on nothing is called clear. */
  close(): Promise<void>
}

export async function createDenylist(deps: DenylistDeps): Promise<RunningDenylist> {
  const { options, clock, log, observer = silentObserver } = deps
  const { maxStalenessMs, maxEntries, epochRetentionSeconds } = options
  const store = deps.store ?? (await openStore(deps))
  const keep = options.mode === 'mirror'
  const state = createMirrorState({ maxStalenessMs, maxEntries, epochRetentionSeconds, seed: randomSeed(), keep })
  let closed = false
  const isClosed = () => closed

  const answers = createAnswers({
    state,
    store,
    clock,
    observer,
    maxStalenessMs,
    lookupTimeoutMs: LOOKUP_TIMEOUT_MS,
    isClosed,
  })
  const healer = createHealer({ state, store, clock, log, observer })
  const purger = createPurger({ store, clock })
  const mirror = createMirror({
    state,
    store,
    clock,
    log,
    observer,
    maxStalenessMs,
    beatTimeoutMs: maxStalenessMs * BEAT_SHARE,
    tails: keep,
    stepped() {
      answers.status()
      if (!options.mayWrite) return
      healer.consider()
      purger.consider()
    },
  })
  const revocations = createRevocationLog({ state, store, clock, wake: mirror.wake, isClosed })

  return {
    denylist: answers,
    log: revocations,
    start: () => mirror.start(),
    ready: () => !closed && answers.status().state === 'live',
    async close() {
      if (closed) return
      closed = true
      // A call that hangs must not keep the process from ending.
      const ended = Promise.all([mirror.close(), healer.close(), purger.close()])
      await within(CLOSE_TIMEOUT_MS, ended).catch(() => {})
      await within(CLOSE_TIMEOUT_MS, store.close()).catch(() => {})
    },
  }
}

/** The store alone, without a mirror: for commands that speak to it once. */
export async function openStore({ options, clock, log }: DenylistDeps): Promise<RevocationStore> {
  const { store, epochRetentionSeconds, recoveryWindowMs, mayWrite } = options
  switch (store.kind) {
    case 'memory': {
      const { connectMemoryStore, createMemoryData } = await import('./memory.ts')
      return connectMemoryStore(createMemoryData({ clock, epochRetentionSeconds }))
    }
    case 'level': {
      const { openLevelStore } = await import('./level.ts')
      return openLevelStore({ path: store.path, clock, epochRetentionSeconds })
    }
    case 'redis': {
      const { openRedisStore } = await import('./redis/store.ts')
      return openRedisStore({ redis: store.redis, log, epochRetentionSeconds, recoveryWindowMs, mayWrite })
    }
  }
}
