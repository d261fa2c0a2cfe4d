// A workload JWT in a caller's metadata → the identity it proves. Its issuers are the callers' own and appear in no
// policy, so that no token meant for a Check ever opens the token service. Whose identity it is is left to callers.ts.
import type { Clock } from '../clock.ts'
import { ok, type Result } from '../result.ts'
import { fail, type ServiceError } from '../service-errors.ts'
import type { TokenVerifier, TrustedIssuer } from '../tokens/port.ts'
import type { CallerIdentity } from './callers.ts'

export interface WorkloadJwtDeps {
  readonly verifier: TokenVerifier
  /** The issuers of the callers' `identity.jwt` entries, by `iss`. */
  readonly issuers: ReadonlyMap<string, TrustedIssuer>
  readonly clock: Clock
}

export interface WorkloadJwts {
  /** `token`: what follows `Bearer ` in the metadata `authorization`. */
  identify(token: string): Promise<Result<CallerIdentity, ServiceError>>
}

export function createWorkloadJwts({ verifier, issuers, clock }: WorkloadJwtDeps): WorkloadJwts {
  return {
    async identify(token) {
      const verified = await verifier.verify(token, {
        issuers,
        keys: 'published',
        nowSeconds: Math.floor(clock.wallMs() / 1000),
        // Platforms rarely put one in, and nobody revokes a workload's token by it.
        tokenIdOptional: true,
      })
      if (!verified.ok) {
        const cause = verified.reason
        return fail(cause === 'keys_unavailable' ? cause : 'caller_unauthenticated', { audit: { cause } })
      }
      const { iss, sub, aud } = verified.value.claims
      // The audience is what keeps a token for another service out; a token for everybody is for nobody.
      if (sub === undefined || aud.length === 0) {
        return fail('caller_unauthenticated', { audit: { cause: 'claims_invalid' } })
      }
      return ok({ kind: 'jwt', issuer: iss, subject: sub, audiences: aud })
    },
  }
}
