// Credential × policy → what is known of the token for good: genuine, meant for this route, and by what it could be
// revoked. Nothing here depends on the time, so it is remembered; decide.ts asks for the rest at every use.

import type { Clock } from '../clock.ts'
import type { DenylistRefs } from '../denylist/port.ts'
import { refsOf } from '../denylist/vocabulary.ts'
import { ok, type Result, refuse } from '../result.ts'
import type { Expectations, KeyRing, TokenVerifier, VerifiedToken, VerifyReason } from '../tokens/port.ts'
import { identityOf, readProfile } from '../tokens/profile.ts'
import type { VerifiedCache } from '../tokens/verified-cache.ts'
import { type Admission, type AdmitReason, admit } from './admit.ts'
import type { Credential } from './credential.ts'
import type { CompiledPolicy } from './policy.ts'

export interface Examined {
  readonly token: VerifiedToken
  /** Refusals are remembered as well: they are as certain, and the token's times are judged before them. */
  readonly admitted: Result<Admission, AdmitReason>
  readonly refs: DenylistRefs
  /** Wall time (ms) at which the token was verified. */
  readonly verifiedAtMs: number
  readonly keys: KeyRing
  readonly generation: number
}

export type Examination = Result<Examined, VerifyReason>

export interface ExamineDeps {
  readonly verifier: TokenVerifier
  readonly cache: VerifiedCache<CompiledPolicy, Examined>
  readonly clock: Clock
}

/** Answers at once unless a key has to be fetched. */
export function examine(
  credential: Credential,
  selected: CompiledPolicy,
  deps: ExamineDeps,
): Examination | Promise<Examination> {
  const policy = credential.kind === 'txn_token' ? selected.transaction : selected
  if (policy === undefined) return refuse('type_refused')
  const remembered = deps.cache.get(credential.token, policy)
  if (remembered !== undefined) return ok(remembered)
  const expectations: Expectations = { issuers: policy.issuers, keys: 'published', nowSeconds: undefined }
  const verified = deps.verifier.verify(credential.token, expectations)
  return verified instanceof Promise
    ? verified.then((result) => remember(result, credential, policy, deps))
    : remember(verified, credential, policy, deps)
}

function remember(
  verified: Result<VerifiedToken, VerifyReason>,
  credential: Credential,
  policy: CompiledPolicy,
  deps: ExamineDeps,
): Examination {
  if (!verified.ok) return verified
  const token = verified.value
  const profile = readProfile(token.claims)
  if (!profile.ok) return profile
  const { keys } = token.issuer
  const examined: Examined = {
    token,
    admitted: admit(token, profile.value, policy),
    refs: refsOf(identityOf(token, profile.value)),
    verifiedAtMs: deps.clock.wallMs(),
    keys,
    generation: keys.generation,
  }
  deps.cache.set(credential.token, policy, examined)
  return ok(examined)
}
