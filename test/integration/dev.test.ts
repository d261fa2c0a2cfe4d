// `postern dev` as somebody uses it who has just cloned the repository: started in an empty folder, its printed lines pasted
// into a shell, stopped by Ctrl-C. It uses fixed ports, so that its tests are one file and run one after the other.
import { readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { http1 } from '../support/http-client.ts'
import { isListening } from '../support/ports.ts'
import { posternProgram, runPostern } from '../support/postern.ts'
import { type RunningProcess, runToEnd, startProcess } from '../support/processes.ts'
import { expectNoSecrets, rememberSecret } from '../support/secrets.ts'
import { describeWith } from '../support/tools.ts'

let folder: string
let running: RunningProcess | undefined
/** The token of the first lines, revoked there. */
let revokedToken: string

const envoyPort = 10_000
const ports = [envoyPort, 10_001, 9192, 9193, 9194]

/** Design: under 2 s once installed. A machine that runs other tests beside this one takes several times that. */
const readyWithinMs = 30_000
/** Somebody else on this machine may be trying it out. */
const portsFreeWithinMs = 25_000

/** For machines without curl: what the printed lines use of it. */
const standInForCurl = `#!/usr/bin/env node
const args = process.argv.slice(2)
const headers = args.flatMap((arg, at) => (args[at - 1] === '-H' ? [arg.split(/: */, 2)] : []))
const answer = await fetch(args.at(-1), { headers })
console.log('HTTP/1.1 ' + answer.status + ' ' + answer.statusText + '\\r\\n\\r')
console.log(await answer.text())
`

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-dev-'))
  await mkdir(join(folder, 'bin'))
  await writeFile(join(folder, 'bin/package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'bin/curl'), standInForCurl)
  await chmod(join(folder, 'bin/curl'), 0o755)
})
afterEach(async () => {
  await running?.stop()
  running = undefined
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Started {
  readonly dev: RunningProcess
  readonly readyMs: number
}

async function startDev(env: Readonly<Record<string, string>> = {}): Promise<Started> {
  await eventually('free ports', async () => (await listening()).length === 0, portsFreeWithinMs)
  const before = performance.now()
  const dev = await startProcess({
    ...{ command: process.execPath, args: [posternProgram, 'dev'], cwd: folder, env },
    ...{ readyWhen: /Postern is ready.*denylisted\n/s, readyWithinMs },
  })
  running = dev
  return { dev, readyMs: Math.round(performance.now() - before) }
}

async function listening(): Promise<readonly number[]> {
  const answers = await Promise.all(ports.map(isListening))
  return ports.filter((_, index) => answers[index])
}

/** Linux tells; elsewhere the ports have to do. */
function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    )
  } catch {
    return []
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** A terminal sends the signal to all processes of the group. */
async function pressCtrlC(dev: RunningProcess): Promise<void> {
  const children = childrenOf(dev.pid)
  for (const child of children) process.kill(child, 'SIGINT')
  expect(await dev.stop({ signal: 'SIGINT', graceMs: 20_000 })).toEqual({ code: 0, signal: null })
  expect(children.filter(isAlive)).toEqual([])
  expect(await listening()).toEqual([])
}

/** The lines to paste, as they stand there. */
function printedLines(output: string): readonly string[] {
  const [, after = ''] = output.split(/Paste these lines .*:\n/)
  return after.split('\n').filter((line) => line.startsWith('  '))
}

/** Pastes lines into one shell and gives what each of them printed, and the token. */
async function paste(lines: readonly string[]): Promise<{ printed: readonly string[]; token: string }> {
  const mark = '=== next ==='
  const script = [...lines, 'printf %s "$TOKEN"'].flatMap((line) => [line, `echo; echo "${mark}"`]).join('\n')
  const path = `${process.env['PATH'] ?? ''}:${join(folder, 'bin')}`
  const { stdout } = await runToEnd({
    ...{ command: '/bin/sh', args: ['-s'], input: `${script}\n`, cwd: folder },
    ...{ env: { PATH: path }, withinMs: readyWithinMs },
  })
  const printed = stdout.split(`${mark}\n`).map((text) => text.trim())
  return { printed, token: rememberSecret(printed.at(-2) ?? '') }
}

const call = (token: string) => http1(envoyPort, { headers: { authorization: `Bearer ${token}` } })

describeWith('envoy', 'postern dev', () => {
  it('prints lines that let a token through and then, revoked, not', async () => {
    const { dev, readyMs } = await startDev()
    process.stdout.write(`postern dev: ready ${readyMs} ms after it was started in an empty folder\n`)
    const lines = printedLines(dev.stdout())
    expect(lines).toHaveLength(4)

    const { printed, token } = await paste(lines)
    const [issued, good, revision, refused] = printed
    expect(issued).toBe('')
    expect(good).toMatch(/^HTTP\/1\.1 200 /)
    expect(good).toContain('"x-auth-subject": "alice"')
    expect(revision).toMatch(/^\S+$/)
    expect(refused).toMatch(/^HTTP\/1\.1 403 /)
    expect(refused).toContain('Token is denylisted')
    revokedToken = token
    await pressCtrlC(dev)
  })

  it('keeps what it has for its owner, and prints no secret', async () => {
    const mode = async (name: string) => ((await stat(join(folder, name))).mode & 0o777).toString(8)
    expect(await mode('.postern')).toBe('700')
    expect(await mode('.postern/keys')).toBe('700')
    expect(await mode('.postern/api-key')).toBe('600')
    expect(await mode('.postern/postern.log')).toBe('600')
    rememberSecret((await readFile(join(folder, '.postern/api-key'), 'utf8')).trim())
    for (const name of readdirSync(join(folder, '.postern/keys'))) {
      if (name.endsWith('.pem')) rememberSecret(await readFile(join(folder, '.postern/keys', name), 'utf8'))
    }
    for (const name of ['postern.log', 'envoy.log', 'postern.yaml']) {
      expectNoSecrets(name, await readFile(join(folder, '.postern', name), 'utf8'))
    }
  })

  it('still refuses the token after a restart, and lets a new one through', async () => {
    const { dev, readyMs } = await startDev()
    process.stdout.write(`postern dev: ready ${readyMs} ms after it was started again\n`)
    expect((await call(revokedToken)).status).toBe(403)
    const { printed } = await paste(printedLines(dev.stdout()))
    expect(printed[1]).toMatch(/^HTTP\/1\.1 200 /)
    expect(printed[3]).toMatch(/^HTTP\/1\.1 403 /)
    expectNoSecrets('what it printed', dev.output())
    await pressCtrlC(dev)
  })

  it('stops everything when it is told to by SIGTERM alone', async () => {
    const { dev } = await startDev()
    const children = childrenOf(dev.pid)
    expect(await dev.stop({ graceMs: 20_000 })).toEqual({ code: 0, signal: null })
    expect(children.filter(isAlive)).toEqual([])
    expect(await listening()).toEqual([])
  })

  it('says which port is in use', async () => {
    await eventually('free ports', async () => (await listening()).length === 0, portsFreeWithinMs)
    const other = createServer().listen(9193, '127.0.0.1')
    const { code, stdout, stderr } = await runPostern(['dev'], { cwd: folder })
    other.close()
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toBe('postern: Port 9193 of 127.0.0.1 is in use; `postern dev` needs it\n')
  })

  it('leaves nothing behind when its start fails half-way', async () => {
    const file = join(folder, '.postern/postern.yaml')
    const good = await readFile(file, 'utf8')
    await writeFile(file, good.replace('grants: [api_key, subject], kinds: [access, api_key]', 'grants: [api_key]'))
    await eventually('free ports', async () => (await listening()).length === 0, portsFreeWithinMs)
    const { code, stderr } = await runPostern(['dev'], { cwd: folder })
    await writeFile(file, good)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^postern: .*caller_denied/)
    expect(await listening()).toEqual([])
  })

  it('leaves nothing behind when Envoy does not start, and says where to look', async () => {
    const envoy = join(folder, 'bin/some-envoy')
    const version = 'envoy  version: 0123456789abcdef/1.40.0/Clean/RELEASE/BoringSSL'
    await writeFile(envoy, `#!/bin/sh\n[ "$1" = --version ] && echo "${version}" && exit 0\necho "no luck"; exit 1\n`)
    await chmod(envoy, 0o755)
    await eventually('free ports', async () => (await listening()).length === 0, portsFreeWithinMs)
    const { code, stdout, stderr } = await runPostern(['dev'], { cwd: folder, env: { ENVOY_BIN: envoy } })
    expect({ code, stdout, stderr }).toEqual({
      ...{ code: 1, stdout: '', stderr: 'postern: Envoy did not start; see .postern/envoy.log\n' },
    })
    expect(await readFile(join(folder, '.postern/envoy.log'), 'utf8')).toBe('no luck\n')
    expect(await listening()).toEqual([])
  })

  it('does without an Envoy, says what is missing, and says so in what it prints', async () => {
    const { dev } = await startDev({ ENVOY_BIN: '/no/envoy' })
    expect(dev.stderr()).toMatch(/^Envoy is missing: ENVOY_BIN is \/no\/envoy/)
    expect(dev.stdout()).toMatch(/Envoy +not running/)
    expect(await listening()).toEqual(ports.filter((port) => port !== envoyPort))
    await pressCtrlC(dev)
  })
})
