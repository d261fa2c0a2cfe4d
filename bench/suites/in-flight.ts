// From one request at a time to many at once: does the ratio hold, and what does a caller wait?
import { isAllow } from '../load/grpc.ts'
import { interleave } from '../measure/rounds.ts'
import { startPostern } from '../stage/servers.ts'
import { besideBare, bodiesFor, checkSide } from '../stage/sides.ts'
import { mintToken } from '../stage/tokens.ts'
import { roundMs, type Suite } from './suite.ts'

const depths = [1, 4, 16, 64]

export const inFlight: Suite = {
  name: 'in-flight',
  title: 'Requests in flight on one connection',
  async run(settings) {
    const postern = await startPostern()
    const [body = Buffer.alloc(0)] = bodiesFor([mintToken('RS256')])
    const both = await besideBare(postern, body, settings)
    const plan = { forMs: roundMs(settings) / 2, isExpected: isAllow, next: () => body }
    const sides = depths.flatMap((depth) => [
      checkSide({ name: `bare ${depth}`, ...both.bare, drive: { ...plan, inFlight: depth } }),
      checkSide({ name: `check ${depth}`, ...both.postern, drive: { ...plan, inFlight: depth } }),
    ])
    const rounds = await interleave(sides, { rounds: settings.rounds, warmUps: 1 })
    await both.stop()
    await postern.stop()
    return depths.flatMap((depth) => [
      {
        what: `${depth} in flight: Check ÷ bare call, CPU`,
        unit: 'x',
        value: rounds.ratio(`check ${depth}`, `bare ${depth}`, 'cpu'),
      },
      { what: `${depth} in flight: Check, p50`, unit: 'ms', value: rounds.spread(`check ${depth}`, 'p50Ms') },
      { what: `${depth} in flight: Check, p99`, unit: 'ms', value: rounds.spread(`check ${depth}`, 'p99Ms') },
    ])
  },
}
