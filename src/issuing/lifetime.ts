// How long a token lives: what was asked for, the limits of its kind and of its caller, the life left to its API key.
// Pure, in whole seconds; the moment is an argument.
import type { SigningConfig } from '../config/schema.ts'
import { ok, type Result } from '../result.ts'
import { fail, type ServiceError } from '../service-errors.ts'

/** Configured durations of tokens are whole seconds in milliseconds. */
export function toSeconds(ms: number): number {
  return Math.floor(ms / 1000)
}

export interface LifetimeLimits {
  readonly defaultSeconds: number
  readonly maxSeconds: number
}

/** `callerMaxMs` lowers the maximum of a kind, never raises it. */
export function limitsOf(
  kind: { readonly defaultMs: number; readonly maxMs: number },
  callerMaxMs: number | undefined,
): LifetimeLimits {
  const maxSeconds = toSeconds(Math.min(kind.maxMs, callerMaxMs ?? kind.maxMs))
  return { defaultSeconds: Math.min(toSeconds(kind.defaultMs), maxSeconds), maxSeconds }
}

/** Two separate checks, in this order: is it a lifetime at all, and is it within the maximum. Any 64-bit value will do. */
export function effectiveLifetime(
  expiresIn: bigint | undefined,
  limits: LifetimeLimits,
  policy: SigningConfig['ttl_policy'],
): Result<number, ServiceError> {
  if (expiresIn === undefined) return ok(limits.defaultSeconds)
  if (expiresIn <= 0n) return fail('expires_in_invalid')
  if (expiresIn <= BigInt(limits.maxSeconds)) return ok(Number(expiresIn))
  return policy === 'reject' ? fail('expires_in_exceeds_max') : ok(limits.maxSeconds)
}

/** A token may end with its API key, never after it. It is shortened only where the configuration asks for that. */
export function withinApiKey(
  lifetimeSeconds: number,
  apiKey: { readonly exp: number },
  options: { readonly nowSeconds: number; readonly clamp: boolean },
): Result<number, ServiceError> {
  const leftSeconds = apiKey.exp - options.nowSeconds
  if (lifetimeSeconds <= leftSeconds) return ok(lifetimeSeconds)
  return options.clamp && leftSeconds > 0 ? ok(leftSeconds) : fail('api_key_expires_first')
}

/** The longest life of a token that a Check accepts: how long a key must stay published after its last signature. */
export function longestCheckedLifetimeMs({ access, tasks, transaction, upstream }: SigningConfig): number {
  const types = Object.values(tasks.types).map(({ max_ttl: maxTtl }) => maxTtl ?? 0)
  return Math.max(access.max_ttl, ...types, transaction?.max_ttl ?? 0, upstream?.max_ttl ?? 0)
}

/** The longest life of anything we sign. */
export function longestLifetimeMs(signing: SigningConfig): number {
  return Math.max(longestCheckedLifetimeMs(signing), signing.api_key.max_ttl)
}
