// A real `postern serve` from the built program (dist/), with a configuration and a signing key of its own in a temporary
// folder: start, restart, kill, read its log. What it logs is searched for secrets when it is closed.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type AuthzClient, createAuthzClient } from './authz-client.ts'
import { eventually } from './eventually.ts'
import { http1 } from './http-client.ts'
import { freePort } from './ports.ts'
import { type Exit, type RunningProcess, runToEnd, startProcess } from './processes.ts'
import { expectNoSecrets, rememberSecret } from './secrets.ts'
import { createTokenClient, type TokenClient } from './token-client.ts'
import { keyFor, type TestKey } from './tokens.ts'

export const posternProgram = join(import.meta.dirname, '../../dist/main.js')

/** A loaded machine with two cores starts a dozen of these at once. */
const readyWithinMs = 20_000
/** Longer than any orderly end takes: what is still there then hangs, and the test that waits for it fails. */
const graceMs = 15_000

export type Sections = Readonly<Record<string, unknown>>

/** Where one instance lives. Ports are kept through restarts. */
export interface Place {
  readonly folder: string
  readonly httpPort: number
  readonly adminPort: number
}

export type ConfigOf = (base: ReturnType<typeof baseConfig>, place: Place) => Sections

export interface PosternOptions {
  /** The whole configuration, from one that works. */
  readonly config?: ConfigOf
  /** `started`: it listens, but a component of its readiness may stay unwell. Default `ready`. */
  readonly until?: 'ready' | 'started'
  /** The signing key, in the key directory before the start. */
  readonly key?: TestKey
  /** Texts by name, in the folder before the start. */
  readonly files?: Readonly<Record<string, string>>
}

export interface LogLine {
  readonly level: string
  readonly msg: string
  readonly [field: string]: unknown
}

export interface Postern extends Place {
  readonly configFile: string
  readonly keysFolder: string
  /** Its current key at the start; tests that need tokens nobody would mint sign with it. */
  readonly key: TestKey
  /** gRPC targets. */
  readonly check: string
  readonly tokens: string
  readonly pid: number
  /** What all instances have printed. */
  output(): string
  log(): readonly LogLine[]
  /** The first line that fits, of those that are there and those to come. */
  logLine(fits: (line: LogLine) => boolean): Promise<LogLine>
  isReady(): Promise<boolean>
  metrics(): Promise<string>
  /** SIGTERM. */
  stop(options?: { readonly graceMs?: number }): Promise<Exit>
  kill9(): Promise<Exit>
  signal(signal: NodeJS.Signals): void
  /** Starts again in the same folder, ending it in order if it runs. */
  restart(options?: Pick<PosternOptions, 'config' | 'until'>): Promise<void>
  /** Ends it, looks for secrets in what it printed, and removes its folder. */
  close(): Promise<void>
}

export const posternIssuer = 'https://commons.example/user'

/** Memory only, everything allowed to whoever can open the socket; a test changes sections. */
export function baseConfig({ folder, httpPort, adminPort }: Place) {
  return {
    listen: {
      check: { address: `unix:${folder}/check.sock`, mode: '0600' },
      tokens: { address: `unix:${folder}/tokens.sock`, mode: '0600' },
      http: { address: `127.0.0.1:${httpPort}` },
      admin: { address: `127.0.0.1:${adminPort}` },
    },
    denylist: { store: 'memory' },
    issuers: [{ name: 'commons', issuer: posternIssuer, keys: { own: true } }],
    signing: {
      issuer: posternIssuer,
      keys: { directory: join(folder, 'keys') },
      access: { audience: 'gen3' },
      tasks: { types: { WORKFLOW: { max_ttl: '4d' } }, rules: [{ types: ['WORKFLOW'], when: { scopes: ['user'] } }] },
      revocable: ['access'],
    },
    callers: [{ name: 'local', identity: { local: true }, issue: everyRight, revoke: 'any', quota: noQuota }],
    policies: { default: { issuers: ['commons'], audiences: ['gen3'] } },
    // The most is printed where the least may be.
    log: { level: 'debug' },
    shutdown: { wait: '0s', drain: '2s' },
  }
}

export const everyRight = {
  grants: ['api_key', 'subject'],
  kinds: ['access', 'api_key'],
  task_types: ['*'],
  subjects: ['*'],
  scopes: ['*'],
  user: true,
}

const noQuota = { per_second: 100_000, burst: 100_000, subject_per_second: 100_000, subject_burst: 100_000 }

export async function startPostern(options: PosternOptions = {}): Promise<Postern> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-'))
  const [httpPort, adminPort] = await Promise.all([freePort(), freePort()])
  const place = { folder, httpPort, adminPort }
  const { key = keyFor('ES256', 'own'), files = {} } = options
  const configFile = join(folder, 'postern.yaml')
  const keysFolder = join(folder, 'keys')
  await writeKey(keysFolder, key)
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)

  let configOf: ConfigOf = options.config ?? ((base) => base)
  let before = ''
  let running = await start(options.until).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true })
    throw error
  })

  async function start(until: PosternOptions['until'] = 'ready'): Promise<RunningProcess> {
    await writeFile(configFile, stringify(configOf(baseConfig(place), place)))
    return startProcess({
      command: process.execPath,
      args: [posternProgram, 'serve', '--config', configFile],
      cwd: folder,
      readyWithinMs,
      readyWhen: until === 'started' ? /Postern started/ : isReady,
    })
  }

  async function isReady(): Promise<boolean> {
    return (await http1(adminPort, { path: '/readyz' })).status === 200
  }

  const output = (): string => before + running.output()
  const log = (): readonly LogLine[] => output().split('\n').flatMap(parseLine)

  return {
    ...place,
    configFile,
    keysFolder,
    key,
    check: `unix:${folder}/check.sock`,
    tokens: `unix:${folder}/tokens.sock`,
    get pid() {
      return running.pid
    },
    output,
    log,
    logLine: (fits) => eventually('a log line that fits', () => log().find(fits), graceMs),
    isReady: () => isReady().catch(() => false),
    metrics: async () => (await http1(adminPort, { path: '/metrics' })).body,
    stop: (options = {}) => running.stop({ graceMs, ...options }),
    kill9: () => running.kill9(),
    signal: (signal) => running.signal(signal),
    async restart({ config = configOf, until } = {}) {
      await running.stop({ graceMs })
      before = output()
      configOf = config
      running = await start(until)
    },
    async close() {
      await running.stop({ graceMs })
      await rm(folder, { recursive: true, force: true })
      expectNoSecrets('the output of Postern', output())
    },
  }
}

/** The program with these arguments, to its end. `input` is its standard input. */
export function runPostern(
  args: readonly string[],
  options: { readonly input?: string; readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
) {
  return runToEnd({ command: process.execPath, args: [posternProgram, ...args], input: '', ...options })
}

/** As `postern keys` would write it: the only key of a folder is current. */
export async function writeKey(keysFolder: string, { kid, privateKey }: TestKey): Promise<void> {
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  rememberSecret(pem)
  await mkdir(keysFolder, { recursive: true, mode: 0o700 })
  await writeFile(join(keysFolder, `${kid}.pem`), pem, { mode: 0o600 })
}

/** Both clients of one instance, over its unix sockets. */
export function clientsOf({ check, tokens }: Pick<Postern, 'check' | 'tokens'>): {
  readonly authz: AuthzClient
  readonly tokenService: TokenClient
  close(): void
} {
  const authz = createAuthzClient({ target: check })
  const tokenService = createTokenClient({ target: tokens })
  return {
    authz,
    tokenService,
    close() {
      authz.close()
      tokenService.close()
    },
  }
}

/** A line that is not whole yet, or no log line, is none. */
function parseLine(line: string): LogLine[] {
  if (!line.startsWith('{') || !line.endsWith('}')) return []
  const parsed: unknown = JSON.parse(line)
  return isLogLine(parsed) ? [parsed] : []
}

function isLogLine(value: unknown): value is LogLine {
  return typeof value === 'object' && value !== null && 'level' in value && 'msg' in value
}
