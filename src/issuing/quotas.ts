// How often a caller may mint, in all and for one subject: token buckets in memory, of this process only.
// Bounds what can be put on the denylist by minting and revoking. Revoking itself is never throttled here.
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { Caller } from './callers.ts'

export interface Quotas {
  /** Takes one call of the caller; `false`: there is none left now. */
  take(caller: Caller): boolean
  /** Takes one call of the caller for this subject. */
  takeFor(caller: Caller, subject: string): boolean
}

/** About 10 MiB. A subject that falls out begins with a full bucket: 50,000 others have asked since. */
const MAX_SUBJECTS = 50_000

interface Bucket {
  tokens: number
  atMs: number
}

interface Rate {
  readonly perSecond: number
  readonly burst: number
}

export function createQuotas({ clock }: { readonly clock: Clock }): Quotas {
  const callers = new Map<string, Bucket>()
  const subjects = new LRUCache<string, Bucket>({ max: MAX_SUBJECTS })

  /** Buckets fill with time; the monotonic clock, or a step of the wall clock would fill them all. */
  function draw(bucket: Bucket | undefined, { perSecond, burst }: Rate): Bucket | undefined {
    const nowMs = clock.monotonicMs()
    const gained = bucket === undefined ? burst : ((nowMs - bucket.atMs) / 1000) * perSecond
    const tokens = Math.min(burst, (bucket?.tokens ?? 0) + gained)
    return tokens < 1 ? undefined : { tokens: tokens - 1, atMs: nowMs }
  }

  return {
    take({ name, quota }) {
      const drawn = draw(callers.get(name), { perSecond: quota.per_second, burst: quota.burst })
      if (drawn !== undefined) callers.set(name, drawn)
      return drawn !== undefined
    },
    takeFor({ name, quota }, subject) {
      const key = JSON.stringify([name, subject])
      const rate = { perSecond: quota.subject_per_second, burst: quota.subject_burst }
      const drawn = draw(subjects.get(key), rate)
      if (drawn !== undefined) subjects.set(key, drawn)
      return drawn !== undefined
    },
  }
}
