// A denylist of nothing up to a million entries, in a real Redis: a Check must not notice, and the copy has to be small
// and soon there.
import { join } from 'node:path'
import { z } from 'zod'
import { runToEnd } from '../../test/support/processes.ts'
import type { Connection } from '../load/connection.ts'
import { connectCheck, isAllow } from '../load/grpc.ts'
import { interleave } from '../measure/rounds.ts'
import { spreadOf } from '../measure/stats.ts'
import { startBenchRedis } from '../stage/redis.ts'
import { distFolder, type Server, startPostern } from '../stage/servers.ts'
import { bodiesFor, checkSide, IN_FLIGHT, inTurn, warmUp } from '../stage/sides.ts'
import { mintTokens } from '../stage/tokens.ts'
import { type Row, roundMs, type Settings, type Suite } from './suite.ts'

const program = join(import.meta.dirname, '../programs/denylist.mjs')
const measured = z.object({ entries: z.number(), snapshotMs: z.number(), bytes: z.number(), lookupNs: z.number() })
const SIZES = [0, 10_000, 100_000, 1_000_000]
const QUICK_SIZES = [0, 10_000]
/** So that lookups go to different places of the table. */
const TOKENS = 200
const BASE = 0
const PROGRAM_RUNS = 3

export const denylist: Suite = {
  name: 'denylist',
  title: 'Size of the denylist',
  async run(settings) {
    const sizes = settings.quick ? QUICK_SIZES : SIZES
    const redis = await startBenchRedis()
    for (const size of sizes) {
      settings.progress(`filling Redis with ${size} entries`)
      await redis.fill(nameOf(size), size)
    }
    const rows = [...(await checks(sizes, redis, settings)), ...(await alone(sizes, redis.url, settings))]
    await redis.stop()
    return rows
  },
}

type Redis = Pick<Awaited<ReturnType<typeof startBenchRedis>>, 'sections'>

function nameOf(size: number): string {
  return `bench${size}`
}

interface Stage {
  readonly size: number
  readonly postern: Server
  readonly connection: Connection
}

async function checks(sizes: readonly number[], redis: Redis, settings: Settings): Promise<readonly Row[]> {
  const bodies = bodiesFor(mintTokens('EdDSA', TOKENS))
  const plan = { inFlight: IN_FLIGHT, forMs: roundMs(settings), isExpected: isAllow }
  const stages: Stage[] = []
  for (const size of sizes) {
    const postern = await startPostern({ sections: redis.sections(nameOf(size)) })
    const connection = await connectCheck(postern.socket)
    await warmUp(connection, inTurn(bodies), settings)
    stages.push({ size, postern, connection })
  }
  const sides = stages.map(({ size, postern: { pid }, connection }) =>
    checkSide({ name: String(size), pid, connection, drive: { ...plan, next: inTurn(bodies) } }),
  )
  const rounds = await interleave(sides, { rounds: settings.rounds, warmUps: 1 })
  for (const { connection, postern } of stages) {
    connection.close()
    await postern.stop()
  }
  return sizes
    .filter((size) => size !== BASE)
    .map((size) => ({
      what: `${size} entries ÷ none, CPU of a Check`,
      unit: 'x',
      value: rounds.ratio(String(size), String(BASE), 'cpu'),
      bar: 1.05,
    }))
}

async function alone(sizes: readonly number[], url: string, { quick }: Settings): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const size of sizes) {
    const runs: z.output<typeof measured>[] = []
    for (let run = 0; run < (quick ? 1 : PROGRAM_RUNS); run += 1) runs.push(await runProgram(url, nameOf(size)))
    const of = (read: (run: z.output<typeof measured>) => number) => spreadOf(runs.map(read))
    if (size > BASE) {
      rows.push({ what: `${size} entries: snapshot`, unit: 's', value: of((run) => run.snapshotMs / 1000), bar: 5 })
      rows.push({
        what: `${size} entries: memory of one`,
        unit: 'B',
        value: of((run) => run.bytes / run.entries),
        bar: 40,
      })
    }
    rows.push({ what: `${size} entries: lookup of a token`, unit: 'ns', value: of((run) => run.lookupNs), bar: 1000 })
  }
  return rows
}

async function runProgram(url: string, namespace: string): Promise<z.output<typeof measured>> {
  const { code, stdout, stderr } = await runToEnd({
    command: process.execPath,
    args: ['--expose-gc', program, distFolder, url, namespace],
    withinMs: 120_000,
  })
  if (code !== 0) throw new Error(`denylist.mjs failed: ${stderr}`)
  return measured.parse(JSON.parse(stdout))
}
