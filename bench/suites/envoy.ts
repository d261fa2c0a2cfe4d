// Through a real Envoy, Checks over a unix socket: no auth, a bare server that allows everything, Postern. What the
// Check adds to a request, and what it costs Envoy itself.
import { drive } from '../load/drive.ts'
import { connectCheck } from '../load/grpc.ts'
import { connectHttp } from '../load/http.ts'
import { interleave } from '../measure/rounds.ts'
import { NO_AUTH_PATH, startBenchEnvoy } from '../stage/envoy.ts'
import { startBare, startPostern } from '../stage/servers.ts'
import { answerTo, bodiesFor, checkSide } from '../stage/sides.ts'
import { mintToken } from '../stage/tokens.ts'
import { roundMs, type Suite } from './suite.ts'

/** Alone on the wire, and with some company. */
const depths = [1, 8]
const WARM_UP_CALLS = 10_000
const QUICK_WARM_UP_CALLS = 500
const API_PATH = '/user/data/download/dg.1234/2f4a6e0a-4a6e-4c37-9d0f-7a4f2b6f9c11?protocol=s3'

export const throughEnvoy: Suite = {
  name: 'envoy',
  title: 'Through Envoy, unix socket',
  async run(settings) {
    const token = mintToken('RS256')
    const [body = Buffer.alloc(0)] = bodiesFor([token])
    const postern = await startPostern()
    const direct = await connectCheck(postern.socket)
    const bare = await startBare(await answerTo(direct, body))
    direct.close()
    const [besidePostern, besideBare] = await Promise.all([
      startBenchEnvoy(postern.socket),
      startBenchEnvoy(bare.socket),
    ])
    const ways = [
      { name: 'none', envoy: besidePostern, connection: await connectHttp(besidePostern.port, NO_AUTH_PATH, token) },
      { name: 'bare', envoy: besideBare, connection: await connectHttp(besideBare.port, API_PATH, token) },
      { name: 'postern', envoy: besidePostern, connection: await connectHttp(besidePostern.port, API_PATH, token) },
    ]
    const plan = { next: () => undefined, isExpected: (answer: Buffer) => answer.toString() === 'ok' }
    const calls = settings.quick ? QUICK_WARM_UP_CALLS : WARM_UP_CALLS
    for (const { connection } of ways) await drive(connection, { ...plan, inFlight: 8, calls })
    const sides = depths.flatMap((inFlight) =>
      ways.map(({ name, envoy, connection }) =>
        checkSide({
          name: `${name} ${inFlight}`,
          pid: envoy.pid,
          connection,
          drive: { ...plan, inFlight, forMs: roundMs(settings) },
        }),
      ),
    )
    const rounds = await interleave(sides, { rounds: settings.rounds, warmUps: 1 })
    for (const { connection } of ways) connection.close()
    for (const { stop } of [besidePostern, besideBare, bare, postern]) await stop()

    return depths.flatMap((depth) => {
      const added = (name: string, metric: string) =>
        rounds.combine((sample) => sample(`${name} ${depth}`, metric) - sample(`none ${depth}`, metric))
      const ratio = rounds.combine((sample) => {
        const base = sample(`none ${depth}`, 'p50Ms')
        return (sample(`postern ${depth}`, 'p50Ms') - base) / (sample(`bare ${depth}`, 'p50Ms') - base)
      })
      return [
        { what: `${depth} in flight: bare server adds, p50`, unit: 'ms' as const, value: added('bare', 'p50Ms') },
        { what: `${depth} in flight: Postern adds, p50`, unit: 'ms' as const, value: added('postern', 'p50Ms') },
        { what: `${depth} in flight: Postern adds, p99`, unit: 'ms' as const, value: added('postern', 'p99Ms') },
        { what: `${depth} in flight: added p50, Postern ÷ bare`, unit: 'x' as const, value: ratio, bar: 1.3 },
        {
          what: `${depth} in flight: CPU of Envoy, Postern ÷ bare`,
          unit: 'x' as const,
          value: rounds.ratio(`postern ${depth}`, `bare ${depth}`, 'cpu'),
        },
      ]
    })
  },
}
