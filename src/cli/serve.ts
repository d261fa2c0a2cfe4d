// `postern serve`: a configuration file → a running process, until it is told to stop.
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type App, startApp } from '../app.ts'
import { formatProblem, loadConfig, secretReader } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { createLog } from '../telemetry/log.ts'
import { CommandError, type Runtime } from './runtime.ts'

export async function serve(options: { readonly config: string }, runtime: Runtime): Promise<void> {
  // Asked first: a signal during the start ends it in order, once it has come to its end.
  const stopped = runtime.stopped()
  const config = await readConfig(options.config, runtime, { dev: false })
  const app = await startConfigured(config, runtime, { dev: false })
  await stopped
  await app.stop()
}

/** Every mistake of the file in one message. */
export async function readConfig(file: string, runtime: Runtime, options: { readonly dev: boolean }): Promise<Config> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CommandError(`Cannot read the configuration ${file}`, { cause })
  })
  const readSecret = secretReader({ readFile: (path) => readFileSync(path, 'utf8'), env: runtime.env })
  const loaded = loadConfig(text, { dev: options.dev, readSecret })
  if (loaded.ok) return loaded.value
  const problems = loaded.reason.map((problem) => formatProblem(file, problem))
  throw new CommandError(`the configuration has ${problems.length} problem(s)\n${problems.join('\n')}`, { exitCode: 2 })
}

export async function startConfigured(
  config: Config,
  runtime: Runtime,
  options: { readonly dev: boolean },
): Promise<App> {
  const log = createLog({ level: config.log.level, destination: runtime.log })
  try {
    return await startApp(config, { log, dev: options.dev })
  } catch (cause) {
    throw new CommandError(cause instanceof Error ? `Cannot start: ${cause.message}` : 'Cannot start', { cause })
  }
}
