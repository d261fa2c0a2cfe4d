// A closed loop over a connection: so many requests in flight, for so long or so many, every answer looked at.
import { quantile } from '../measure/stats.ts'
import type { Connection } from './connection.ts'

export interface Drive {
  readonly inFlight: number
  /** Ends after that time, or after as many calls, whichever comes first. */
  readonly forMs?: number
  readonly calls?: number
  /** The body of the next request; `undefined`: it has none. */
  readonly next: () => Buffer | undefined
  /** Throws away a run that measures something else than was meant. */
  readonly isExpected: (body: Buffer) => boolean
}

export interface Driven {
  readonly calls: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly perSecond: number
}

export function drive(connection: Connection, { inFlight, next, isExpected, ...until }: Drive): Promise<Driven> {
  const { forMs = Number.POSITIVE_INFINITY, calls: maxCalls = Number.POSITIVE_INFINITY } = until
  const latencies: number[] = []
  const startedMs = performance.now()
  let begun = 0
  let open = 0

  return new Promise((resolve, reject) => {
    function finish(): void {
      const sorted = Float64Array.from(latencies).sort()
      resolve({
        calls: latencies.length,
        p50Ms: quantile(sorted, 0.5),
        p99Ms: quantile(sorted, 0.99),
        perSecond: (latencies.length * 1000) / (performance.now() - startedMs),
      })
    }
    function send(): void {
      const sentMs = performance.now()
      begun += 1
      open += 1
      connection.send(next(), (answer) => {
        open -= 1
        if (answer instanceof Error) return reject(answer)
        if (!isExpected(answer)) return reject(new Error('An answer is not what this side should measure'))
        const nowMs = performance.now()
        latencies.push(nowMs - sentMs)
        if (begun < maxCalls && nowMs - startedMs < forMs) send()
        else if (open === 0) finish()
      })
    }
    for (let count = 0; count < Math.min(inFlight, maxCalls); count += 1) send()
  })
}
