// From the start of the process to the first Check that is allowed, and what the process occupies: idle, and with a full
// cache of verified tokens. A bare grpc-js server beside it shows what the platform takes.
import { setTimeout as sleep } from 'node:timers/promises'
import { drive } from '../load/drive.ts'
import { connectCheck, isAllow } from '../load/grpc.ts'
import { residentMib } from '../measure/process-stats.ts'
import { interleave } from '../measure/rounds.ts'
import { spreadOf } from '../measure/stats.ts'
import { untilAnswering } from '../stage/ready.ts'
import { launchPostern, startBare, startPostern } from '../stage/servers.ts'
import { answerTo, bodiesFor, IN_FLIGHT, inTurn } from '../stage/sides.ts'
import { mintToken, mintTokens } from '../stage/tokens.ts'
import { once, type Row, type Settings, type Suite } from './suite.ts'

const CACHED_TOKENS = 100_000
const QUICK_CACHED_TOKENS = 2000
/** For start-up garbage to be collected and compiled code to be written off. */
const IDLE_MS = 3000

export const start: Suite = {
  name: 'start',
  title: 'Start and memory',
  async run(settings) {
    const { times, idleMib, bareIdleMib } = await starts(settings)
    return [
      { what: 'bare grpc-js server: start to first answer', unit: 's', value: times.spread('bare', 'seconds') },
      { what: 'start to first good Check', unit: 's', value: times.spread('postern', 'seconds'), bar: 0.5 },
      { what: 'start, Postern ÷ bare', unit: 'x', value: times.ratio('postern', 'bare', 'seconds') },
      { what: 'bare grpc-js server: idle memory', unit: 'MiB', value: spreadOf(bareIdleMib) },
      { what: 'idle memory', unit: 'MiB', value: spreadOf(idleMib), bar: 90 },
      ...(await loaded(settings)),
    ]
  },
}

async function starts(settings: Settings) {
  const idleMib: number[] = []
  const bareIdleMib: number[] = []
  const first = await startPostern()
  const connection = await connectCheck(first.socket)
  const [body = Buffer.alloc(0)] = bodiesFor([mintToken('EdDSA')])
  const reply = await answerTo(connection, body)
  connection.close()
  await first.stop()
  const idle = async (pid: number, into: number[]): Promise<void> => {
    await sleep(settings.quick ? 0 : IDLE_MS)
    into.push(residentMib(pid))
  }
  const sides = [
    {
      name: 'bare',
      async run() {
        const startedMs = performance.now()
        const bare = await startBare(reply, { waits: false })
        await untilAnswering(bare.socket)
        const seconds = (performance.now() - startedMs) / 1000
        await idle(bare.pid, bareIdleMib)
        await bare.stop()
        return { seconds }
      },
    },
    {
      name: 'postern',
      async run() {
        const postern = await launchPostern()
        await untilAnswering(postern.socket)
        const seconds = (performance.now() - postern.launchedMs) / 1000
        await idle(postern.pid, idleMib)
        await postern.stop()
        return { seconds }
      },
    },
  ]
  const times = await interleave(sides, { rounds: settings.rounds, warmUps: 1 })
  return { times, idleMib, bareIdleMib }
}

async function loaded({ quick, progress }: Settings): Promise<readonly Row[]> {
  const count = quick ? QUICK_CACHED_TOKENS : CACHED_TOKENS
  progress(`minting ${count} tokens`)
  const postern = await startPostern({ sections: { limits: { cached_tokens: CACHED_TOKENS } } })
  const connection = await connectCheck(postern.socket)
  const [body = Buffer.alloc(0)] = bodiesFor([mintToken('EdDSA')])
  const plan = { inFlight: IN_FLIGHT, isExpected: isAllow }
  // A process that answers Checks at all has grown for that, whatever it remembers.
  await drive(connection, { ...plan, calls: quick ? 500 : 20_000, next: () => body })
  const before = residentMib(postern.pid)
  const BATCH = 5000
  for (let done = 0; done < count; done += BATCH) {
    const bodies = bodiesFor(mintTokens('EdDSA', Math.min(BATCH, count - done)))
    await drive(connection, { ...plan, calls: bodies.length, next: inTurn(bodies) })
  }
  await sleep(quick ? 0 : IDLE_MS)
  const after = residentMib(postern.pid)
  connection.close()
  await postern.stop()
  return [
    { what: 'memory under load', unit: 'MiB', value: once(before) },
    { what: `memory with ${count} cached tokens`, unit: 'MiB', value: once(after) },
    { what: `${count} cached tokens add`, unit: 'MiB', value: once(after - before), bar: 150 },
  ]
}
