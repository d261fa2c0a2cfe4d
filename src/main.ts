#!/usr/bin/env node
// argv → cli. The only file that touches `process`.
import { join } from 'node:path'
import { runCli } from './cli/cli.ts'
import { hideTokens } from './cli/hide-tokens.ts'
import type { Runtime } from './cli/runtime.ts'

function stopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        // A second signal means now.
        process.once(signal, () => process.exit(1))
        resolve()
      })
    }
  })
}

const runtime: Runtime = {
  env: process.env,
  stdin: process.stdin,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(hideTokens(text)),
  log: process.stdout,
  stopped,
  packageRoot: join(import.meta.dirname, '..'),
}

/** For output that is still on its way. What holds the process longer is a peer that does not hang up. */
const LINGER_MS = 500

process.exitCode = await runCli(process.argv.slice(2), runtime)
setTimeout(() => process.exit(), LINGER_MS).unref()
