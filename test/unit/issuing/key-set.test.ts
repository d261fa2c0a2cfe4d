// Which key directories make a usable set of own keys, and which mistake is reported for the others.
import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { buildKeySet } from '../../../src/issuing/key-set.ts'
import { formatStates, parseStates } from '../../../src/issuing/key-states.ts'
import { toJwks, toVerificationKey } from '../../../src/issuing/local-keys.ts'
import { pairs } from '../../support/issuing/keys.ts'

const since = '2026-02-01T12:00:00Z'

function files(pems: Readonly<Record<string, string>>, states?: string) {
  return { pems: new Map(Object.entries(pems)), states }
}

function build(pems: Readonly<Record<string, string>>, states?: string) {
  const set = buildKeySet(files(pems, states))
  if (!set.ok) throw new Error(set.reason.message)
  return set.value
}

describe('a key directory', () => {
  it('with one key and no states.yaml has that key as the current one', () => {
    const set = build({ only: pairs.p256().privatePem })
    expect(set.current).toMatchObject({ kid: 'only', standing: { state: 'current', since: undefined } })
  })

  it.each([
    ['RS256', pairs.rsa],
    ['ES256', pairs.p256],
    ['EdDSA', pairs.ed25519],
  ])('gives a key the one algorithm of its type: %s', (algorithm, pair) => {
    expect(build({ k: pair().privatePem }).current.algorithm).toBe(algorithm)
  })

  it('publishes next, current and previous keys, and never a retired one', () => {
    const pem = pairs.p256().privatePem
    const states = ['next', 'current', 'previous', 'retired'].map(
      (state) => `${state}: { state: ${state}, since: "${since}" }`,
    )
    const set = build({ next: pem, current: pem, previous: pem, retired: pairs.p256().publicPem }, states.join('\n'))
    expect(toJwks(set).keys.map(({ kid }) => kid)).toEqual(['next', 'current', 'previous'])
    expect([...set.keys.values()].map(toVerificationKey).map(({ kid, published }) => [kid, published])).toEqual([
      ['next', true],
      ['current', true],
      ['previous', true],
      ['retired', false],
    ])
  })

  it('may have several previous keys', () => {
    const pem = pairs.p256().privatePem
    const set = build(
      { a: pem, b: pem, c: pem },
      'a: { state: current, since: "2026-02-01T12:00:00Z" }\nb: { state: previous, since: "2026-02-01T12:00:00Z" }\nc: { state: previous, since: "2026-02-01T12:00:00Z" }',
    )
    expect(toJwks(set).keys).toHaveLength(3)
  })

  it('keeps a key file that states.yaml does not name out of use', () => {
    const pem = pairs.p256().privatePem
    const set = build({ a: pem, stray: pem }, `a: { state: current, since: "${since}" }`)
    expect([...set.keys.keys()]).toEqual(['a'])
    expect(set.unlisted).toEqual(['stray'])
  })

  it('shows the public parts only', () => {
    const set = build(
      { r: pairs.rsa().privatePem, e: pairs.p256().privatePem, o: pairs.ed25519().privatePem },
      ['r: { state: current', 'e: { state: next', 'o: { state: previous']
        .map((row) => `${row}, since: "${since}" }`)
        .join('\n'),
    )
    const members = toJwks(set).keys
    expect(members.map(({ alg, use, kty }) => [alg, use, kty])).toEqual([
      ['RS256', 'sig', 'RSA'],
      ['ES256', 'sig', 'EC'],
      ['EdDSA', 'sig', 'OKP'],
    ])
    const names = new Set(members.flatMap((member) => Object.keys(member)))
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(names).not.toContain(secret)
  })
})

describe('a key directory is refused as a whole', () => {
  const good = pairs.p256().privatePem
  const encrypted = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
  }).privateKey
  const current = `a: { state: current, since: "${since}" }`
  const shape = 'states.yaml must map key ids to { state, since }'
  const one = 'states.yaml must name exactly one current key'
  const pem = 'The file is no unencrypted PEM key'
  const kind = 'The key is neither RSA of 2048 to 4096 bits, nor P-256, nor Ed25519'

  it.each<[string, Record<string, string>, string | undefined, { message: string; kid?: string }]>([
    ['no key at all', {}, undefined, { message: 'The key directory has no key' }],
    [
      'several keys and no states.yaml',
      { a: good, b: good },
      undefined,
      { message: 'The key directory has several keys and no states.yaml' },
    ],
    ['states.yaml that is no YAML', { a: good }, 'a: [', { message: shape }],
    ['states.yaml that is a list', { a: good }, '- a', { message: shape }],
    ['an unknown state', { a: good }, `a: { state: active, since: "${since}" }`, { message: shape }],
    [
      'an unknown word beside the state',
      { a: good },
      `a: { state: current, since: "${since}", until: x }`,
      { message: shape },
    ],
    ['a state without since', { a: good }, 'a: { state: current }', { message: shape }],
    ['since that is no RFC 3339 time', { a: good }, 'a: { state: current, since: yesterday }', { message: shape }],
    ['a key id that is no file name', { a: good }, `"../a": { state: current, since: "${since}" }`, { message: shape }],
    ['an alias in states.yaml', { a: good }, `a: &x { state: current, since: "${since}" }\nb: *x`, { message: shape }],
    ['an empty states.yaml', { a: good }, '{}', { message: one }],
    ['no current key', { a: good }, `a: { state: next, since: "${since}" }`, { message: one }],
    [
      'two current keys',
      { a: good, b: good },
      `${current}\nb: { state: current, since: "${since}" }`,
      { message: one },
    ],
    [
      'a state for a file that is not there',
      { a: good },
      `${current}\nb: { state: retired, since: "${since}" }`,
      { kid: 'b', message: 'states.yaml names a key that has no file' },
    ],
    ['a file that is no key', { a: 'hello' }, undefined, { kid: 'a', message: pem }],
    ['an encrypted key', { a: encrypted }, undefined, { kid: 'a', message: pem }],
    ['a weak RSA key', { a: pairs.weakRsa().privatePem }, undefined, { kid: 'a', message: kind }],
    ['a curve that is not ours', { a: pairs.p384().privatePem }, undefined, { kid: 'a', message: kind }],
    ['a key that cannot sign at all', { a: pairs.x25519().privatePem }, undefined, { kid: 'a', message: kind }],
  ])('for %s', (_name, pems, states, mistake) => {
    expect(buildKeySet(files(pems, states))).toEqual({ ok: false, reason: mistake })
  })
})

describe('states.yaml', () => {
  it('is read back as it was written, whatever the key ids look like', () => {
    const standings = new Map([
      ['1e3', { state: 'current', since: 1_770_000_000_123 }],
      ['true', { state: 'next', since: 1_770_000_000_000 }],
      ['2026-02-01-0a', { state: 'retired', since: 1_770_000_000_000 }],
    ] as const)
    expect(parseStates(formatStates(standings))).toEqual({ ok: true, value: standings })
  })

  it('may give since with any offset and without quotes', () => {
    const parsed = parseStates('a: { state: current, since: 2026-02-01T13:00:00+01:00 }')
    expect(parsed).toEqual({ ok: true, value: new Map([['a', { state: 'current', since: Date.parse(since) }]]) })
  })
})
