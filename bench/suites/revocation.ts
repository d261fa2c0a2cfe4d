// How soon a revocation bites: Revoke acknowledged at one process, until another first denies the token. Both share a
// real Redis, and the other is busy with Checks meanwhile.
import { createTokenClient } from '../../test/support/token-client.ts'
import { drive } from '../load/drive.ts'
import { checkBytes, connectCheck, framed, isAllow } from '../load/grpc.ts'
import { quantile } from '../measure/stats.ts'
import { startBenchRedis } from '../stage/redis.ts'
import { startPostern } from '../stage/servers.ts'
import { bodiesFor } from '../stage/sides.ts'
import { mintToken, mintTokens } from '../stage/tokens.ts'
import { once, type Suite } from './suite.ts'

const REVOCATIONS = 300
const QUICK_REVOCATIONS = 20
const NAMESPACE = 'bench'
/** The other's load meanwhile: one Check after the other. */
const BACKGROUND = { inFlight: 1, forMs: 20 }

export const revocation: Suite = {
  name: 'revocation',
  title: 'Revoke acknowledged → denied at another process',
  async run({ quick }) {
    const redis = await startBenchRedis()
    await redis.fill(NAMESPACE, 0)
    const sections = redis.sections(NAMESPACE)
    const service = await startPostern({ sections, withTokenService: true })
    const sidecar = await startPostern({ sections })
    const client = createTokenClient({ target: `unix:${service.tokensSocket}` })
    const probe = await connectCheck(sidecar.socket)
    const load = await connectCheck(sidecar.socket)
    const [body = Buffer.alloc(0)] = bodiesFor([mintToken('EdDSA')])
    const background = { ...BACKGROUND, next: () => body, isExpected: isAllow }

    const delays: number[] = []
    for (const token of mintTokens('EdDSA', quick ? QUICK_REVOCATIONS : REVOCATIONS)) {
      const question = framed(checkBytes(token))
      const ask = () => new Promise<Buffer | Error>((resolve) => probe.send(question, resolve))
      if (!isAllowed(await ask())) throw new Error('A new token is denied')
      const loaded = drive(load, background)
      await client.revoke({ token })
      const acknowledgedMs = performance.now()
      while (isAllowed(await ask()));
      delays.push(performance.now() - acknowledgedMs)
      await loaded
    }

    client.close()
    probe.close()
    load.close()
    await sidecar.stop()
    await service.stop()
    await redis.stop()
    const sorted = delays.toSorted((a, b) => a - b)
    const note = `of ${delays.length}, the Check that says so included`
    return [
      { what: 'p50', unit: 'ms', value: once(quantile(sorted, 0.5)), note },
      { what: 'p99', unit: 'ms', value: once(quantile(sorted, 0.99)), bar: 20 },
      { what: 'longest', unit: 'ms', value: once(sorted.at(-1) ?? Number.NaN) },
    ]
  },
}

function isAllowed(answer: Buffer | Error): boolean {
  if (answer instanceof Error) throw answer
  return isAllow(answer)
}
