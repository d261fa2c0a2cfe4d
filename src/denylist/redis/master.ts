// What finding the master means, whatever the topology: the port of the directories. Types and two helpers.
import type { RedisAddress } from '../options.ts'
import { StoreUnavailableError } from '../port.ts'

export interface Directory {
  /** Rejects with StoreUnavailableError. */
  find(): Promise<RedisAddress>
  /** Rejects unless this is still the master, as far as that can be known without asking it. */
  confirm(address: RedisAddress): Promise<void>
  close(): void
}

export function sameAddress(a: RedisAddress, b: RedisAddress): boolean {
  return a.host === b.host && a.port === b.port
}

export function noMaster(message: string): StoreUnavailableError {
  return new StoreUnavailableError(message, { possiblyApplied: false })
}
