// Issuers of the configuration → trusted issuers with their key rings. Nothing is loaded here: rings are started by
// whoever asked for them.
import type { Clock } from '../clock.ts'
import type { ForeignKeysConfig, IssuerConfig, WorkloadJwtConfig } from '../config/schema.ts'
import type { Log } from '../telemetry/log.ts'
import { createKeyRing, type RefreshingKeyRing } from './key-ring.ts'
import { fileKeySource, urlKeySource } from './key-source.ts'
import type { KeyRing, TrustedIssuer } from './port.ts'

export interface TrustedIssuerDeps {
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
}

/** An issuer whose keys are fetched or read has a ring that must be started; own keys look after themselves. */
export interface IssuerWithKeys {
  readonly trusted: TrustedIssuer
  readonly ring: RefreshingKeyRing | undefined
}

const SECOND_MS = 1000

/** A file is read again often, which is cheap, and never grows stale while it can be read. */
const FILE_TIMES = { refreshMs: 2 * SECOND_MS, coolDownMs: SECOND_MS, maxStaleMs: 24 * 3600 * SECOND_MS }

/** `ownKeys`: the ring of `signing.keys`, for issuers with `keys: { own: true }`. */
export function createTrustedIssuer(
  config: IssuerConfig,
  ownKeys: KeyRing | undefined,
  deps: TrustedIssuerDeps,
): IssuerWithKeys {
  const ring = 'own' in config.keys ? undefined : createForeignRing(config.name, config.keys, deps)
  const keys = ring ?? ownKeys
  if (keys === undefined) throw new Error('An issuer has own keys, but there is no signing section')
  const { purpose } = config
  return {
    ring,
    trusted: {
      name: config.name,
      issuer: config.issuer,
      algorithms: new Set(config.algorithms),
      types: new Set(config.types),
      purpose: purpose === 'none' ? undefined : purpose,
      tokenId: config.token_id,
      leewaySeconds: config.leeway / SECOND_MS,
      maxLifetimeSeconds: config.max_lifetime / SECOND_MS,
      keys,
    },
  }
}

/** The issuer of a caller's workload tokens: trusted for calls to the token service, and for nothing else. */
export function createWorkloadIssuer(
  caller: string,
  config: WorkloadJwtConfig,
  deps: TrustedIssuerDeps,
): IssuerWithKeys {
  const name = `caller:${caller}`
  const ring = createForeignRing(name, config.keys, deps)
  return {
    ring,
    trusted: {
      name,
      issuer: config.issuer,
      algorithms: new Set(config.algorithms),
      types: new Set(['jwt', 'at+jwt']),
      purpose: undefined,
      tokenId: 'jti',
      leewaySeconds: config.leeway / SECOND_MS,
      maxLifetimeSeconds: config.max_lifetime / SECOND_MS,
      keys: ring,
    },
  }
}

function createForeignRing(name: string, keys: ForeignKeysConfig, deps: TrustedIssuerDeps): RefreshingKeyRing {
  return 'url' in keys
    ? createKeyRing(
        { name, refreshMs: keys.refresh, coolDownMs: keys.cool_down, maxStaleMs: keys.max_stale },
        { source: urlKeySource(keys.url), ...deps },
      )
    : createKeyRing({ name, ...FILE_TIMES }, { source: fileKeySource(keys.file), ...deps })
}
