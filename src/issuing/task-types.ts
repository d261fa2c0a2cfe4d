// Task types: which there are, who may have them for how long, and with which scopes. Pure; decided before anything is
// minted, on the claims of the API key and the lifetime that would be granted.

import { compileCondition } from '../check/compile.ts'
import type { ClaimCondition } from '../check/policy.ts'
import type { SigningConfig, TaskRuleConfig } from '../config/schema.ts'
import type { JsonObject } from '../tokens/port.ts'
import { claimAt } from '../tokens/profile.ts'
import { toSeconds } from './lifetime.ts'

export interface TaskType {
  readonly name: string
  /** Where nothing is asked for: what an access token would get at most, within the type's maximum. */
  readonly defaultMs: number
  readonly maxMs: number
}

/** What the rules look at. */
export interface TaskApplicant {
  readonly scopes: readonly string[]
  readonly payload: JsonObject
}

export interface TaskTypes {
  /** Exact match. */
  find(name: string): TaskType | undefined
  permits(type: TaskType, applicant: TaskApplicant, lifetimeSeconds: number): boolean
  /** A task token has no scope that its API key does not have. */
  scopesOf(applicant: Pick<TaskApplicant, 'scopes'>): readonly string[]
}

interface Rule {
  readonly types: ReadonlySet<string>
  readonly scopes: readonly string[]
  readonly claims: readonly ClaimCondition[]
  readonly maxMs: number | undefined
}

export function createTaskTypes({ tasks, access }: Pick<SigningConfig, 'tasks' | 'access'>): TaskTypes {
  const types = new Map(Object.entries(tasks.types).map(([name, { max_ttl: maxMs }]) => [name, toType(name, maxMs)]))
  const rules = tasks.rules.map(compileRule)

  function toType(name: string, ownMaxMs: number | undefined): TaskType {
    const maxMs = ownMaxMs ?? access.max_ttl
    return { name, maxMs, defaultMs: Math.min(access.max_ttl, maxMs) }
  }

  return {
    find: (name) => types.get(name),
    permits(type, applicant, lifetimeSeconds) {
      const rule = rules.find((candidate) => candidate.types.has(type.name) && isMet(candidate, applicant))
      return rule !== undefined && lifetimeSeconds <= toSeconds(rule.maxMs ?? type.maxMs)
    },
    scopesOf: ({ scopes }) => tasks.default_scopes.filter((scope) => scopes.includes(scope)),
  }
}

function compileRule({ types, max_ttl: maxMs, when }: TaskRuleConfig): Rule {
  return { types: new Set(types), scopes: when.scopes, claims: when.claims.map(compileCondition), maxMs }
}

function isMet({ scopes, claims }: Rule, applicant: TaskApplicant): boolean {
  return (
    scopes.every((scope) => applicant.scopes.includes(scope)) &&
    claims.every(({ path, holds }) => holds(claimAt(applicant.payload, path)))
  )
}
