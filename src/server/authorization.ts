// One Check, from bytes to bytes: overload, deadline and accident are answered here, each as a denial; everything else
// is decided in check/. Never throws, never rejects: to Envoy an RPC error could become an allow.
import { type DecideDeps, decide, deny } from '../check/decide.ts'
import { readCheckInput } from '../check/input.ts'
import { reply } from '../check/reply.ts'
import type { Verdict } from '../check/verdict.ts'
import type { Clock } from '../clock.ts'

export interface Authorization {
  /** `deadlineMs`: wall time at which the caller stops waiting, `Infinity` where it did not say. */
  check(request: Uint8Array, deadlineMs: number): Uint8Array | Promise<Uint8Array>
  readonly inFlight: number
}

export interface AuthorizationDeps {
  /** Asked once per Check, so that a reload takes effect between two and never within one. */
  readonly current: () => DecideDeps
  readonly clock: Clock
  readonly limits: { readonly concurrentChecks: number; readonly checkTimeoutMs: number }
  /** Told of every verdict and how long it took, in ms of the monotonic clock. Must not throw. */
  readonly observe: (verdict: Verdict, durationMs: number) => void
}

/**
 * What is kept of the caller's time for the way of the answer: one that comes too late is no denial but an error, which
 * some Envoys let pass. The time also went by while the request was on its way, over a connection to be opened first.
 */
const ANSWER_MARGIN_SHARE = 0.2
const LEAST_ANSWER_MARGIN_MS = 20

export function createAuthorization(deps: AuthorizationDeps): Authorization {
  const { clock, limits } = deps
  let inFlight = 0

  function begin(request: Uint8Array, deadlineMs: number): Verdict | Promise<Verdict> {
    if (inFlight > limits.concurrentChecks) return deny('overloaded')
    const input = readCheckInput(request)
    return input.ok ? decide(input.value, deadlineMs, deps.current()) : deny(input.reason)
  }

  function finish(verdict: Verdict, startedMs: number): Uint8Array {
    inFlight -= 1
    const answer = write(verdict)
    try {
      deps.observe(answer.verdict, clock.monotonicMs() - startedMs)
      return answer.bytes
    } catch {
      return accident
    }
  }

  return {
    get inFlight() {
      return inFlight
    },
    check(request, callerDeadlineMs) {
      const startedMs = clock.monotonicMs()
      const nowMs = clock.wallMs()
      const deadlineMs = nowMs + Math.min(usableMs(callerDeadlineMs - nowMs), limits.checkTimeoutMs)
      inFlight += 1
      const verdict = orInternalError(() => begin(request, deadlineMs))
      if (!(verdict instanceof Promise)) return finish(verdict, startedMs)
      return within(verdict, deadlineMs - nowMs).then((settled) => finish(settled, startedMs))
    },
  }
}

function usableMs(callerWaitsMs: number): number {
  return Math.min(callerWaitsMs - LEAST_ANSWER_MARGIN_MS, callerWaitsMs * (1 - ANSWER_MARGIN_SHARE))
}

/** An exception is a denial. */
function orInternalError(step: () => Verdict | Promise<Verdict>): Verdict | Promise<Verdict> {
  try {
    return step()
  } catch {
    return deny('internal_error')
  }
}

const accident = reply(deny('internal_error'))

/** What cannot be written is an accident as well. */
function write(verdict: Verdict): { readonly verdict: Verdict; readonly bytes: Uint8Array } {
  try {
    return { verdict, bytes: reply(verdict) }
  } catch {
    return { verdict: deny('internal_error'), bytes: accident }
  }
}

function within(verdict: Promise<Verdict>, timeoutMs: number): Promise<Verdict> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<Verdict>((resolve) => {
    timer = setTimeout(() => resolve(deny('deadline_exceeded')), Math.max(0, timeoutMs))
  })
  return Promise.race([verdict.catch(() => deny('internal_error')), tooLate]).finally(() => clearTimeout(timer))
}
