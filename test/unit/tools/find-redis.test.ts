// Where a Redis server is looked for, in which order, and when the system's package manager is asked for one.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findRedis } from '../../../tools/find-redis.mjs'
import { createFakeMachine, type FakeMachine } from '../../support/fake-machine.ts'

const redis7 = 'Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae4d7c971a948f0\n'
const valkey8 = 'Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=0\n'

let machine: FakeMachine
beforeEach(() => {
  machine = createFakeMachine()
})
afterEach(() => machine.close())

function find(options: { allowInstall?: boolean; isRoot?: boolean; env?: NodeJS.ProcessEnv } = {}) {
  const { env = {}, isRoot = true, allowInstall = false } = options
  return findRedis({ run: machine.run, env: { ...machine.env, ...env }, isRoot, allowInstall })
}

describe('findRedis', () => {
  it('prefers REDIS_SERVER_BIN to PATH', () => {
    machine.install('redis-server', () => redis7)
    machine.install('other-redis', () => redis7.replace('7.0.15', '7.4.0'))
    const path = '/opt/other-redis'
    expect(find({ env: { REDIS_SERVER_BIN: path } })).toEqual({ path, source: 'REDIS_SERVER_BIN', version: '7.4.0' })
  })

  it('reports a broken REDIS_SERVER_BIN instead of using another', () => {
    machine.install('redis-server', () => redis7)
    expect(find({ env: { REDIS_SERVER_BIN: '/opt/broken' }, allowInstall: true })).toEqual({
      missing: 'REDIS_SERVER_BIN is /opt/broken, which is no Redis or Valkey server of version 6.2 or later',
    })
  })

  it('finds redis-server on PATH', () => {
    const path = machine.install('redis-server', () => redis7)
    expect(find()).toEqual({ path, source: 'PATH', version: '7.0.15' })
  })

  it('takes Valkey where there is no Redis', () => {
    const path = machine.install('valkey-server', () => valkey8)
    expect(find()).toEqual({ path, source: 'PATH', version: '8.1.1' })
  })

  it('passes over a server that is too old', () => {
    machine.install('redis-server', () => redis7.replace('7.0.15', '6.0.16'))
    const path = machine.install('valkey-server', () => valkey8)
    expect(find()).toMatchObject({ path })
  })

  it.each([
    { isRoot: true, command: 'apt-get install redis-server' },
    { isRoot: false, command: 'sudo apt-get install redis-server' },
  ])('says the command to install one, and does not run it (root: $isRoot)', ({ isRoot, command }) => {
    machine.install('apt-get', () => '')
    expect(find({ isRoot })).toEqual({
      missing: `no Redis or Valkey server of version 6.2 or later on PATH: install one with \`${command}\`, or set REDIS_SERVER_BIN`,
    })
    expect(machine.calls).toEqual([])
  })

  it('says so where no package manager is known', () => {
    expect(find({ allowInstall: true })).toEqual({
      missing: 'no Redis or Valkey server of version 6.2 or later on PATH: install one, or set REDIS_SERVER_BIN',
    })
  })

  describe('allowed to install', () => {
    const apt = (line: string) => line.replace(/ -o DPkg::Lock::Timeout=\d+/, '')
    const quietly = 'env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1'

    /** `env` runs the rest of its line; a package is there once it was installed. */
    function installable(packages: Record<string, string>, works: (line: string) => boolean = () => true) {
      machine.install('env', ({ args }) => {
        const line = apt(args.slice(2).join(' '))
        const program = packages[args.at(-1) ?? '']
        if (!works(line)) return undefined
        if (program) machine.install(program, () => (program.startsWith('valkey') ? valkey8 : redis7))
        return ''
      })
    }

    it('asks apt for redis-server, as root, without questions', () => {
      machine.install('apt-get', () => '')
      installable({ 'redis-server': 'redis-server' })
      expect(find({ allowInstall: true })).toMatchObject({ source: 'package manager', version: '7.0.15' })
      expect(machine.calls[0]).toContain(`${quietly} apt-get install --yes`)
    })

    it('refreshes the package lists when no package is known, and tries again', () => {
      machine.install('apt-get', () => '')
      let refreshed = false
      installable({ 'redis-server': 'redis-server' }, (line) => {
        refreshed ||= line === 'apt-get update'
        return refreshed
      })
      expect(find({ allowInstall: true })).toMatchObject({ source: 'package manager' })
      expect(machine.calls.map(apt).filter((line) => line.startsWith('env'))).toEqual([
        `${quietly} apt-get install --yes --no-install-recommends redis-server`,
        `${quietly} apt-get install --yes --no-install-recommends valkey-server`,
        `${quietly} apt-get update`,
        `${quietly} apt-get install --yes --no-install-recommends redis-server`,
      ])
    })

    it.each([
      { manager: 'apk', line: `${quietly} apk add --no-cache valkey` },
      { manager: 'dnf', line: `${quietly} dnf install --assumeyes valkey` },
    ])('asks $manager, for Valkey where Redis cannot be had', ({ manager, line }) => {
      machine.install(manager, () => '')
      installable({ valkey: 'valkey-server' }, (called) => called.endsWith('valkey'))
      expect(find({ allowInstall: true })).toMatchObject({ source: 'package manager', version: '8.1.1' })
      expect(machine.calls).toContain(line)
    })

    it('goes through sudo where that asks no password', () => {
      machine.install('apt-get', () => '')
      machine.install('sudo', ({ line, args }) => {
        if (line !== 'sudo -n true') machine.install('redis-server', () => redis7)
        return args.at(-1) === 'true' || args.at(-1) === 'redis-server' ? '' : undefined
      })
      expect(find({ allowInstall: true, isRoot: false })).toMatchObject({ source: 'package manager' })
    })

    it('runs nothing where sudo would ask for a password', () => {
      machine.install('apt-get', () => '')
      machine.install('sudo', () => undefined)
      expect(find({ allowInstall: true, isRoot: false })).toHaveProperty('missing')
      expect(machine.calls).toEqual(['sudo -n true'])
    })

    it('says what is missing when the installation failed', () => {
      machine.install('apt-get', () => '')
      machine.install('env', () => undefined)
      expect(find({ allowInstall: true })).toEqual({
        missing: expect.stringContaining('install one with `apt-get install redis-server` (that was tried, in vain)'),
      })
    })
  })
})
