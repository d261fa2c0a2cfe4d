// The audit line that belongs to a call: log lines come over a pipe of their own, a little after the answer.
import { eventually } from './eventually.ts'
import type { LogLine, Postern } from './postern.ts'

/** At once, but for a machine that is busy with other things. */
const loggedWithinMs = 10_000

export interface Audited {
  /** What the call gave, or the error it rejected with. */
  readonly outcome: unknown
  readonly line: LogLine
}

/** Makes a call, and waits for the first new audit line that `fits`: an earlier call's may still be on its way. */
export async function audited(
  postern: Pick<Postern, 'log'>,
  call: () => Promise<unknown>,
  fits: (line: LogLine) => boolean = () => true,
): Promise<Audited> {
  const lines = () => postern.log().filter((line) => line['audit'] === true)
  const before = lines().length
  const outcome = await call().catch((error: unknown) => error)
  const find = () => lines().slice(before).find(fits)
  return { outcome, line: await eventually('the audit line of a call', find, loggedWithinMs) }
}
