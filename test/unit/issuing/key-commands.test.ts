// The life of a key by the commands of an operator, and what each of them refuses.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createKeyCommands, type KeyCommandError, type KeyRow } from '../../../src/issuing/key-commands.ts'
import { writeKeyFile } from '../../../src/issuing/key-files.ts'
import type { Result } from '../../../src/result.ts'
import { createFakeClock } from '../../support/fakes/clock.ts'
import { pairs, temporaryDirectory } from '../../support/issuing/keys.ts'

const PUBLISHED_MS = 300_000
const LONGEST_MS = 3_600_000

async function commandsIn(files: Readonly<Record<string, string>> = {}) {
  const directory = await temporaryDirectory(files)
  const clock = createFakeClock()
  return { directory, clock, commands: createKeyCommands(directory, { clock }) }
}

const twoKeys = {
  'a.pem': pairs.p256().privatePem,
  'b.pem': pairs.otherP256().privatePem,
  'states.yaml':
    'a: { state: current, since: "2026-02-01T00:00:00Z" }\nb: { state: next, since: "2026-02-02T02:00:00Z" }\n',
}

function states(result: Result<readonly KeyRow[], KeyCommandError>): Record<string, string> {
  if (!result.ok) throw new Error(result.reason.error)
  return Object.fromEntries(result.value.map(({ kid, state }) => [kid, state]))
}

function kids(result: Result<readonly KeyRow[], KeyCommandError>): readonly string[] {
  return Object.keys(states(result))
}

describe('keys new', () => {
  it('makes the first key the current one, in files that only the owner can read', async () => {
    const parent = await temporaryDirectory()
    const directory = join(parent, 'keys')
    const commands = createKeyCommands(directory, { clock: createFakeClock() })
    const created = await commands.create()
    expect(created).toMatchObject({ ok: true, value: [{ state: 'current', algorithm: 'RS256', canSign: true }] })
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    for (const name of await readdir(directory)) {
      expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600)
    }
  })

  it('makes every further key next, and writes down what was only implied', async () => {
    const { commands, directory } = await commandsIn({ 'a.pem': pairs.p256().privatePem })
    const created = await commands.create({ algorithm: 'ES256' })
    expect(Object.values(states(created))).toEqual(['current', 'next'])
    expect(await readFile(join(directory, 'states.yaml'), 'utf8')).toContain('since: 2026-02-02T02:40:00.000Z')
  })

  it.each(['RS256', 'ES256', 'EdDSA'] as const)('makes keys for %s', async (algorithm) => {
    const { commands } = await commandsIn()
    expect(await commands.create({ algorithm })).toMatchObject({ ok: true, value: [{ algorithm, canSign: true }] })
  })

  it('names a key by its day and a random part', async () => {
    const { commands } = await commandsIn()
    expect(kids(await commands.create({ algorithm: 'EdDSA' }))).toEqual([
      expect.stringMatching(/^2026-02-02-[0-9a-f]{8}$/),
    ])
  })

  it('leaves nothing behind but keys and states', async () => {
    const { commands, directory } = await commandsIn({ 'a.pem': pairs.p256().privatePem })
    await commands.create({ algorithm: 'EdDSA' })
    expect((await readdir(directory)).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('does not touch a directory with a mistake in it', async () => {
    const { commands, directory } = await commandsIn({ ...twoKeys, 'states.yaml': 'a: {}' })
    expect(await commands.create()).toEqual({
      ok: false,
      reason: {
        error: 'directory_unusable',
        mistake: { message: 'states.yaml must map key ids to { state, since }' },
      },
    })
    expect(await readdir(directory)).toHaveLength(3)
  })

  it('says that the directory cannot be written when a file is in its place', async () => {
    const parent = await temporaryDirectory({ file: '' })
    const commands = createKeyCommands(join(parent, 'file', 'keys'), { clock: createFakeClock() })
    expect(await commands.create({ algorithm: 'EdDSA' })).toMatchObject({
      ok: false,
      reason: { error: 'directory_unusable' },
    })
  })
})

describe('keys, when ensured,', () => {
  it('are made once', async () => {
    const { commands } = await commandsIn()
    const first = await commands.ensure()
    expect(kids(await commands.ensure())).toEqual(kids(first))
  })
})

describe('keys list', () => {
  it('shows state, age, algorithm and whether the key can sign', async () => {
    const { commands } = await commandsIn({ ...twoKeys, 'b.pem': pairs.otherP256().publicPem })
    expect(await commands.list()).toEqual({
      ok: true,
      value: [
        { kid: 'a', state: 'current', algorithm: 'ES256', since: Date.parse('2026-02-01T00:00:00Z'), canSign: true },
        { kid: 'b', state: 'next', algorithm: 'ES256', since: Date.parse('2026-02-02T02:00:00Z'), canSign: false },
      ],
    })
  })

  it.each([
    ['an empty directory', {}],
    ['a directory without keys', { 'readme.txt': 'x' }],
  ])('reports %s', async (_name, files) => {
    const { commands } = await commandsIn(files)
    expect(await commands.list()).toMatchObject({
      reason: { error: 'directory_unusable', mistake: { message: 'The key directory has no key' } },
    })
  })
})

describe('keys promote', () => {
  it('makes next current and current previous', async () => {
    const { commands } = await commandsIn(twoKeys)
    const promoted = await commands.promote({ publishedForMs: PUBLISHED_MS })
    expect(states(promoted)).toEqual({ a: 'previous', b: 'current' })
  })

  it('refuses until the key has been published long enough, and says from when on', async () => {
    const { commands, clock } = await commandsIn()
    await commands.create({ algorithm: 'EdDSA' })
    await commands.create({ algorithm: 'EdDSA' })
    const published = clock.wallMs()
    clock.advance(PUBLISHED_MS - 1)
    expect(await commands.promote({ publishedForMs: PUBLISHED_MS })).toEqual({
      ok: false,
      reason: { error: 'published_too_short', allowedFrom: published + PUBLISHED_MS },
    })
    clock.advance(1)
    expect((await commands.promote({ publishedForMs: PUBLISHED_MS })).ok).toBe(true)
  })

  it('obeys force', async () => {
    const { commands } = await commandsIn({ 'a.pem': pairs.p256().privatePem })
    await commands.create({ algorithm: 'EdDSA' })
    expect((await commands.promote({ publishedForMs: PUBLISHED_MS, force: true })).ok).toBe(true)
  })

  it.each([
    ['a key that is not there', { kid: 'c' }, 'key_unknown'],
    ['the current key', { kid: 'a' }, 'key_not_next'],
  ])('refuses %s', async (_name, options, error) => {
    const { commands } = await commandsIn(twoKeys)
    expect(await commands.promote({ ...options, publishedForMs: 0 })).toEqual({ ok: false, reason: { error } })
  })

  it('refuses where no key is next', async () => {
    const { commands } = await commandsIn({ 'a.pem': pairs.p256().privatePem })
    expect(await commands.promote({ publishedForMs: 0 })).toEqual({ ok: false, reason: { error: 'key_not_next' } })
  })

  it('wants to know which key is meant where several are next', async () => {
    const third = `${twoKeys['states.yaml']}c: { state: next, since: "2026-02-02T02:00:00Z" }\n`
    const { commands } = await commandsIn({ ...twoKeys, 'c.pem': pairs.rsa().privatePem, 'states.yaml': third })
    expect(await commands.promote({ publishedForMs: 0 })).toEqual({ ok: false, reason: { error: 'key_ambiguous' } })
    expect(states(await commands.promote({ kid: 'c', publishedForMs: 0 }))).toMatchObject({ b: 'next', c: 'current' })
  })

  it('refuses a key that could not sign, even by force', async () => {
    const { commands } = await commandsIn({ ...twoKeys, 'b.pem': pairs.otherP256().publicPem })
    expect(await commands.promote({ publishedForMs: 0, force: true })).toEqual({
      ok: false,
      reason: { error: 'key_cannot_sign' },
    })
  })
})

describe('keys retire', () => {
  it('refuses a previous key while its tokens may be valid, and says until when', async () => {
    const { commands, clock } = await commandsIn(twoKeys)
    await commands.promote({ publishedForMs: 0 })
    const promotedAt = clock.wallMs()
    clock.advance(LONGEST_MS - 1)
    expect(await commands.retire({ kid: 'a', longestTokenMs: LONGEST_MS })).toEqual({
      ok: false,
      reason: { error: 'tokens_may_exist', allowedFrom: promotedAt + LONGEST_MS },
    })
    clock.advance(1)
    expect(states(await commands.retire({ kid: 'a', longestTokenMs: LONGEST_MS }))).toEqual({
      a: 'retired',
      b: 'current',
    })
  })

  it('obeys force', async () => {
    const { commands } = await commandsIn(twoKeys)
    await commands.promote({ publishedForMs: 0 })
    expect((await commands.retire({ kid: 'a', longestTokenMs: LONGEST_MS, force: true })).ok).toBe(true)
  })

  it('takes a key that never signed at once', async () => {
    const { commands } = await commandsIn(twoKeys)
    expect(states(await commands.retire({ kid: 'b', longestTokenMs: LONGEST_MS }))).toEqual({
      a: 'current',
      b: 'retired',
    })
  })

  it('never takes the current key, not even by force', async () => {
    const { commands } = await commandsIn(twoKeys)
    expect(await commands.retire({ kid: 'a', longestTokenMs: 0, force: true })).toEqual({
      ok: false,
      reason: { error: 'key_in_use' },
    })
  })

  it('refuses what is not there, and what is retired already', async () => {
    const { commands } = await commandsIn(twoKeys)
    expect(await commands.retire({ kid: 'c', longestTokenMs: 0 })).toMatchObject({ reason: { error: 'key_unknown' } })
    await commands.retire({ kid: 'b', longestTokenMs: 0 })
    expect(await commands.retire({ kid: 'b', longestTokenMs: 0 })).toMatchObject({
      reason: { error: 'already_retired' },
    })
  })
})

describe('keys revoke', () => {
  const previous = { ...twoKeys, 'states.yaml': twoKeys['states.yaml'].replace('state: next', 'state: previous') }
  const third = (state: string): Readonly<Record<string, string>> => ({
    ...twoKeys,
    'c.pem': pairs.rsa().privatePem,
    'states.yaml': `${twoKeys['states.yaml']}c: { state: ${state}, since: "2026-02-02T02:00:00Z" }\n`,
  })

  it.each<[string, Readonly<Record<string, string>>, object, Record<string, string>]>([
    ['a current key: the next one takes over, however young it is', twoKeys, {}, { a: 'revoked', b: 'current' }],
    ['a current key: a previous one takes over where none is next', previous, {}, { a: 'revoked', b: 'current' }],
    ['a current key: next goes before previous', third('previous'), {}, { a: 'revoked', b: 'current', c: 'previous' }],
    [
      'a current key: the one that was named takes over',
      third('next'),
      { promote: 'c' },
      { a: 'revoked', b: 'next', c: 'current' },
    ],
  ])('%s', async (_name, files, options, expected) => {
    const { commands } = await commandsIn(files)
    expect(states(await commands.revoke({ kid: 'a', ...options }))).toEqual(expected)
  })

  it('takes a key that is not current alone', async () => {
    const { commands } = await commandsIn(twoKeys)
    expect(states(await commands.revoke({ kid: 'b' }))).toEqual({ a: 'current', b: 'revoked' })
  })

  it('can be repeated', async () => {
    const { commands } = await commandsIn(twoKeys)
    await commands.revoke({ kid: 'a' })
    expect(states(await commands.revoke({ kid: 'a' }))).toEqual({ a: 'revoked', b: 'current' })
  })

  it.each<[string, Readonly<Record<string, string>>, { kid: string; promote?: string }, string]>([
    ['the only signing key', { 'a.pem': pairs.p256().privatePem }, { kid: 'a' }, 'only_signing_key'],
    [
      'the only key that can sign',
      { ...twoKeys, 'b.pem': pairs.otherP256().publicPem },
      { kid: 'a' },
      'only_signing_key',
    ],
    ['the current key where several could take over', third('next'), { kid: 'a' }, 'successor_ambiguous'],
    ['a key in favour of itself', twoKeys, { kid: 'a', promote: 'a' }, 'successor_unfit'],
    ['a key in favour of a retired one', third('retired'), { kid: 'a', promote: 'c' }, 'successor_unfit'],
    ['a key in favour of one that is not there', twoKeys, { kid: 'a', promote: 'x' }, 'key_unknown'],
    ['a key that is not there', twoKeys, { kid: 'x' }, 'key_unknown'],
  ])('refuses %s, and changes nothing', async (_name, files, options, error) => {
    const { commands } = await commandsIn(files)
    const before = await commands.list()
    expect(await commands.revoke(options)).toEqual({ ok: false, reason: { error } })
    expect(await commands.list()).toEqual(before)
  })

  it('leaves a key that no other command takes up again', async () => {
    const { commands } = await commandsIn(twoKeys)
    await commands.revoke({ kid: 'b' })
    const refused = async (outcome: Promise<Result<unknown, KeyCommandError>>) => {
      const { ok, ...rest } = await outcome
      return ok ? 'ok' : rest
    }
    expect(await refused(commands.promote({ kid: 'b', publishedForMs: 0, force: true }))).toEqual({
      reason: { error: 'key_not_next' },
    })
    expect(await refused(commands.retire({ kid: 'b', longestTokenMs: 0, force: true }))).toEqual({
      reason: { error: 'already_revoked' },
    })
  })
})

describe('a key file', () => {
  it('is never overwritten', async () => {
    const { directory } = await commandsIn()
    await writeFile(join(directory, 'a.pem'), 'first')
    await expect(writeKeyFile(directory, 'a', 'second')).rejects.toThrow('EEXIST')
    expect(await readFile(join(directory, 'a.pem'), 'utf8')).toBe('first')
  })
})
