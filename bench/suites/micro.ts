// Own code alone (programs/micro.mjs): from request bytes to reply bytes, and what a hit allocates.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { runToEnd } from '../../test/support/processes.ts'
import { ISSUER } from '../../test/support/tokens.ts'
import { checkBytes } from '../load/grpc.ts'
import { spreadOf } from '../measure/stats.ts'
import { distFolder } from '../stage/servers.ts'
import { idOf, jwks, mintToken, mintTokens } from '../stage/tokens.ts'
import { once, type Row, type Settings, type Suite } from './suite.ts'

const program = join(import.meta.dirname, '../programs/micro.mjs')

const CALLS = 20_000
const FRESH_PER_ROUND = 1000
const LIMIT_MS = 300_000

const costs = z.object({ hit: z.number(), revoked: z.number(), missing: z.number(), fresh: z.number() })
const allocations = z.object({
  bytesPerHit: z.number(),
  sources: z.array(z.object({ name: z.string(), bytes: z.number() })),
})

export const micro: Suite = {
  name: 'micro',
  title: 'Own code, in-process, CPU',
  async run(settings) {
    const lines = await runProgram(settings)
    const rounds = lines.slice(0, -1).map((line) => costs.parse(line))
    const { bytesPerHit, sources } = allocations.parse(lines.at(-1))
    const row = (what: string, kind: keyof z.output<typeof costs>): Row => ({
      what,
      unit: 'µs',
      value: spreadOf(rounds.map((round) => round[kind])),
    })
    return [
      { ...row('bytes → reply bytes: token seen before', 'hit'), bar: 12 },
      row('bytes → reply bytes: revoked token', 'revoked'),
      row('bytes → reply bytes: no token', 'missing'),
      row('bytes → reply bytes: new token (EdDSA)', 'fresh'),
      { what: 'allocated per hit', unit: 'B', value: once(bytesPerHit) },
      ...sources
        .slice(0, 3)
        .map(({ name, bytes }): Row => ({ what: `  of it ${name}`, unit: 'B', value: once(bytes) })),
    ]
  },
}

async function runProgram({ rounds, quick }: Settings): Promise<readonly unknown[]> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  const revoked = mintToken('EdDSA')
  const base64 = (token: string | undefined): string => checkBytes(token).toString('base64')
  const plan = {
    issuer: ISSUER,
    jwks: jwks(),
    jti: idOf(revoked),
    until: Math.ceil(Date.now() / 1000) + 3600,
    rounds,
    calls: quick ? CALLS / 10 : CALLS,
    hit: base64(mintToken('EdDSA')),
    revoked: base64(revoked),
    missing: base64(undefined),
    fresh: mintTokens('EdDSA', (rounds + 1) * FRESH_PER_ROUND).map(base64),
  }
  await writeFile(join(folder, 'plan.json'), JSON.stringify(plan))
  const { code, stdout, stderr } = await runToEnd({
    command: process.execPath,
    args: [program, distFolder, join(folder, 'plan.json')],
    withinMs: LIMIT_MS,
  })
  await rm(folder, { recursive: true, force: true })
  if (code !== 0) throw new Error(`micro.mjs failed: ${stderr}`)
  return stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
}
