// A real Envoy for tests: envoy/envoy.yaml with free ports put in, one worker, its access log read back as objects. Who
// answers its Checks and who serves its upstream requests is the test's business.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EnvoyAddress, renderEnvoyConfig } from '../../src/dev/envoy-config.ts'
import { eventually } from './eventually.ts'
import { freePort } from './ports.ts'
import { startProcess } from './processes.ts'
import { requireTool } from './tools.ts'

/** Envoy holds access log lines back for 10 s by default; a test waits for them. */
const accessLogFlushMs = 20

export interface EnvoyOptions {
  /** Where the check server listens. */
  readonly check: EnvoyAddress
  readonly upstreamPort: number
  readonly upstreamGrpcPort?: number
  readonly failureModeAllow?: boolean
  /** Changes the file once the addresses are in it: for Envoys that are configured otherwise than ours. */
  readonly edit?: (config: string) => string
}

type AccessLogEntry = Readonly<Record<string, unknown>>

export interface EnvoyServer {
  /** HTTP/1.1 and HTTP/2 without TLS, on loopback. */
  readonly port: number
  readonly adminPort: number
  readonly pid: number
  output(): string
  accessLog(): readonly AccessLogEntry[]
  /** The first entry that fits; waits for it. */
  accessLogEntry(fits: (entry: AccessLogEntry) => boolean): Promise<AccessLogEntry>
  /** A counter or gauge of `/stats`; 0 where it is not there yet. */
  stat(name: string): Promise<number>
  stop(): Promise<void>
}

export async function startEnvoy(options: EnvoyOptions): Promise<EnvoyServer> {
  const command = requireTool('envoy')
  const folder = await mkdtemp(join(tmpdir(), 'postern-envoy-'))
  const configFile = join(folder, 'envoy.yaml')
  const [port, adminPort, unusedPort] = await Promise.all([freePort(), freePort(), freePort()])
  const host = '127.0.0.1'
  const config = renderEnvoyConfig(await readFile(new URL('../../envoy/envoy.yaml', import.meta.url), 'utf8'), {
    listen: { host, port },
    check: options.check,
    upstream: { host, port: options.upstreamPort },
    upstreamGrpc: { host, port: options.upstreamGrpcPort ?? unusedPort },
    admin: { host, port: adminPort },
    ...(options.failureModeAllow === undefined ? {} : { failureModeAllow: options.failureModeAllow }),
  })
  await writeFile(configFile, options.edit?.(config) ?? config)

  const running = await startProcess({
    command,
    // Without hot restart no two Envoys on this machine share anything, test runs of other people included.
    args: ['-c', configFile, '--concurrency', '1', '--disable-hot-restart', ...quiet],
    cwd: folder,
    readyWhen: async () => (await fetch(`http://${host}:${adminPort}/ready`)).ok,
  })

  const accessLog = () => running.stdout().split('\n').flatMap(parseEntry)
  return {
    port,
    adminPort,
    pid: running.pid,
    output: () => running.output(),
    accessLog,
    accessLogEntry: (fits) => eventually('an access log entry that fits', () => accessLog().find(fits)),
    async stat(name) {
      const response = await fetch(`http://${host}:${adminPort}/stats?filter=${encodeURIComponent(`^${name}$`)}`)
      return Number(/: (\d+)/.exec(await response.text())?.[1] ?? 0)
    },
    async stop() {
      await running.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const quiet = ['--log-level', 'warning', '--file-flush-interval-msec', String(accessLogFlushMs)]

/** A line that is not whole yet, or none of the access log's, is no entry. */
function parseEntry(line: string): AccessLogEntry[] {
  if (!line.startsWith('{') || !line.endsWith('}')) return []
  const entry: unknown = JSON.parse(line)
  return typeof entry === 'object' && entry !== null ? [{ ...entry }] : []
}
