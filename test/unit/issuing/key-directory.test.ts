// The watched key directory: whole sets only, the last good one kept, changes told.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compactVerify, decodeProtectedHeader } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createKeyDirectory } from '../../../src/issuing/key-directory.ts'
import { buildKeySet } from '../../../src/issuing/key-set.ts'
import { createLocalSigner } from '../../../src/issuing/local-keys.ts'
import { SigningUnavailableError } from '../../../src/issuing/signer.ts'
import { createFakeClock } from '../../support/fakes/clock.ts'
import { createFakeLog } from '../../support/fakes/log.ts'
import { pairs, temporaryDirectory } from '../../support/issuing/keys.ts'

const states = (rows: Readonly<Record<string, string>>): string =>
  Object.entries(rows)
    .map(([kid, state]) => `${kid}: { state: ${state}, since: "2026-02-01T12:00:00Z" }\n`)
    .join('')

async function watch(directory: string, signs = true) {
  const log = createFakeLog()
  const clock = createFakeClock()
  let looks = 0
  const monotonicMs = (): number => {
    looks += 1
    return clock.monotonicMs()
  }
  const keys = createKeyDirectory({ directory, signs, pollMs: 5 }, { clock: { ...clock, monotonicMs }, log })
  onTestFinished(keys.close)
  const started = await keys.start()
  return { keys, log, clock, started, looks: () => looks }
}

/** Replaced as editors and `keys promote` do it: in one step. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.tmp`, text)
  await rename(`${path}.tmp`, path)
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { interval: 5, timeout: 3000 }).toBe(true)
}

describe('the key directory', () => {
  it('signs with the current key, with kid and typ in the header', async () => {
    const directory = await temporaryDirectory({ 'a.pem': pairs.p256().privatePem })
    const { keys, started } = await watch(directory)
    expect(started.ok).toBe(true)
    const token = await keys.signer()?.sign({ typ: 'JWT', payload: { sub: 'alice' } })
    expect(decodeProtectedHeader(token ?? '')).toEqual({ alg: 'ES256', kid: 'a', typ: 'JWT' })
    const { payload } = await compactVerify(token ?? '', pairs.p256().publicKey)
    expect(new TextDecoder().decode(payload)).toBe('{"sub":"alice"}')
  })

  it('takes a promotion as one step: signer, ring and JWKS change together, and listeners are told', async () => {
    const directory = await temporaryDirectory({
      'a.pem': pairs.p256().privatePem,
      'b.pem': pairs.otherP256().privatePem,
      'states.yaml': states({ a: 'current', b: 'next' }),
    })
    const { keys } = await watch(directory)
    const { generation } = keys.ring
    const told = new Promise<void>((resolve) => keys.onChange(resolve))
    await replace(join(directory, 'states.yaml'), states({ a: 'retired', b: 'current' }))
    await told
    expect(keys.signer()?.kid).toBe('b')
    expect(keys.jwks().keys.map(({ kid }) => kid)).toEqual(['b'])
    expect(keys.ring.find('a')).toMatchObject({ ok: true, value: { published: false } })
    expect(keys.ring.generation).not.toBe(generation)
    expect(keys.status()).toEqual({ currentKid: 'b', published: 1, retired: 1, mistake: undefined })
  })

  it('know nothing of a revoked key', async () => {
    const directory = await temporaryDirectory({
      'a.pem': pairs.p256().privatePem,
      'b.pem': pairs.otherP256().privatePem,
      'states.yaml': states({ a: 'revoked', b: 'current' }),
    })
    const { keys } = await watch(directory)
    expect(keys.ring.find('a')).toEqual({ ok: false, reason: 'key_unknown' })
    expect(keys.jwks().keys.map(({ kid }) => kid)).toEqual(['b'])
    expect(keys.status()).toEqual({ currentKid: 'b', published: 1, retired: 0, mistake: undefined })
  })

  it('are there as soon as somebody asks for another look', async () => {
    const directory = await temporaryDirectory({
      'a.pem': pairs.p256().privatePem,
      'b.pem': pairs.otherP256().privatePem,
      'states.yaml': states({ a: 'current', b: 'next' }),
    })
    const { keys } = await watch(directory)
    await replace(join(directory, 'states.yaml'), states({ a: 'revoked', b: 'current' }))
    await keys.reload()
    expect(keys.signer()?.kid).toBe('b')
  })

  it('keeps the last good set after a mistake, reports it once, and recovers by itself', async () => {
    const directory = await temporaryDirectory({ 'a.pem': pairs.p256().privatePem })
    const { keys, log } = await watch(directory)
    const { generation } = keys.ring
    await writeFile(join(directory, 'b.pem'), pairs.otherP256().privatePem)
    await until(() => keys.status().mistake !== undefined)
    expect(keys.signer()?.kid).toBe('a')
    expect(keys.ring.generation).toBe(generation)
    expect(log.lines.filter(({ level }) => level === 'error')).toEqual([
      {
        level: 'error',
        fields: {
          component: 'signing',
          detail: 'The key directory has several keys and no states.yaml',
          state: 'last good set kept',
        },
        message: 'Could not load own keys',
      },
    ])
    await replace(join(directory, 'states.yaml'), states({ a: 'previous', b: 'current' }))
    await until(() => keys.status().mistake === undefined)
    expect(keys.signer()?.kid).toBe('b')
  })

  it('survives the loss of the whole directory and says that it may have missed a change', async () => {
    const directory = await temporaryDirectory({ 'a.pem': pairs.p256().privatePem })
    const { keys, clock, looks } = await watch(directory)
    await rm(directory, { recursive: true })
    await until(() => keys.status().mistake !== undefined)
    const asOf = keys.ring.freshAsOfMs
    clock.advance(60_000)
    const before = looks()
    // The second look begins when the first has ended.
    await until(() => looks() >= before + 2)
    expect(keys.ring.freshAsOfMs).toBe(asOf)
    expect(keys.signer()?.kid).toBe('a')
    await mkdir(directory)
    await replace(join(directory, 'a.pem'), pairs.p256().privatePem)
    await until(() => keys.status().mistake === undefined)
    expect(keys.ring.freshAsOfMs).toBe(clock.monotonicMs())
  })

  it('has no keys, no signer and an empty JWKS when the start fails, and says why', async () => {
    const { keys, started } = await watch(join(await temporaryDirectory(), 'absent'))
    expect(started).toEqual({
      ok: false,
      reason: { message: 'The key directory cannot be read', cause: 'ENOENT' },
    })
    expect(keys.signer()).toBeUndefined()
    expect(keys.jwks()).toEqual({ keys: [] })
    expect(keys.ring.find('a')).toEqual({ ok: false, reason: 'keys_unavailable' })
  })

  it('tells an unknown key from keys that are not there', async () => {
    const { keys } = await watch(await temporaryDirectory({ 'a.pem': pairs.p256().privatePem }))
    expect(keys.ring.find('b')).toEqual({ ok: false, reason: 'key_unknown' })
  })

  it('refuses a current key without private part where it has to sign', async () => {
    const { started } = await watch(await temporaryDirectory({ 'a.pem': pairs.p256().publicPem }))
    expect(started).toEqual({ ok: false, reason: { kid: 'a', message: 'The current key has no private part' } })
  })

  it('does with public keys where it only verifies', async () => {
    const { keys, started } = await watch(await temporaryDirectory({ 'a.pem': pairs.p256().publicPem }), false)
    expect(started.ok).toBe(true)
    expect(keys.signer()).toBeUndefined()
    expect(keys.ring.find('a').ok).toBe(true)
  })

  it.each([
    ['a file name that is no key id', { 'my key.pem': 'x' }, 'A key file has a name that is no key id'],
    ['a file that is too large', { 'a.pem': 'x'.repeat(65 * 1024) }, 'A file of the key directory is too large'],
    [
      'far too many files',
      Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`k${index}.pem`, ''])),
      'The key directory has too many keys',
    ],
  ])('refuses %s', async (_name, files, message) => {
    const { started } = await watch(await temporaryDirectory(files))
    expect(started).toMatchObject({ ok: false, reason: { message } })
  })

  it('never logs the text of a key', async () => {
    const { log } = await watch(await temporaryDirectory({ 'a.pem': `${pairs.rsa().privatePem.slice(0, 400)}` }))
    expect(log.lines).not.toHaveLength(0)
    expect(JSON.stringify(log.lines)).not.toContain(pairs.rsa().privatePem.slice(60, 90))
  })
})

describe('a local signer', () => {
  it('rejects with SigningUnavailableError when its key cannot sign', async () => {
    const set = buildKeySet({ pems: new Map([['a', pairs.p256().privatePem]]), states: undefined })
    const signer = set.ok ? createLocalSigner({ ...set.value.current, algorithm: 'RS256' }) : undefined
    await expect(signer?.sign({ typ: 'JWT', payload: {} })).rejects.toThrow(SigningUnavailableError)
  })
})
