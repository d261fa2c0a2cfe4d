// A real Envoy as a child process: configured from envoy/envoy.yaml, its own log in a file, ended with us.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EnvoyValues, renderEnvoyConfig } from './envoy-config.ts'

export interface RunningEnvoy {
  stop(): Promise<void>
}

export interface EnvoyOptions {
  readonly command: string
  /** envoy/envoy.yaml of the package. */
  readonly template: string
  /** Where the rendered configuration and Envoy's log go. */
  readonly directory: string
  readonly values: EnvoyValues & { readonly listen: { readonly host: string; readonly port: number } }
}

const READY_TIMEOUT_MS = 10_000
const POLL_MS = 25
const STOP_TIMEOUT_MS = 3000

export class EnvoyError extends Error {
  override readonly name = 'EnvoyError'
}

export async function startEnvoy(options: EnvoyOptions): Promise<RunningEnvoy> {
  const config = join(options.directory, 'envoy.yaml')
  const logFile = join(options.directory, 'envoy.log')
  await mkdir(dirname(config), { recursive: true })
  await writeFile(config, renderEnvoyConfig(await readFile(options.template, 'utf8'), options.values))
  const log = await open(logFile, 'w')
  const args = ['--config-path', config, '--use-dynamic-base-id', '--concurrency', '1', '--log-level', 'warn']
  const child = spawn(options.command, args, { stdio: ['ignore', log.fd, log.fd] })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()))
  await log.close()
  if (!(await listens(options.values.listen, child))) {
    child.kill('SIGKILL')
    throw new EnvoyError(`Envoy did not start; see ${logFile}`)
  }
  return { stop: () => stop(child, exited) }
}

async function listens(
  address: { readonly host: string; readonly port: number },
  child: ChildProcess,
): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < READY_TIMEOUT_MS && child.exitCode === null; waitedMs += POLL_MS) {
    if (await accepts(address)) return true
    await sleep(POLL_MS)
  }
  return false
}

function accepts({ host, port }: { readonly host: string; readonly port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    const settle = (accepted: boolean): void => {
      socket.destroy()
      resolve(accepted)
    }
    socket.once('connect', () => settle(true)).once('error', () => settle(false))
  })
}

async function stop(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGTERM')
  const cut = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await exited
  clearTimeout(cut)
}
