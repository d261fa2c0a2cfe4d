// Every token new: the Check over the bare call, with the raw signature check of the same algorithm in the same round.
import { verify } from 'node:crypto'
import { keyFor } from '../../test/support/tokens.ts'
import { isAllow } from '../load/grpc.ts'
import { interleave, type Side } from '../measure/rounds.ts'
import { startPostern } from '../stage/servers.ts'
import { besideBare, bodiesFor, checkSide, IN_FLIGHT, inTurn } from '../stage/sides.ts'
import { benchAlgorithms, mintTokens } from '../stage/tokens.ts'
import type { Row, Settings, Suite } from './suite.ts'

type Algorithm = (typeof benchAlgorithms)[number]

/** New tokens take another way through the code than those seen before, which has to be warm as well. */
const WARM_UPS = 2
const CALLS = 1500
const QUICK_CALLS = 200

export const fresh: Suite = {
  name: 'new',
  title: 'Check, every token new',
  async run(settings) {
    const rows: Row[] = []
    for (const algorithm of benchAlgorithms) rows.push(...(await measure(algorithm, settings)))
    return rows
  },
}

async function measure(algorithm: Algorithm, settings: Settings): Promise<readonly Row[]> {
  const { rounds: count, quick, progress } = settings
  const calls = quick ? QUICK_CALLS : CALLS
  progress(`minting ${algorithm} tokens`)
  const tokens = mintTokens(algorithm, calls * (count + WARM_UPS) + 1)
  const postern = await startPostern()
  const bodies = bodiesFor(tokens)
  const [body = Buffer.alloc(0)] = bodies
  const both = await besideBare(postern, body, settings)
  const next = inTurn(bodies)
  next()
  const plan = { inFlight: IN_FLIGHT, calls, isExpected: isAllow }
  const rounds = await interleave(
    [
      checkSide({ name: 'bare', ...both.bare, drive: { ...plan, next: () => body } }),
      checkSide({ name: 'new', ...both.postern, drive: { ...plan, next } }),
      signatureSide(algorithm, tokens.slice(0, calls)),
    ],
    { rounds: count, warmUps: WARM_UPS },
  )
  await both.stop()
  await postern.stop()
  const added = rounds.combine((sample) => (sample('new', 'cpu') - sample('bare', 'cpu')) / sample('crypto', 'cpu'))
  return [
    { what: `${algorithm}: crypto.verify alone, CPU`, unit: 'µs', value: rounds.spread('crypto', 'cpu') },
    { what: `${algorithm}: Check, new token, CPU`, unit: 'µs', value: rounds.spread('new', 'cpu') },
    { what: `${algorithm}: (Check − bare call) ÷ crypto.verify, CPU`, unit: 'x', value: added, bar: 1.5 },
  ]
}

/** The least that anybody could do: the signature over bytes that lie ready, with a key that lies ready. */
function signatureSide(algorithm: Algorithm, tokens: readonly string[]): Side {
  const { publicKey } = keyFor(algorithm)
  const key = algorithm === 'ES256' ? { key: publicKey, dsaEncoding: 'ieee-p1363' as const } : publicKey
  const hash = algorithm === 'EdDSA' ? null : 'sha256'
  const signed = tokens.map((token) => {
    const at = token.lastIndexOf('.')
    return { data: Buffer.from(token.slice(0, at)), signature: Buffer.from(token.slice(at + 1), 'base64url') }
  })
  return {
    name: 'crypto',
    async run() {
      const before = process.cpuUsage()
      const good = signed.filter(({ data, signature }) => verify(hash, data, key, signature)).length
      const { user, system } = process.cpuUsage(before)
      if (good !== signed.length) throw new Error('A signature of the bench does not verify')
      return { cpu: (user + system) / signed.length }
    },
  }
}
