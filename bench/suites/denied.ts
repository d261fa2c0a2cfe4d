// What a refusal costs: nothing presented, a bad signature, a revoked token. Each over the bare call with its own bytes.
import { createTokenClient } from '../../test/support/token-client.ts'
import { isDeny } from '../load/grpc.ts'
import { interleave } from '../measure/rounds.ts'
import { startPostern } from '../stage/servers.ts'
import { besideBare, bodiesFor, checkSide, IN_FLIGHT, inTurn } from '../stage/sides.ts'
import { forged, mintToken, mintTokens } from '../stage/tokens.ts'
import { type Row, roundMs, type Suite } from './suite.ts'

/** More than are refused in a round from memory would be. */
const FORGED = 2000

export const denied: Suite = {
  name: 'deny',
  title: 'Denials',
  async run(settings) {
    const postern = await startPostern({ withTokenService: true })
    const revoked = mintToken('RS256')
    const tokens = createTokenClient({ target: `unix:${postern.tokensSocket}` })
    await tokens.revoke({ token: revoked })
    tokens.close()
    const kinds = [
      { name: 'no token', bodies: bodiesFor([undefined]) },
      { name: 'bad signature (RS256)', bodies: bodiesFor(forgedTokens(settings.quick)) },
      { name: 'revoked token', bodies: bodiesFor([revoked]) },
    ]
    const rows: Row[] = []
    for (const { name, bodies } of kinds) {
      const [body = Buffer.alloc(0)] = bodies
      const both = await besideBare(postern, body, settings)
      const plan = { inFlight: IN_FLIGHT, forMs: roundMs(settings), isExpected: isDeny }
      const rounds = await interleave(
        [
          checkSide({ name: 'bare', ...both.bare, drive: { ...plan, next: () => body } }),
          checkSide({ name: 'deny', ...both.postern, drive: { ...plan, next: inTurn(bodies) } }),
        ],
        { rounds: settings.rounds, warmUps: 1 },
      )
      await both.stop()
      rows.push({ what: `${name} ÷ bare call, CPU`, unit: 'x', value: rounds.ratio('deny', 'bare', 'cpu') })
    }
    await postern.stop()
    return rows
  },
}

function forgedTokens(quick: boolean): readonly string[] {
  return mintTokens('RS256', quick ? 100 : FORGED).map(forged)
}
