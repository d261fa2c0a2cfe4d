// tools/start.mjs and tools/prerequisites.mjs as processes, beside a stand-in for the built program and one for Envoy.
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runToEnd, startProcess } from '../../support/processes.ts'

const tools = join(import.meta.dirname, '../../../tools')

/** Says how it was called, and ends as it is told: by the signal it gets, or with a code of its own. */
const standInForPostern = `
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { console.log('got ' + signal); process.exit(0) })
console.log(JSON.stringify({ args: process.argv.slice(2), envoy: process.env.ENVOY_BIN ?? null }))
if (process.argv.includes('--end')) process.exit(7)
setInterval(() => {}, 1000)
`
const standInForEnvoy = '#!/bin/sh\necho "envoy  version: 0123456789abcdef/1.40.0/Clean/RELEASE/BoringSSL"\n'

let folder: string
let envoy: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-start-'))
  cpSync(tools, join(folder, 'tools'), { recursive: true })
  mkdirSync(join(folder, 'dist'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'dist/main.js'), standInForPostern)
  envoy = join(folder, 'some-envoy')
  writeFileSync(envoy, standInForEnvoy)
  chmodSync(envoy, 0o755)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function start(args: readonly string[], envoyBin: string) {
  return {
    command: process.execPath,
    args: [join(folder, 'tools/start.mjs'), ...args],
    env: { ENVOY_BIN: envoyBin, POSTERN_INSTALL: '0' },
  }
}

describe('npm start', () => {
  it('runs `postern dev` with the Envoy it found, passes arguments on, and ends with its code', async () => {
    const result = await runToEnd(start(['--end', '--port', '1'], envoy))
    expect(result.code).toBe(7)
    expect(JSON.parse(result.stdout)).toEqual({ args: ['dev', '--end', '--port', '1'], envoy })
  })

  it('runs it without Envoy too, and says what is missing', async () => {
    const result = await runToEnd(start(['--end'], '/no/envoy'))
    expect(result.code).toBe(7)
    expect(result.stderr).toContain('Envoy is missing: ENVOY_BIN is /no/envoy')
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('passes %s on and waits for the end', async (signal) => {
    const running = await startProcess({ ...start([], envoy), readyWhen: /args/ })
    expect(await running.stop({ signal })).toEqual({ code: 0, signal: null })
    expect(running.stdout()).toContain(`got ${signal}`)
  })
})

describe('prerequisites', () => {
  const prerequisites = (env: Record<string, string | undefined>) =>
    runToEnd({
      command: process.execPath,
      args: [join(folder, 'tools/prerequisites.mjs')],
      env: { ENVOY_BIN: envoy, REDIS_SERVER_BIN: '/no/redis-server', POSTERN_INSTALL: '0', CI: undefined, ...env },
    })

  it('say what was found, what is missing, and which tests that skips', async () => {
    const { code, stderr } = await prerequisites({})
    expect(code).toBe(0)
    expect(stderr).toContain(`Envoy 1.40.0 (ENVOY_BIN): ${envoy}`)
    expect(stderr).toMatch(/Redis is missing: REDIS_SERVER_BIN is \/no\/redis-server.*Skipped without it: the tests/)
  })

  it('fail under CI when something is missing', async () => {
    expect(await prerequisites({ CI: 'true' })).toMatchObject({ code: 1 })
  })
})
