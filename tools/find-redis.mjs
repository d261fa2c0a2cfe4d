// Finds redis-server (or valkey-server): REDIS_SERVER_BIN, PATH, else the system's package manager when that is allowed.
// Starts nothing. Says, where nothing can be had, which command would install it.
// @ts-check
import { isAtLeast, onPath, run as runCommand, versionTimeoutMs } from './commands.mjs'

/**
 * @typedef {import('./commands.mjs').Run} Run
 * @typedef {{ path: string, source: 'REDIS_SERVER_BIN' | 'PATH' | 'package manager', version: string }} Found
 * @typedef {{ missing: string }} Missing
 * @typedef {{ command: string, packages: readonly string[], install: readonly string[], refresh?: readonly string[] }} Manager
 */

/** The denylist's scripts need what Redis 6.2 brought; see the store's own start-up check. */
const oldestUsable = '6.2'

/** Server programs, preferred first. */
const programs = ['redis-server', 'valkey-server']

/** @type {readonly Manager[]} */
const managers = [
  {
    command: 'apt-get',
    packages: ['redis-server', 'valkey-server'],
    // Another apt may be at work on a fresh machine: wait for its lock instead of failing.
    install: ['install', '--yes', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120'],
    refresh: ['update', '-o', 'DPkg::Lock::Timeout=120'],
  },
  { command: 'apk', packages: ['redis', 'valkey'], install: ['add', '--no-cache'] },
  { command: 'dnf', packages: ['redis', 'valkey'], install: ['install', '--assumeyes'] },
]

/**
 * @param {{
 *   allowInstall?: boolean,
 *   log?: (line: string) => void,
 *   env?: NodeJS.ProcessEnv,
 *   isRoot?: boolean,
 *   run?: Run,
 * }} [options]
 * @returns {Found | Missing}
 */
export function findRedis({
  allowInstall = false,
  log = () => {},
  env = process.env,
  isRoot = process.getuid?.() === 0,
  run = runCommand,
} = {}) {
  const named = env['REDIS_SERVER_BIN']
  if (named) {
    // Whoever names a program wants that one: falling back to another would hide the mistake.
    const version = usableVersion(run, named, env)
    return version === undefined
      ? { missing: `REDIS_SERVER_BIN is ${named}, which is not a Redis or Valkey server of ${oldestUsable} or later` }
      : { path: named, source: 'REDIS_SERVER_BIN', version }
  }
  const onThePath = search(run, env)
  if (onThePath) return { ...onThePath, source: 'PATH' }

  const manager = managers.find(({ command }) => onPath([command], env).length > 0)
  if (!manager) return { missing: 'redis-server is not on PATH; install Redis 6.2 or later, or set REDIS_SERVER_BIN' }
  const command = [manager.command, ...manager.install.slice(0, 1), manager.packages[0]].join(' ')
  const hint = `redis-server is not on PATH; install it with: ${isRoot ? '' : 'sudo '}${command}`
  if (!allowInstall) return { missing: hint }

  const prefix = isRoot ? [] : ['sudo', '-n']
  if (!isRoot && !run('sudo', ['-n', 'true'], { env, timeoutMs: versionTimeoutMs }).ok) return { missing: hint }
  log(`redis-server is not on PATH: installing it with ${manager.command}`)
  install(run, manager, prefix, env)
  const installed = search(run, env)
  return installed ? { ...installed, source: 'package manager' } : { missing: `${hint} (that was tried, and failed)` }
}

/**
 * Tries the packages as the machine knows them, then once more after refreshing the package lists: they are absent on
 * a fresh machine and stale on an old one.
 * @param {Run} run
 * @param {Manager} manager
 * @param {readonly string[]} prefix
 * @param {NodeJS.ProcessEnv} env
 */
function install(run, manager, prefix, env) {
  /** @param {readonly string[]} args */
  const call = (args) => {
    const [command = '', ...rest] = [...prefix, ...quietly, manager.command, ...args]
    return run(command, rest, { env, show: true }).ok
  }
  const anyPackage = () => manager.packages.some((name) => call([...manager.install, name]))
  if (anyPackage()) return
  if (manager.refresh && call(manager.refresh)) anyPackage()
}

/** No questions, and (RUNLEVEL, where init scripts are used) no service started: tests start their own server. */
const quietly = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1']

/**
 * @param {Run} run
 * @param {NodeJS.ProcessEnv} env
 */
function search(run, env) {
  for (const path of onPath(programs, env)) {
    const version = usableVersion(run, path, env)
    if (version !== undefined) return { path, version }
  }
  return undefined
}

/**
 * @param {Run} run
 * @param {string} path
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
function usableVersion(run, path, env) {
  const { ok, stdout } = run(path, ['--version'], { env, timeoutMs: versionTimeoutMs })
  const version = ok ? /^(?:Redis|Valkey) server v=(\d+(?:\.\d+)*)/m.exec(stdout)?.[1] : undefined
  return version !== undefined && isAtLeast(version, oldestUsable) ? version : undefined
}
