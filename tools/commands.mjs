// Running other programs from the tools, synchronously, and finding them on PATH. Decides nothing about them.
// Plain JavaScript: the finders run on a bare Node, before anything is installed or compiled.
// @ts-check
import { spawnSync } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * @typedef {{ ok: boolean, status: number | null, stdout: string, stderr: string }} Outcome
 * @typedef {{ env?: NodeJS.ProcessEnv, show?: boolean, timeoutMs?: number }} RunOptions
 * @typedef {(command: string, args: readonly string[], options?: RunOptions) => Outcome} Run
 */

/** A program that is asked for its version answers at once; one that hangs is as good as broken. */
export const versionTimeoutMs = 10_000

/**
 * Never throws: a program that cannot be started is an outcome like any other. With `show` its output goes to the
 * terminal (long work), on stderr, so that the caller's stdout stays its own.
 * @type {Run}
 */
export function run(command, args, { env = process.env, show = false, timeoutMs } = {}) {
  const result = spawnSync(command, [...args], {
    env,
    encoding: 'utf8',
    stdio: show ? ['ignore', 2, 2] : ['ignore', 'pipe', 'pipe'],
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs, killSignal: 'SIGKILL' }),
  })
  return {
    ok: result.status === 0 && result.error === undefined,
    status: result.status,
    stdout: result.stdout ?? '',
    stderr: result.stderr ?? '',
  }
}

/**
 * Every executable file of one of these names on PATH, in the order a shell would find them, names in the given order.
 * @param {readonly string[]} names
 * @param {NodeJS.ProcessEnv} env
 * @returns {string[]}
 */
export function onPath(names, env) {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).filter(isExecutableFile)
}

/**
 * @param {string} path
 * @returns {boolean}
 */
export function isExecutableFile(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/**
 * Is `version` at least `minimum`? Both are dotted numbers; what is absent counts as 0.
 * @param {string} version
 * @param {string} minimum
 */
export function isAtLeast(version, minimum) {
  const have = version.split('.').map(Number)
  const need = minimum.split('.').map(Number)
  const at = need.findIndex((part, index) => (have[index] ?? 0) !== part)
  return at === -1 || (have[at] ?? 0) > (need[at] ?? 0)
}
