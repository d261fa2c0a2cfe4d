// A running denylist for tests: over the memory store or any other, with what it counted.
import { type Clock, systemClock } from '../../../src/clock.ts'
import { createDenylist, type DenylistDeps, type RunningDenylist } from '../../../src/denylist/create.ts'
import type { DenylistObserver } from '../../../src/denylist/observer.ts'
import type { DenylistOptions } from '../../../src/denylist/options.ts'
import type { RevocationStore } from '../../../src/denylist/store-port.ts'
import { silentLog } from './redis-store.ts'

export const denylistOptions: DenylistOptions = {
  store: { kind: 'memory' },
  mode: 'mirror',
  maxStalenessMs: 2000,
  maxEntries: 100_000,
  epochRetentionSeconds: 3_000_000,
  recoveryWindowMs: 0,
  mayWrite: true,
}

export interface Counted {
  readonly beats: string[]
  readonly losses: string[]
  readonly propagatedMs: number[]
  healed: number
  consulted: number
}

export interface TestDenylist extends RunningDenylist {
  readonly counted: Counted
}

export async function startDenylist(
  options: Partial<DenylistOptions> = {},
  more: { store?: RevocationStore; clock?: Clock; log?: DenylistDeps['log'] } = {},
): Promise<TestDenylist> {
  const counted: Counted = { beats: [], losses: [], propagatedMs: [], healed: 0, consulted: 0 }
  const observer: DenylistObserver = {
    beat: (outcome) => counted.beats.push(outcome),
    snapshot() {},
    propagated: (ms) => counted.propagatedMs.push(ms),
    dataLoss: (kind) => counted.losses.push(kind),
    healed(entries) {
      counted.healed += entries
    },
    consulted() {
      counted.consulted += 1
    },
  }
  const running = await createDenylist({
    options: { ...denylistOptions, ...options },
    clock: systemClock,
    log: silentLog,
    observer,
    ...more,
  })
  await running.start()
  return { ...running, counted }
}
