// How long the tokens live that `signing` allows: needed wherever something must last at least as long.
import type { SigningConfig } from '../signing.ts'

/** The maximum (ms) of every kind that Check may see: access, task and API key, and upstream tokens. */
export function signedLifetimes(signing: SigningConfig | undefined): number[] {
  if (signing === undefined) return []
  const types = Object.keys(signing.tasks.types).map((type) => taskLifetime(signing, type))
  return [signing.access.max_ttl, signing.api_key.max_ttl, ...types, signing.upstream?.max_ttl ?? 0]
}

/** A type without a maximum of its own takes that of access tokens. */
export function taskLifetime(signing: SigningConfig, type: string): number {
  return signing.tasks.types[type]?.max_ttl ?? signing.access.max_ttl
}
