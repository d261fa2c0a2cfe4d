// Revocations → the store, and how far they have got. A store that cannot answer is an answer of its own: the caller
// has to repeat the call, and nothing is ever called revoked that is not.
import { type Revocation, type RevocationLog, StoreUnavailableError } from '../denylist/port.ts'
import { ok, type Result } from '../result.ts'
import { type Failed, fail, type ServiceError } from '../service-errors.ts'
import type { RevokeOutcome } from './request.ts'

/** Nothing can be said about a moment while the store's time has never been heard. */
export function storeTimeUnknown(): Failed {
  return fail('store_unavailable', { audit: { cause: 'store_time_unknown' } })
}

interface Done {
  readonly outcome: RevokeOutcome
  /** The store's time (s). */
  readonly recordedAt: number
}

export async function record(
  revocations: readonly Revocation[],
  options: { readonly log: RevocationLog; readonly waitUntilApplied: boolean },
): Promise<Result<Done, ServiceError>> {
  const { log, waitUntilApplied } = options
  try {
    const { revision, recordedAt } = await log.record(revocations)
    const applied = waitUntilApplied ? await log.waitUntilApplied(revision) : { sidecarsApplied: 0, sidecarsKnown: 0 }
    return ok({ outcome: { revision, ...applied }, recordedAt })
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error
    return error.possiblyApplied
      ? fail('store_unavailable', {
          message: 'The revocation may have been recorded or not: repeat the call',
          audit: { cause: 'possibly_applied' },
        })
      : fail('store_unavailable', { audit: { cause: 'not_applied' } })
  }
}
