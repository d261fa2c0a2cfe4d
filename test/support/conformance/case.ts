// What a conformance case is: a question of the systems we replace, their answer, and ours as steps with expectations.
// Types only: a case is data, so that it can be run (run.ts) and told in words (words.ts) without being written twice.
import type { DenialReason } from '../../../src/check/denials.ts'
import type { Lookup, Revocation } from '../../../src/denylist/port.ts'
import type { ServiceErrorReason } from '../../../src/service-errors.ts'
import type { LogLine } from '../fakes/log.ts'
import type { Claims } from '../tokens.ts'
import type { CallerName, HouseChanges, PolicyName } from './fixture.ts'
import type { TokenSpec } from './tokens.ts'

interface CaseHead {
  /** As the reference numbers it, or a number of our own where it has none. Unique. */
  readonly id: string
  /** Where the question comes from: an upstream test with its line, or a place in the sources. */
  readonly upstream: string
  /** `weak`: the upstream test passes for another reason than its name says; `vacuous`: it asserts nothing. */
  readonly mark?: 'weak' | 'vacuous'
  readonly asks: string
  /** Their answer; for marked tests the one that was meant. */
  readonly theirs: string
}

/** Asked here, step by step. */
export interface ExecutedCase extends CaseHead {
  readonly house?: HouseChanges
  /** Tokens by name; `{name}` stands for one in every text of a step. */
  readonly tokens?: Readonly<Record<string, TokenSpec>>
  readonly steps: readonly Step[]
  /** Why our answer is not theirs. Absent: it is the same, in our words. */
  readonly differs?: string
}

/** Cannot be asked here. */
export interface InapplicableCase extends CaseHead {
  readonly notApplicable: string
}

export type Case = ExecutedCase | InapplicableCase

export interface Suite {
  readonly title: string
  /** The file in cases/. */
  readonly file: string
  /** What the cases have in common, for the README. */
  readonly about: string
  readonly cases: readonly Case[]
}

export function isExecuted(candidate: Case): candidate is ExecutedCase {
  return 'steps' in candidate
}

/** The name of the test that runs the case. */
export function testNameOf({ id, asks }: Case): string {
  return `${id} ${asks}`
}

/** A text with `{name}` for tokens. */
export type Template = string

interface StepMap {
  readonly issue: IssueStep
  readonly revoke: RevokeStep
  readonly check: CheckStep
  readonly lookup: LookupStep
  readonly record: RecordStep
  readonly permits: PermitsStep
  readonly config: ConfigStep
  readonly keysAsked: KeysAskedStep
  readonly jwks: JwksStep
  readonly logged: LoggedStep
  readonly wait: WaitStep
  readonly breakdown: BreakdownStep
}

export type StepKind = keyof StepMap
export type StepOf<Kind extends StepKind> = { readonly do: Kind } & StepMap[Kind]
export type Step = { [Kind in StepKind]: StepOf<Kind> }[StepKind]

/** Issue. `as` keeps the token under a name. */
interface IssueStep {
  /** Absent: portal. */
  readonly by?: CallerName
  readonly grant:
    | { readonly apiKey: Template; readonly taskType?: string }
    | {
        readonly subject: string
        readonly kind: 'access' | 'api_key'
        readonly scopes?: readonly string[]
        readonly clientId?: string
        readonly user?: Claims
      }
  readonly expiresIn?: bigint
  readonly as?: string
  readonly gives: Issued | Refused
}

export interface Issued {
  /** `expires_at` and `exp`, from the moment of the call. Absent: not asked. */
  readonly seconds?: number
  /** Claims that the token has, exactly. */
  readonly claims?: Claims
  /** Names of all claims of the token. */
  readonly claimNames?: readonly string[]
  /** Names of all members of `context`. */
  readonly contextNames?: readonly string[]
  readonly header?: Claims
  readonly tokenType?: string
}

export interface Refused {
  readonly code: 'INVALID_ARGUMENT' | 'FAILED_PRECONDITION' | 'UNAUTHENTICATED' | 'PERMISSION_DENIED' | 'UNAVAILABLE'
  readonly reason: ServiceErrorReason
  /** The text for the caller has this in it. */
  readonly text?: string
  /** What only the audit is told; without it a refusal could be one for another reason than meant. */
  readonly cause?: string
}

interface RevokeStep {
  readonly by: CallerName
  readonly token?: Template
  readonly revoker?: Template
  readonly jti?: string
  readonly issuer?: string
  /** That many calls at the same time. Absent: one. */
  readonly times?: number
  /** `nothing`: OK without a revision, for the reason that the audit is told. */
  readonly gives: 'recorded' | { readonly nothing: string } | Refused
}

/** A Check, asked in both header encodings. */
interface CheckStep {
  readonly at: PolicyName
  readonly method?: string
  /** `authorization: Bearer` and this. */
  readonly bearer?: Template
  readonly headers?: readonly (readonly [name: string, value: Template])[]
  readonly gives: Allowed | Denied
}

export interface Allowed {
  readonly allow: true
  /** Headers that the upstream gets from us. */
  readonly sets?: Readonly<Record<string, string>>
  /** Headers of the client that it does not get. */
  readonly removes?: readonly string[]
}

export interface Denied {
  readonly http: 400 | 401 | 403 | 503
  readonly reason: DenialReason
  /** `error_description` of the body. */
  readonly text?: string
}

/** What the denylist itself says of a token, whatever else may be wrong with it. */
interface LookupStep {
  readonly token: Template
  readonly gives: Lookup
}

/** Straight to the denylist, without Revoke. */
interface RecordStep {
  readonly revocation: Revocation
}

/** The task rules alone: may such a key have this type for so long? */
interface PermitsStep {
  readonly taskType: string
  /** One lifetime, or every one from first to last. */
  readonly seconds: number | readonly [first: number, last: number]
  readonly scopes?: readonly string[]
  readonly gives: boolean
}

/** The configuration of the house with another policy. */
interface ConfigStep {
  readonly policy: Readonly<Record<string, unknown>>
  readonly gives: 'accepted' | { readonly refused: string }
}

/** The key ids that were looked up so far. */
interface KeysAskedStep {
  readonly issuer: 'fence' | 'partner'
  readonly gives: readonly string[]
}

interface JwksStep {
  /** Key ids in the JWKS. */
  readonly gives: readonly string[]
}

interface LoggedStep {
  readonly level: LogLine['level']
  readonly message: string
  /** Among others. */
  readonly fields: LogLine['fields']
}

interface WaitStep {
  readonly seconds: number
}

interface BreakdownStep {
  readonly what: 'store' | 'partner keys'
}
