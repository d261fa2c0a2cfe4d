// Waiting for something that gives no event: asks again and again until it is so, or fails with what was waited for.
import { setTimeout as sleep } from 'node:timers/promises'

const pollEveryMs = 10

/** Resolves with the first answer that is neither false nor undefined; a thrown error counts as "not yet". */
export async function eventually<T>(
  what: string,
  ask: () => T | false | undefined | Promise<T | false | undefined>,
  withinMs = 5_000,
): Promise<T> {
  const giveUpAt = performance.now() + withinMs
  let lastError: unknown
  for (;;) {
    try {
      const answer = await ask()
      if (answer !== false && answer !== undefined) return answer
    } catch (error) {
      lastError = error
    }
    if (performance.now() >= giveUpAt) throw new Error(`not within ${withinMs} ms: ${what}`, { cause: lastError })
    await sleep(pollEveryMs)
  }
}
