// What readiness depends on, as named components: each says in constant words what it still lacks.
import type { RunningDenylist } from '../denylist/create.ts'
import type { KeyDirectory } from '../issuing/key-directory.ts'
import type { RefreshingKeyRing } from '../tokens/key-ring.ts'
import type { HealthCheck } from './health.ts'

export interface HealthSources {
  readonly denylist: RunningDenylist
  readonly ownKeys: KeyDirectory | undefined
  /** Key rings by the name of their issuer. */
  readonly rings: ReadonlyMap<string, RefreshingKeyRing>
  /** Every gRPC listener is open. */
  readonly isListening: () => boolean
}

export function healthChecks({ denylist, ownKeys, rings, isListening }: HealthSources): readonly HealthCheck[] {
  return [
    { name: 'listeners', problem: () => when(!isListening(), 'Not every gRPC listener is open yet') },
    { name: 'denylist', problem: () => when(!denylist.ready(), 'The denylist is not proven to be complete') },
    ...(ownKeys === undefined
      ? []
      : [{ name: 'signing_keys', problem: () => when(ownKeys.status().published === 0, 'There are no own keys') }]),
    ...[...rings].map(([name, ring]) => ({
      name: `issuer_keys:${name}`,
      problem: () => when(ring.status().keys === 0, 'The keys of this issuer could not be had yet'),
    })),
  ]
}

function when(isMissing: boolean, problem: string): string | undefined {
  return isMissing ? problem : undefined
}
