// What every grant is: a call → the plan of a token, or a refusal. Types only; one file beside this for each grant.
import type { Result } from '../../result.ts'
import type { ServiceError } from '../../service-errors.ts'
import type { Caller } from '../callers.ts'
import type { TokenPlan } from '../plan.ts'

interface GrantCall<Request> {
  readonly caller: Caller
  readonly request: Request
  readonly expiresIn: bigint | undefined
  /** Unix seconds of the store's clock: the one reading of this call. */
  readonly now: number
}

export type Grant<Request> = (call: GrantCall<Request>) => Promise<Result<TokenPlan, ServiceError>>
