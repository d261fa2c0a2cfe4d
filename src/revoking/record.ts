// Revocations → the store, and how far they have got. A store that cannot answer is an answer of its own: the caller
// has to repeat the call, and nothing is ever called revoked that is not.
import { type Revocation, type RevocationLog, StoreUnavailableError } from '../denylist/port.ts'
import { ok, type Result } from '../result.ts'
import { fail, type ServiceError } from '../service-errors.ts'
import type { RevokeOutcome } from './request.ts'

export async function record(
  revocations: readonly Revocation[],
  options: { readonly log: RevocationLog; readonly waitUntilApplied: boolean },
): Promise<Result<RevokeOutcome, ServiceError>> {
  const { log, waitUntilApplied } = options
  try {
    const { revision } = await log.record(revocations)
    const applied = waitUntilApplied ? await log.waitUntilApplied(revision) : { sidecarsApplied: 0, sidecarsKnown: 0 }
    return ok({ revision, ...applied })
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
