// Remembers what was made of a credential text under a policy, so that a token seen before costs no signature.
// It is asked before, never instead of, the denylist and the time checks. Positives only.
import { LRUCache } from 'lru-cache'
import type { KeyRing } from './port.ts'

/** What is remembered must say which keys it rests on: it is void as soon as they change. */
export interface RestsOnKeys {
  readonly keys: KeyRing
  readonly generation: number
}

/** Policies are compiled anew with every configuration, so the policy object stands for the config generation too. */
export interface VerifiedCache<Policy extends object, Entry extends RestsOnKeys> {
  get(text: string, policy: Policy): Entry | undefined
  set(text: string, policy: Policy, entry: Entry): void
  readonly size: number
}

export interface VerifiedCacheOptions {
  readonly maxEntries: number
  /** Bound of the credential texts held, in bytes; what is kept beside them is of the same order. */
  readonly maxBytes: number
}

export function createVerifiedCache<Policy extends object, Entry extends RestsOnKeys>(
  options: VerifiedCacheOptions,
): VerifiedCache<Policy, Entry> {
  const byText = new LRUCache<string, Map<Policy, Entry>>({
    max: options.maxEntries,
    maxSize: options.maxBytes,
    sizeCalculation: (_entries, text) => text.length,
  })
  return {
    get(text, policy) {
      const entries = byText.get(text)
      const entry = entries?.get(policy)
      if (entries === undefined || entry === undefined) return undefined
      if (entry.generation === entry.keys.generation) return entry
      entries.delete(policy)
      return undefined
    },
    set(text, policy, entry) {
      const entries = byText.get(text)
      if (entries === undefined) byText.set(text, new Map([[policy, entry]]))
      else entries.set(policy, entry)
    },
    get size() {
      return byText.size
    },
  }
}
