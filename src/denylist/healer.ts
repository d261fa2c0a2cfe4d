// Adds back to the store what it lost and this mirror still holds: the newest at once, the rest after a random wait and
// from a random place on, so that a thousand processes share the work. What is missing is the state's knowledge.
import type { Clock } from '../clock.ts'
import type { Log } from '../telemetry/log.ts'
import { type Entry, type Space, spaces } from './entries.ts'
import type { MirrorState } from './mirror-state.ts'
import { momentOf } from './moment.ts'
import type { DenylistObserver } from './observer.ts'
import type { RevocationStore } from './store-port.ts'
import { pause } from './timing.ts'

/** One script of that many entries keeps Redis busy for two or three milliseconds. */
const BATCH = 500
/** Positions looked at before the event loop gets its turn: well below a millisecond. */
const SLICE = 5000
/** Between two walks: a beat comes in between. */
const AFTER_WALK_MS = 1000
/** After a batch that failed. */
const RETRY_MS = 500
/** The longest random wait: what others add back meanwhile arrives by the feed and is left out. */
const SPREAD_MS = 3000

export interface HealerDeps {
  readonly state: MirrorState
  readonly store: RevocationStore
  readonly clock: Clock
  readonly log: Log
  readonly observer: DenylistObserver
  readonly spreadMs?: number
}

export interface Healer {
  /** Heals if there is something to heal and it is not being done already; returns at once. */
  consider(): void
  close(): Promise<void>
}

export function createHealer(deps: HealerDeps): Healer {
  const { state, store, clock, log, observer, spreadMs = SPREAD_MS } = deps
  const ending = new AbortController()
  let running: Promise<void> | undefined

  const rest = (ms: number) => pause(ms, ending.signal)

  /** Repeats until the store has them; `undefined`: the data set changed again, or the end has come. */
  async function give(entries: readonly Entry[], generation: number): Promise<number | undefined> {
    while (!ending.signal.aborted && state.generation === generation) {
      const startedAt = clock.monotonicMs()
      try {
        await store.add(entries, { healing: true })
        state.gaveBack()
        observer.healed(entries.length)
        // As long a rest as the work took: others want to be served too.
        await rest(Math.min(RETRY_MS, clock.monotonicMs() - startedAt))
        return entries.length
      } catch {
        await rest(RETRY_MS)
      }
    }
    return undefined
  }

  /** `undefined`: given up, as in `give`. */
  async function healRange(space: Space, from: number, to: number, generation: number): Promise<number | undefined> {
    let given = 0
    let cursor = from
    while (cursor > to) {
      const batch: Entry[] = []
      let looked = 0
      while (cursor > to && batch.length === 0 && looked < SLICE) {
        const count = Math.min(BATCH, cursor - to)
        cursor = state.unconfirmed(space, cursor, count, momentOf(clock), (entry) => batch.push(entry))
        looked += count
      }
      if (batch.length === 0) await rest(0)
      else {
        const added = await give(batch, generation)
        if (added === undefined) return undefined
        given += added
      }
      if (ending.signal.aborted || state.generation !== generation) return undefined
    }
    return given
  }

  /** One walk over everything, from a random place on. `undefined`: given up, as in `give`. */
  async function healAll(generation: number): Promise<number | undefined> {
    let given = 0
    for (const space of spaces) {
      const end = state.sizeOf(space)
      const start = Math.ceil(Math.random() * end)
      for (const [from, to] of [
        [start, 0],
        [end, start],
      ] as const) {
        const added = await healRange(space, from, to, generation)
        if (added === undefined) return undefined
        given += added
      }
    }
    return given
  }

  async function heal(generation: number): Promise<void> {
    const newest = state.recentUnconfirmed(momentOf(clock))
    let given = newest.length === 0 ? 0 : await give(newest, generation)
    await rest(Math.random() * spreadMs)
    while (given !== undefined) {
      const added = await healAll(generation)
      if (added === undefined) break
      given += added
      // Only a walk that finds nothing, after a beat that showed what was given, is the end.
      if (added === 0 && state.healingDone(generation)) break
      await rest(AFTER_WALK_MS)
    }
    if (given !== undefined && given > 0)
      log.warn({ component: 'denylist', count: given }, 'Denylist entries that the store had lost were added back')
  }

  return {
    consider() {
      if (running !== undefined || state.healed || state.position === undefined || ending.signal.aborted) return
      running = heal(state.generation).finally(() => {
        running = undefined
      })
    },
    async close() {
      ending.abort()
      await running
    },
  }
}
