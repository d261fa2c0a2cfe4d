// `postern check-config`: every problem of a configuration file, one a line, or that there is none. Starts nothing.
import { formatProblem, loadConfig, type SecretReader } from '../config/load.ts'
import type { Config } from '../config/schema.ts'

export interface ConfigCommandDeps {
  /** As it was given on the command line; problems are reported under this name. */
  readonly file: string
  readonly readFile: (path: string) => Promise<string>
  /** Absent: secrets are not read, so that a file can be checked where they are not. */
  readonly readSecret?: SecretReader
  /** Results. */
  readonly write: (text: string) => void
  /** Everything said to a person. */
  readonly writeError: (text: string) => void
}

/** The exit code: 0 sound, 1 the file cannot be read, 2 it has problems. */
export async function checkConfig(deps: ConfigCommandDeps): Promise<number> {
  const loaded = await loadFile(deps)
  if (!loaded.ok) return loaded.reason
  deps.write(`${deps.file}: no problems (${summary(loaded.value)})\n`)
  return 0
}

/** Problems are said in the order of the file; the reason is the exit code. */
export async function loadFile(deps: ConfigCommandDeps) {
  const text = await deps.readFile(deps.file).catch(() => undefined)
  if (text === undefined) {
    deps.writeError(`${deps.file}: the file cannot be read\n`)
    return { ok: false, reason: 1 } as const
  }
  const loaded = loadConfig(text, deps.readSecret === undefined ? {} : { readSecret: deps.readSecret })
  if (loaded.ok) return loaded
  const lines = loaded.reason.map((problem) => formatProblem(deps.file, problem))
  deps.writeError(`${[...lines, count(lines.length, 'problem')].join('\n')}\n`)
  return { ok: false, reason: 2 } as const
}

function summary({ listen, issuers, callers, policies }: Config): string {
  const listeners = Object.entries(listen).flatMap(([name, listener]) => (listener === undefined ? [] : [name]))
  return [
    `listens for ${listeners.join(', ')}`,
    count(issuers.length, 'issuer'),
    count(callers.length, 'caller'),
    count(Object.keys(policies).length, 'policy', 'policies'),
  ].join('; ')
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}
