// A token seen before, over the bare call with the same bytes: one token again and again, and 5,000 in rotation.
import { isAllow } from '../load/grpc.ts'
import { interleave } from '../measure/rounds.ts'
import { startPostern } from '../stage/servers.ts'
import { besideBare, bodiesFor, checkSide, IN_FLIGHT, inTurn } from '../stage/sides.ts'
import { mintTokens } from '../stage/tokens.ts'
import { roundMs, type Suite } from './suite.ts'

const DISTINCT = 5000

export const seen: Suite = {
  name: 'seen',
  title: 'Check, token seen before',
  async run(settings) {
    const postern = await startPostern()
    const bodies = bodiesFor(mintTokens('EdDSA', DISTINCT))
    const [body = Buffer.alloc(0)] = bodies
    const both = await besideBare(postern, body, settings)
    const plan = { inFlight: IN_FLIGHT, forMs: roundMs(settings), isExpected: isAllow }
    const rotate = inTurn(bodies)
    // All of them become seen.
    await checkSide({
      name: 'warm',
      ...both.postern,
      drive: { ...plan, forMs: 60_000, calls: DISTINCT, next: rotate },
    }).run()
    const rounds = await interleave(
      [
        checkSide({ name: 'bare', ...both.bare, drive: { ...plan, next: () => body } }),
        checkSide({ name: 'one', ...both.postern, drive: { ...plan, next: () => body } }),
        checkSide({ name: 'many', ...both.postern, drive: { ...plan, next: rotate } }),
      ],
      { rounds: settings.rounds, warmUps: 2 },
    )
    await both.stop()
    await postern.stop()
    return [
      { what: 'bare grpc-js call, CPU', unit: 'µs', value: rounds.spread('bare', 'cpu') },
      { what: 'Check, token seen before, CPU', unit: 'µs', value: rounds.spread('one', 'cpu') },
      { what: 'Check ÷ bare call, CPU', unit: 'x', value: rounds.ratio('one', 'bare', 'cpu'), bar: 1.2 },
      { what: 'Check ÷ bare call, p50 at 16 in flight', unit: 'x', value: rounds.ratio('one', 'bare', 'p50Ms') },
      {
        what: `${DISTINCT} tokens in rotation ÷ one token, CPU`,
        unit: 'x',
        value: rounds.ratio('many', 'one', 'cpu'),
        bar: 1.05,
      },
    ]
  },
}
