// The processes that are measured: Postern as users run it, and the bare server that it is measured against.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type RunningProcess, startProcess } from '../../test/support/processes.ts'
import { ISSUER } from '../../test/support/tokens.ts'
import { untilAnswering } from './ready.ts'
import { jwks } from './tokens.ts'

/** POSTERN_DIST: another build, for comparing two. */
export const distFolder = process.env['POSTERN_DIST'] ?? join(import.meta.dirname, '../../dist')
const program = join(distFolder, 'main.js')
const bareProgram = join(import.meta.dirname, '../programs/bare.mjs')

export interface Server {
  readonly pid: number
  readonly folder: string
  /** Path of the unix socket on which it answers Checks. */
  readonly socket: string
  /** The socket of the token service, where the configuration has one. */
  readonly tokensSocket: string
  readonly configFile: string
  stop(): Promise<void>
}

type Sections = Readonly<Record<string, unknown>>

export interface PosternPlan {
  readonly sections?: Sections
  readonly withTokenService?: boolean
}

/** A sidecar: nothing but Checks, keys from a file, nothing on disk. */
export function sidecarConfig(folder: string, withTokenService: boolean): Sections {
  const tokens = { address: `unix:${folder}/tokens.sock`, mode: '0600' }
  return {
    listen: { check: { address: `unix:${folder}/check.sock` }, ...(withTokenService && { tokens }) },
    denylist: { store: 'memory' },
    issuers: [
      {
        name: 'commons',
        issuer: ISSUER,
        keys: { file: join(folder, 'jwks.json') },
        algorithms: ['RS256', 'ES256', 'EdDSA'],
      },
    ],
    ...(withTokenService && {
      signing: {
        issuer: 'https://own.example/',
        keys: { directory: join(folder, 'keys') },
        access: { audience: 'own' },
        revocable: ['access'],
      },
      callers: [{ name: 'local', identity: { local: true }, revoke: 'any', quota: noQuota }],
    }),
    policies: { default: { issuers: ['commons'], audiences: ['gen3'] } },
    shutdown: { wait: '0s', drain: '1s' },
  }
}

const noQuota = { per_second: 100_000, burst: 100_000, subject_per_second: 100_000, subject_burst: 100_000 }

/** Writes what Postern needs into a new folder; `launch` starts it there. */
export async function preparePostern({ sections = {}, withTokenService = false }: PosternPlan = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  const configFile = join(folder, 'postern.yaml')
  await writeFile(join(folder, 'jwks.json'), jwks())
  await writeFile(configFile, stringify({ ...sidecarConfig(folder, withTokenService), ...sections }))
  if (withTokenService) await (await launch(folder, ['keys', 'new', '--directory', join(folder, 'keys')])).exited
  return { folder, configFile, remove: () => rm(folder, { recursive: true, force: true }) }
}

export async function startPostern(plan: PosternPlan = {}): Promise<Server> {
  const postern = await launchPostern(plan)
  await untilAnswering(postern.socket)
  return postern
}

/** Started, and nothing awaited. `launchedMs`: when, by `performance.now()`. */
export async function launchPostern(plan: PosternPlan = {}): Promise<Server & { readonly launchedMs: number }> {
  const { folder, configFile, remove } = await preparePostern(plan)
  const launchedMs = performance.now()
  const running = await launch(folder, ['serve', '--config', configFile])
  return {
    pid: running.pid,
    folder,
    configFile,
    launchedMs,
    socket: join(folder, 'check.sock'),
    tokensSocket: join(folder, 'tokens.sock'),
    async stop() {
      await running.stop()
      await remove()
    },
  }
}

/** Postern's program with these arguments. */
export function launch(cwd: string, args: readonly string[]): Promise<RunningProcess> {
  return startProcess({ command: process.execPath, args: [program, ...args], cwd })
}

/** `waits`: until it listens. */
export async function startBare(reply: Buffer, { waits }: { readonly waits: boolean } = { waits: true }) {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  const socket = join(folder, 'check.sock')
  await writeFile(join(folder, 'reply'), reply)
  const running = await startProcess({
    command: process.execPath,
    args: [bareProgram, socket, join(folder, 'reply'), distFolder],
    ...(waits && { readyWhen: /listening/ }),
  })
  return {
    pid: running.pid,
    socket,
    async stop() {
      await running.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
