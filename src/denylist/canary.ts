// Revokes something that nobody can have, again and again, so that every mirror measures how long a revocation takes also
// while nobody revokes anything. Always the same member: the denylist has one entry more, however long this runs. What
// is measured is the mirrors' business.
import type { Revocation, RevocationLog } from './port.ts'
import { pause } from './timing.ts'
import { memberOf } from './vocabulary.ts'

/** Twelve measurements a minute at every mirror, for one small write and 180 of the feed's million entries. */
const EVERY_MS = 5000
/** The part of it that is taken off at random, so that several token services do not stay in step. */
const JITTER = 0.2
/** The entry is over soon after the last token service has ended. */
const KEPT_SECONDS = 60

/** No configured issuer has an empty name, so no token can be meant. */
const name = { dimension: 'jti', issuer: '', id: 'canary' } as const satisfies Partial<Revocation>

export const canaryMember = memberOf(name.dimension, name.issuer, name.id)

export interface CanaryDeps {
  readonly log: RevocationLog
  /** From 0 to 1. */
  readonly random: () => number
  readonly everyMs?: number
}

export interface Canary {
  close(): Promise<void>
}

export function startCanary({ log, random, everyMs = EVERY_MS }: CanaryDeps): Canary {
  const ending = new AbortController()

  async function sing(): Promise<void> {
    const seconds = log.storeSeconds()
    if (seconds === undefined) return
    // A store that fails is what the beats report.
    await log.record([{ ...name, until: seconds + KEPT_SECONDS }]).catch(() => {})
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      await sing()
      await pause(everyMs * (1 - JITTER * random()), ending.signal)
    }
  }

  const running = run()
  return {
    async close() {
      ending.abort()
      await running
    },
  }
}
