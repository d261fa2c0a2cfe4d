// Result: what a function returns for a thing its caller can cause. Throwing is for programmer and start-up errors.

export type Result<T, E> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: E }

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

export function refuse<E>(reason: E): { readonly ok: false; readonly reason: E } {
  return { ok: false, reason }
}
