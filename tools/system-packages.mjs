// Asks the system's own package manager for a package, where that is allowed and possible without a question, and says
// otherwise which command a person would type. Which package holds what is the finders' knowledge.
// @ts-check
import { onPath, versionTimeoutMs } from './commands.mjs'

/**
 * @typedef {import('./commands.mjs').Run} Run
 * @typedef {'apt-get' | 'apk' | 'dnf'} ManagerName
 * @typedef {{ env: NodeJS.ProcessEnv, isRoot: boolean, run: Run }} Machine
 * @typedef {Readonly<Record<ManagerName, readonly string[]>>} Packages names of one thing per manager, preferred first
 */

/** Another apt may be at work on a fresh machine: wait for its lock instead of failing. */
const waitForLock = ['-o', 'DPkg::Lock::Timeout=120']

/** @type {Readonly<Record<ManagerName, { verb: string, flags: readonly string[], refresh?: readonly string[] }>>} */
const managers = {
  'apt-get': {
    verb: 'install',
    flags: ['--yes', '--no-install-recommends', ...waitForLock],
    refresh: ['update', ...waitForLock],
  },
  apk: { verb: 'add', flags: ['--no-cache'] },
  dnf: { verb: 'install', flags: ['--assumeyes'] },
}

/** @type {readonly ManagerName[]} */
const managerNames = ['apt-get', 'apk', 'dnf']

/** No questions, and (RUNLEVEL, where init scripts are used) no service started: tests start their own servers. */
const quietly = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1']

/**
 * May packages be installed without asking? For CI, for root (a container, mostly), and for whoever says so;
 * POSTERN_INSTALL=0 forbids it to all of them.
 * @param {NodeJS.ProcessEnv} env
 * @param {boolean} isRoot
 */
export function mayInstall(env = process.env, isRoot = isRootUser()) {
  const said = env['POSTERN_INSTALL']
  return said === undefined || said === '' ? env['CI'] === 'true' || isRoot : said === '1'
}

export function isRootUser() {
  return process.getuid?.() === 0
}

/**
 * The command a person would type, where this machine's package manager is a known one.
 * @param {Packages} packages
 * @param {Pick<Machine, 'env' | 'isRoot'>} machine
 * @returns {string | undefined}
 */
export function installCommand(packages, { env, isRoot }) {
  const name = managerOf(env)
  return name && `${isRoot ? '' : 'sudo '}${name} ${managers[name].verb} ${packages[name][0]}`
}

/**
 * Installs the first of the packages that can be had: as the machine knows them, then once more after refreshing the
 * package lists, which are absent on a fresh machine and stale on an old one.
 * @param {Packages} packages
 * @param {Machine} machine
 * @returns {boolean}
 */
export function installPackage(packages, { env, isRoot, run }) {
  const name = managerOf(env)
  if (!name) return false
  const asRoot = isRoot ? [] : ['sudo', '-n']
  if (!isRoot && !run('sudo', ['-n', 'true'], { env, timeoutMs: versionTimeoutMs }).ok) return false

  const { verb, flags, refresh } = managers[name]
  /** @param {readonly string[]} args */
  const call = (args) => {
    const [command = name, ...rest] = [...asRoot, ...quietly, name, ...args]
    return run(command, rest, { env, show: true }).ok
  }
  const installOne = () => packages[name].some((wanted) => call([verb, ...flags, wanted]))
  return installOne() || (refresh !== undefined && call(refresh) && installOne())
}

/** @param {NodeJS.ProcessEnv} env */
function managerOf(env) {
  return managerNames.find((name) => onPath([name], env).length > 0)
}
