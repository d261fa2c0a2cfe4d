// Finds redis-server (or valkey-server): REDIS_SERVER_BIN, PATH, else the system's package manager when that is allowed.
// Starts nothing. Says, where none can be had, how to install one.
// @ts-check
import { isAtLeast, onPath, run as runCommand, versionTimeoutMs } from './commands.mjs'
import { installCommand, installPackage, isRootUser } from './system-packages.mjs'

/**
 * @typedef {import('./commands.mjs').Run} Run
 * @typedef {{ path: string, source: 'REDIS_SERVER_BIN' | 'PATH' | 'package manager', version: string }} FoundRedis
 * @typedef {{ missing: string }} Missing
 */

/** What the denylist needs; its start-up check refuses older servers too. */
const oldestUsable = '6.2'

/** Server programs, preferred first. */
const programs = ['redis-server', 'valkey-server']

/** @type {import('./system-packages.mjs').Packages} */
const packages = {
  'apt-get': ['redis-server', 'valkey-server'],
  apk: ['redis', 'valkey'],
  dnf: ['redis', 'valkey'],
}

/**
 * @param {{
 *   allowInstall?: boolean,
 *   log?: (line: string) => void,
 *   env?: NodeJS.ProcessEnv,
 *   isRoot?: boolean,
 *   run?: Run,
 * }} [options]
 * @returns {FoundRedis | Missing}
 */
export function findRedis({
  allowInstall = false,
  log = () => {},
  env = process.env,
  isRoot = isRootUser(),
  run = runCommand,
} = {}) {
  const named = env['REDIS_SERVER_BIN']
  if (named) {
    // Whoever names a program wants that one: falling back to another would hide the mistake.
    const version = usableVersion(named, run, env)
    return version === undefined
      ? {
          missing: `REDIS_SERVER_BIN is ${named}, which is no Redis or Valkey server of version ${oldestUsable} or later`,
        }
      : { path: named, source: 'REDIS_SERVER_BIN', version }
  }
  const found = search(run, env)
  if (found) return { ...found, source: 'PATH' }

  const command = installCommand(packages, { env, isRoot })
  const tried = allowInstall && command !== undefined
  if (tried) {
    log(`no Redis server on PATH; installing one with the system's package manager (POSTERN_INSTALL=0 forbids that)`)
    installPackage(packages, { env, isRoot, run })
    const installed = search(run, env)
    if (installed) return { ...installed, source: 'package manager' }
  }
  const how = command ? `install one with \`${command}\`${tried ? ' (that was tried, in vain)' : ''}` : 'install one'
  return {
    missing: `no Redis or Valkey server of version ${oldestUsable} or later on PATH: ${how}, or set REDIS_SERVER_BIN`,
  }
}

/**
 * @param {Run} run
 * @param {NodeJS.ProcessEnv} env
 */
function search(run, env) {
  for (const path of onPath(programs, env)) {
    const version = usableVersion(path, run, env)
    if (version !== undefined) return { path, version }
  }
  return undefined
}

/**
 * @param {string} path
 * @param {Run} run
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
function usableVersion(path, run, env) {
  const { ok, stdout } = run(path, ['--version'], { env, timeoutMs: versionTimeoutMs })
  const version = ok ? /^(?:Redis|Valkey) server v=(\d+(?:\.\d+)*)/m.exec(stdout)?.[1] : undefined
  return version !== undefined && isAtLeast(version, oldestUsable) ? version : undefined
}
