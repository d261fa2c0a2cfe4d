// `npm start`: gets an Envoy if it can and runs `postern dev` with it. Arguments after `--` go to `postern dev`.
// @ts-check
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { findEnvoy } from './find-envoy.mjs'
import { mayInstall } from './system-packages.mjs'

/** @param {string} line */
const log = (line) => console.error(`start: ${line}`)

const found = findEnvoy({ allowDownload: true, allowInstall: mayInstall(), log })
if ('missing' in found)
  log(`Envoy is missing: ${found.missing}. Starting without it: nothing will listen for HTTP requests`)

const main = join(import.meta.dirname, '../dist/main.js')
const child = spawn(process.execPath, [main, 'dev', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: 'path' in found ? { ...process.env, ENVOY_BIN: found.path } : process.env,
})

// A terminal sends Ctrl-C to the whole process group, the child included: passing it on would make it a second one.
// The handler is there all the same, so that this process waits for the child to end in order.
process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal))

// npm does not always pass a signal on before it ends. Whoever is left without a parent has nobody to stop it.
const parent = process.ppid
const PARENT_CHECK_MS = 500
setInterval(() => process.ppid === parent || child.kill('SIGTERM'), PARENT_CHECK_MS).unref()

child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code ?? 1)
  // Ends as the child did, so that whoever started this sees the same.
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
})
