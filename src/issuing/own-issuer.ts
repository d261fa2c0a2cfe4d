// We as an issuer, for whoever verifies our own tokens: the entry of the configuration where there is one, else the same
// with every default. A process may mint tokens that only others check.
import type { SigningConfig } from '../config/schema.ts'
import type { KeyRing, TrustedIssuer } from '../tokens/port.ts'
import { longestLifetimeMs, toSeconds } from './lifetime.ts'

const LEEWAY_SECONDS = 30

export function ownIssuer(signing: SigningConfig, keys: KeyRing, configured: readonly TrustedIssuer[]): TrustedIssuer {
  return (
    configured.find(({ issuer }) => issuer === signing.issuer) ?? {
      name: 'own',
      issuer: signing.issuer,
      algorithms: new Set(['RS256', 'ES256', 'EdDSA']),
      types: new Set(['jwt', 'at+jwt']),
      purpose: { claim: 'pur', access: 'access' },
      tokenId: 'jti',
      leewaySeconds: LEEWAY_SECONDS,
      maxLifetimeSeconds: toSeconds(longestLifetimeMs(signing)),
      keys,
    }
  )
}
