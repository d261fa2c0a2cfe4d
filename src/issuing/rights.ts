// What a caller may mint: small questions to its entry. Pure; nothing here knows of requests, tokens or keys.
import type { Caller } from './callers.ts'

export type GrantKind = Caller['issue']['grants'][number]
export type MintableKind = Caller['issue']['kinds'][number]

export function mayUseGrant({ issue }: Caller, grant: GrantKind): boolean {
  return issue.grants.includes(grant)
}

export function mayAskForTaskType({ issue }: Caller, type: string): boolean {
  return matchesAny(issue.task_types, type)
}

/** The rights of the subject grant, where nothing but the caller's word stands for the subject. */
export interface Wish {
  readonly kind: MintableKind
  readonly subject: string
  readonly scopes: readonly string[]
  readonly hasUser: boolean
}

export function mayMintFor({ issue }: Caller, wish: Wish): boolean {
  return (
    issue.kinds.includes(wish.kind) &&
    matchesAny(issue.subjects, wish.subject) &&
    wish.scopes.every((scope) => issue.scopes.includes('*') || issue.scopes.includes(scope)) &&
    (issue.user || !wish.hasUser)
  )
}

/** `*`, an exact text, or a beginning followed by `*`. */
function matchesAny(patterns: readonly string[], value: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : value === pattern,
  )
}
