// `postern dev`: everything on loopback, a real Envoy in front of an echo upstream, an API key in a file, and lines to
// paste. Nothing of it is meant for anything but trying out.
import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, relative, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { systemClock } from '../clock.ts'
import { formatAddress } from '../config/address.ts'
import type { Config } from '../config/schema.ts'
import { devConfig } from '../dev/dev-config.ts'
import { startEcho } from '../dev/echo.ts'
import { EnvoyError, type RunningEnvoy, startEnvoy } from '../dev/envoy.ts'
import { type IssueResponse, TokenKind } from '../gen/postern/token/v1/token.ts'
import { createKeyCommands, keyCommandErrors } from '../issuing/key-commands.ts'
import { CommandError, type Runtime } from './runtime.ts'
import { readConfig, startConfigured } from './serve.ts'
import { callTokenService } from './token-client.ts'

export interface DevOptions {
  readonly directory: string
  readonly port: number
}

const LOOPBACK = '127.0.0.1'
const ports = { echo: 10001, tokens: 9192, admin: 9193, http: 9194 } as const

type OnClose = (step: () => Promise<void> | void) => void

export async function dev(options: DevOptions, runtime: Runtime): Promise<void> {
  // Asked first, so that a Ctrl-C during the start is one too.
  const stopped = runtime.stopped()
  const closing: (() => Promise<void> | void)[] = []
  try {
    await start(options, runtime, (step) => closing.push(step))
    await stopped
  } finally {
    // Also when the start failed half-way: nothing of it may stay behind.
    for (const step of closing.reverse()) await step()
  }
}

async function start(options: DevOptions, runtime: Runtime, onClose: OnClose): Promise<void> {
  const { directory } = options
  await Promise.all([options.port, ...Object.values(ports)].map(requireFreePort))
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await ensureKeys(join(directory, 'keys'))
  const config = await readConfig(await ensureConfig(directory), runtime, { dev: true })
  const log = createWriteStream(join(directory, 'postern.log'), { flags: 'a', mode: 0o600 })
  onClose(() => void log.end())
  // Side by side: Envoy takes as long as we do, and needs nobody yet.
  const envoy = startEnvoyIfAny(options, config, runtime)
  await allOf([
    startConfigured(config, { ...runtime, log }, { dev: true }).then((app) => onClose(() => app.stop())),
    startEcho(ports.echo).then((echo) => onClose(() => void echo.close().closeAllConnections())),
    envoy.then((running) => onClose(() => running?.stop())),
  ])
  await mintApiKey(config, join(directory, 'api-key'), runtime)
  runtime.out(greeting(options, { hasEnvoy: (await envoy) !== undefined, postern: invocation(runtime) }))
}

/** A failure is thrown once all have come to their end: what has started by then is known to whoever cleans up. */
async function allOf(starts: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(starts)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

function requireFreePort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', () =>
      reject(new CommandError(`Port ${port} of ${LOOPBACK} is in use; \`postern dev\` needs it`)),
    )
    probe.listen(port, LOOPBACK, () => probe.close(() => resolve()))
  })
}

async function ensureKeys(directory: string): Promise<void> {
  const keys = await createKeyCommands(directory, { clock: systemClock }).ensure()
  if (!keys.ok) throw new CommandError(`${keyCommandErrors[keys.reason.error]}: ${directory}`)
}

async function ensureConfig(directory: string): Promise<string> {
  const file = join(directory, 'postern.yaml')
  const { tokens: tokensPort, http: httpPort, admin: adminPort } = ports
  if (!existsSync(file)) await writeFile(file, devConfig({ directory, tokensPort, httpPort, adminPort }))
  return file
}

async function startEnvoyIfAny(
  options: DevOptions,
  config: Config,
  runtime: Runtime,
): Promise<RunningEnvoy | undefined> {
  const found = await findEnvoy(runtime)
  if ('missing' in found) {
    runtime.err(`Envoy is missing: ${found.missing}\n`)
    return undefined
  }
  const check = config.listen.check?.address
  if (check === undefined) throw new CommandError('The configuration has no listen.check for Envoy to ask')
  return startEnvoy({
    command: found.path,
    template: join(runtime.packageRoot, 'envoy/envoy.yaml'),
    directory: options.directory,
    values: {
      listen: { host: LOOPBACK, port: options.port },
      check: check.kind === 'unix' ? { unix: check.path } : check,
      upstream: { host: LOOPBACK, port: ports.echo },
    },
  }).catch((cause: unknown) => {
    throw cause instanceof EnvoyError ? new CommandError(cause.message, { cause }) : cause
  })
}

type FoundEnvoy = { readonly path: string } | { readonly missing: string }

/** The finder is plain JavaScript beside the code, because it also runs before anything is compiled. */
async function findEnvoy({ packageRoot, env }: Runtime): Promise<FoundEnvoy> {
  const finder: { findEnvoy(options: { readonly env: Runtime['env'] }): FoundEnvoy } = await import(
    pathToFileURL(join(packageRoot, 'tools/find-envoy.mjs')).href
  )
  return finder.findEnvoy({ env })
}

const API_KEY_TIMEOUT_MS = 5000

/** Through the front door, as the caller `local` that the configuration names. */
async function mintApiKey(config: Config, file: string, runtime: Runtime): Promise<void> {
  const tokens = config.listen.tokens?.address
  if (tokens === undefined) throw new CommandError('The configuration has no listen.tokens to mint an API key')
  const subject = {
    kind: TokenKind.TOKEN_KIND_API_KEY,
    subject: 'alice',
    scopes: ['fence', 'openid', 'user'],
    clientId: '',
    user: { name: 'alice@example.org', is_admin: false },
  }
  const request = { grant: { $case: 'subject', subject } as const, expiresIn: undefined }
  const options = { address: formatAddress(tokens), timeout: API_KEY_TIMEOUT_MS }
  const { token } = await callTokenService<IssueResponse>(options, runtime, (client, metadata, callOptions, callback) =>
    client.issue(request, metadata, callOptions, callback),
  )
  await writeFile(file, `${token}\n`, { mode: 0o600 })
}

/** How to call this very program from this folder: in a checkout there is no `postern` on PATH. */
function invocation({ packageRoot }: Runtime): string {
  const isInstalled = packageRoot.split(sep).includes('node_modules')
  return isInstalled ? 'npx postern' : `node ${relative('.', join(packageRoot, 'dist/main.js'))}`
}

function greeting(
  { directory, port }: DevOptions,
  { hasEnvoy, postern }: { readonly hasEnvoy: boolean; readonly postern: string },
): string {
  const url = `http://${LOOPBACK}:${port}/`
  const call = `curl -i -H "Authorization: Bearer $TOKEN" ${url}`
  const lines = [
    `Postern is ready. Configuration, keys, data and logs are in ${directory}/; Ctrl-C stops everything.`,
    `  Envoy          ${hasEnvoy ? url : 'not running'}`,
    `  token service  ${LOOPBACK}:${ports.tokens} (gRPC, plaintext: for trying out only)`,
    `  JWKS           http://${LOOPBACK}:${ports.http}/.well-known/jwks.json`,
    `  admin          http://${LOOPBACK}:${ports.admin}/readyz and /metrics`,
    '',
    'Paste these lines into another terminal, in this folder:',
    '',
    `  TOKEN=$(${postern} issue --api-key-file ${directory}/api-key)`,
    `  ${call}    # 200, and what reached the application`,
    `  echo "$TOKEN" | ${postern} revoke`,
    `  ${call}    # 403 Token is denylisted`,
    '',
  ]
  return `${lines.join('\n')}\n`
}
