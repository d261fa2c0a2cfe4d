// The pipeline: one request in, one verdict out, straight down. It never touches the network, Redis, gRPC or a clock
// of its own. Order: policy → preflight → credential → genuine → timely → meant for this route → not revoked.
import type { Consultation, Denylist } from '../denylist/port.ts'
import { checkTimes } from '../tokens/claims.ts'
import { findCredential } from './credential.ts'
import type { DenialReason } from './denials.ts'
import { type Examination, type ExamineDeps, type Examined, examine } from './examine.ts'
import type { CheckInput } from './input.ts'
import type { CompiledPolicy, CredentialKind, Leash, Policies } from './policy.ts'
import { allowUnproven } from './posture.ts'
import type { Deny, Verdict } from './verdict.ts'

export interface DecideDeps extends ExamineDeps {
  readonly policies: Policies
  readonly denylist: Denylist
}

/** Answers at once unless a key has to be fetched or the store has to be asked. */
export function decide(input: CheckInput, deadlineMs: number, deps: DecideDeps): Verdict | Promise<Verdict> {
  const selected = deps.policies.select(input)
  if (!selected.ok) return deny(selected.reason, { input })
  const policy = selected.value
  if (policy.preflight && isPreflight(input)) return allowWithoutIdentity('preflight', input, policy)
  const credential = findCredential(input, policy)
  if (!credential.ok) return deny(credential.reason, { input, policy })
  if (credential.value === undefined) return allowWithoutIdentity('anonymous', input, policy)
  const request: Request = { input, policy, credential: credential.value.kind, deadlineMs }
  const examination = examine(credential.value, policy, deps)
  return examination instanceof Promise
    ? examination.then((result) => consult(result, request, deps))
    : consult(examination, request, deps)
}

interface Request {
  readonly input: CheckInput
  readonly policy: CompiledPolicy
  readonly credential: CredentialKind
  readonly deadlineMs: number
}

function consult(examination: Examination, request: Request, deps: DecideDeps): Verdict | Promise<Verdict> {
  if (!examination.ok) return deny(examination.reason, request)
  const examined = examination.value
  const asked = deps.denylist.consult(examined.refs)
  return asked === undefined
    ? conclude(examined, undefined, request, deps)
    : asked.then((consultation) => conclude(examined, consultation, request, deps))
}

/** After the last await: whatever depends on this moment is judged by one reading of the clock, and nothing waits. */
function conclude(
  examined: Examined,
  consultation: Consultation | undefined,
  request: Request,
  { denylist, clock }: DecideDeps,
): Verdict {
  const { token, admitted, refs, verifiedAtMs } = examined
  const { input, policy, credential } = request
  const nowMs = clock.wallMs()
  // Unknown since nobody knows when: for too long. Else what is granted for a time would be granted for ever.
  const { ageMs: denylistAgeMs, unknownSinceMs: sinceMs = Number.NEGATIVE_INFINITY } = denylist.status()
  const refusal = (reason: DenialReason): Deny => deny(reason, { ...request, token, denylistAgeMs })
  if (nowMs >= request.deadlineMs) return refusal('deadline_exceeded')
  const untimely = checkTimes(token.claims, token.issuer, Math.floor(nowMs / 1000))
  if (untimely !== undefined) return refusal(untimely)
  if (!admitted.ok) return refusal(admitted.reason)
  const lookup = denylist.lookup(refs, consultation)
  if (lookup !== 'clear' && lookup !== 'unknown') return refusal(lookup)
  const reason =
    lookup === 'clear' ? 'token_valid' : allowUnproven(policy.whenUnknown, { sinceMs, verifiedAtMs, nowMs })
  if (reason === undefined) return refusal('denylist_unavailable')
  const leashMs = policy.leash && leashOf(policy.leash, token.claims.exp, nowMs)
  const known = { input, policy, credential, admission: admitted.value }
  return { decision: 'allow', reason, ...known, leashMs, denylistAgeMs }
}

/** A CORS preflight (Fetch standard, section 4.8) carries no credentials, by design of the browser. */
function isPreflight(input: CheckInput): boolean {
  return (
    input.method === 'OPTIONS' &&
    input.headers('origin').length > 0 &&
    input.headers('access-control-request-method').length > 0
  )
}

/** Envoy takes no more than a signed 64-bit number of ms; a day is longer than anything worth leaving unchecked. */
const MAX_LEASH_MS = 24 * 3_600_000

/** Positive: the token's expiry was checked against the same reading of the clock. */
function leashOf(leash: Leash, expSeconds: number, nowMs: number): number {
  const untilExpiryMs = leash.tokenExpiry ? expSeconds * 1000 - nowMs : MAX_LEASH_MS
  return Math.max(1, Math.floor(Math.min(untilExpiryMs, leash.atMostMs ?? MAX_LEASH_MS, MAX_LEASH_MS)))
}

function allowWithoutIdentity(reason: 'anonymous' | 'preflight', input: CheckInput, policy: CompiledPolicy): Verdict {
  const leashMs = policy.leash?.atMostMs && Math.min(policy.leash.atMostMs, MAX_LEASH_MS)
  const unknown = { credential: undefined, admission: undefined, denylistAgeMs: undefined }
  return { decision: 'allow', reason, policy, input, ...unknown, leashMs }
}

export function deny(reason: DenialReason, known: Partial<Omit<Deny, 'decision' | 'reason'>> = {}): Deny {
  const { policy, input, token, denylistAgeMs } = known
  return { decision: 'deny', reason, policy, input, token, denylistAgeMs }
}
