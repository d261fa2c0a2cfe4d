// For how long a revocation of some issuer's token has to be kept, by the configuration. The sum itself is in until.ts.
import type { SigningConfig } from '../config/schema.ts'
import { longestLifetimeMs, toSeconds } from '../issuing/lifetime.ts'
import type { TrustedIssuer } from '../tokens/port.ts'
import type { Retention } from './until.ts'

export interface RetentionDeps {
  readonly signing: SigningConfig
  /** `denylist.grace`. */
  readonly graceMs: number
  /** The longest `replace_expired_within` of any caller; 0 while there is none. */
  readonly replaceExpiredWithinMs: number
}

/** `isReplaceable`: the token could be traded for a new one after its expiry, or nothing is known of its kind. */
export type Retentions = (issuer: TrustedIssuer, nowSeconds: number, isReplaceable: boolean) => Retention

export function createRetentions({ signing, graceMs, replaceExpiredWithinMs }: RetentionDeps): Retentions {
  return (issuer, nowSeconds, isReplaceable) => {
    // Our own tokens may live longer than a Check accepts: an API key is not for Checks.
    const own = issuer.issuer === signing.issuer ? toSeconds(longestLifetimeMs(signing)) : 0
    return {
      nowSeconds,
      leewaySeconds: issuer.leewaySeconds,
      windowSeconds: isReplaceable ? toSeconds(replaceExpiredWithinMs) : 0,
      longestSeconds: Math.max(issuer.maxLifetimeSeconds, own),
      graceSeconds: toSeconds(graceMs),
    }
  }
}
