// The moment a token is issued at: the second of the store's clock, so that it compares with the epochs kept there.
// An epoch denies what was issued up to its second, so a token that is wanted within that second waits it out.
import type { Clock } from '../clock.ts'
import type { Denylist, Lookup, RevocationLog } from '../denylist/port.ts'
import type { TokenIdentity } from '../denylist/vocabulary.ts'
import { ok, type Result } from '../result.ts'
import { fail, type ServiceError, type ServiceErrorReason } from '../service-errors.ts'
import { standingOf } from './standing.ts'

export interface MomentDeps {
  readonly clock: Clock
  readonly denylist: Denylist
  readonly log: Pick<RevocationLog, 'storeSeconds'>
  /** Resolves after that many milliseconds. */
  readonly sleep: (ms: number) => Promise<unknown>
}

export interface Moments {
  now(): Result<number, ServiceError>
  /** The first moment, from `now` on, at which such a token would not be born denied. */
  settle(now: number, tokenAt: (iat: number) => TokenIdentity): Promise<Result<number, ServiceError>>
}

/** One second and a little: an epoch further ahead than that is not one that passes by waiting. */
const LONGEST_WAIT_MS = 1100
/** How often the clock is looked at while waiting. */
const LOOK_EVERY_MS = 20

/** Why nothing may be minted now. The epochs pass; the others do not. */
const obstacles = {
  unknown: 'store_unavailable',
  subject_revoked: 'store_unavailable',
  client_revoked: 'store_unavailable',
  api_key_revoked: 'api_key_revoked',
  key_revoked: 'keys_unavailable',
  token_revoked: 'internal_error',
  transaction_revoked: 'internal_error',
} as const satisfies Readonly<Record<Exclude<Lookup, 'clear'>, ServiceErrorReason>>

export function createMoments({ clock, denylist, log, sleep }: MomentDeps): Moments {
  async function nextSecond(iat: number, giveUpAtMs: number): Promise<number | undefined> {
    while (clock.monotonicMs() < giveUpAtMs) {
      await sleep(LOOK_EVERY_MS)
      const seconds = log.storeSeconds()
      if (seconds !== undefined && seconds > iat) return seconds
    }
    return undefined
  }

  return {
    now() {
      const seconds = log.storeSeconds()
      return seconds === undefined ? fail('store_unavailable', { audit: { cause: 'store_time_unknown' } }) : ok(seconds)
    },

    async settle(now, tokenAt) {
      const giveUpAtMs = clock.monotonicMs() + LONGEST_WAIT_MS
      let iat = now
      for (;;) {
        const standing = await standingOf(denylist, tokenAt(iat))
        if (standing === 'clear') return ok(iat)
        const later = isEpoch(standing) ? await nextSecond(iat, giveUpAtMs) : undefined
        if (later === undefined) return fail(obstacles[standing], { audit: { cause: standing } })
        iat = later
      }
    },
  }
}

function isEpoch(standing: Lookup): boolean {
  return standing === 'subject_revoked' || standing === 'client_revoked'
}
