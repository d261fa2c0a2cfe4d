// Waiting that can be cut short, and a bound for promises that may never settle. No store, no clock of the world.

export interface Waker {
  /** Resolves after the time, or at once when `wake` was or is called. */
  sleep(ms: number): Promise<void>
  wake(): void
}

export function createWaker(): Waker {
  let woken = false
  let resume: (() => void) | undefined
  return {
    async sleep(ms) {
      if (!woken) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          resume = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      woken = false
      resume = undefined
    },
    wake() {
      woken = true
      resume?.()
    },
  }
}

export class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
}

/** The promise's own end, or a TimeoutError. What comes after that is dropped, a rejection too. */
export function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TimeoutError('The store did not answer in time')), ms)
    promise.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}

/** An event that others wait for, again and again. */
export interface Signal {
  /** Resolves at the next `fire`. */
  next(): Promise<void>
  fire(): void
}

export function createSignal(): Signal {
  let waiting: (() => void)[] = []
  return {
    next: () => new Promise((resolve) => waiting.push(resolve)),
    fire() {
      const woken = waiting
      waiting = []
      for (const resolve of woken) resolve()
    },
  }
}

/** Resolves after the time, or as soon as the signal says that nobody needs it any more. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, ms)
    if (signal?.aborted === true) finish()
    else signal?.addEventListener('abort', finish)
  })
}
