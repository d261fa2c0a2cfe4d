// Loading as a whole: defaults, secrets, the dev option, and that one mistake is reported as one problem, wherever it is.
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatProblem, loadConfig, type Problem, secretReader } from '../../../src/config/load.ts'
import { loaded, readAnySecret, validNames, validText, validValue } from './fixtures.ts'

const REDIS = 'denylist: { store: redis, redis: { url: "redis://127.0.0.1", password: { env: PASSWORD } } }\n'

function problems(text: string, options = {}): readonly Problem[] {
  const result = loadConfig(text, { readSecret: readAnySecret, ...options })
  return result.ok ? [] : result.reason
}

test.each(validNames)('%s.yaml loads without problems', (name) => {
  expect(problems(validText(name))).toEqual([])
})

describe('defaults', () => {
  const config = loaded(validText('minimal'))

  test('the denylist is the embedded store with the limits of the design', () => {
    expect(config.denylist).toEqual({
      store: 'level',
      mode: 'mirror',
      max_staleness: 5_000,
      max_entries: 2_000_000,
      epoch_retention: 35 * 86_400_000,
      grace: 3_600_000,
      recovery_window: 30_000,
      level: { path: './data' },
    })
  })

  test('an issuer has the algorithms, types and limits of the design', () => {
    expect(config.issuers[0]).toEqual({
      name: 'commons',
      issuer: 'https://commons.example/user',
      keys: { url: 'https://commons.example/jwks.json', refresh: 300_000, cool_down: 30_000, max_stale: 86_400_000 },
      algorithms: ['RS256', 'ES256', 'EdDSA'],
      types: ['jwt', 'at+jwt'],
      purpose: { claim: 'pur', access: 'access' },
      token_id: 'jti',
      leeway: 30_000,
      max_lifetime: 30 * 86_400_000,
    })
  })

  test('a policy takes bearer tokens and is closed in every way', () => {
    expect(config.policies['default']).toEqual({
      issuers: ['commons'],
      audiences: ['gen3'],
      task_types: [],
      deny_task_tokens: false,
      scopes: [],
      claims: [],
      credentials: ['bearer'],
      forward_credential: true,
      anonymous: 'deny',
      preflight: 'deny',
      when_unknown: 'deny',
      deny_status: {},
      shadow: false,
    })
  })

  test('a caller may do nothing', () => {
    const [caller] = loaded(validText('everything')).callers.filter(({ name }) => name === 'operator')
    expect(caller).toMatchObject({
      issue: { grants: [], kinds: [], task_types: [], subjects: [], scopes: [], user: false, purposes: [] },
      revoke_all: [],
      enroll: [],
      exchange: [],
    })
  })

  test('sockets are for the group at Check and for the owner alone at the token service', () => {
    const text = `${validText('minimal')}signing: { issuer: a, keys: { directory: k }, access: { audience: b } }
callers: [{ name: c, identity: { local: true } }]
`
    const both = text
      .replace('listen:', 'listen:\n  tokens: { address: "unix:t.sock" }')
      .replace('issuers:', 'issuers:\n  - { name: own, issuer: a, keys: { own: true } }')
    expect(loaded(both).listen).toMatchObject({
      check: { address: { kind: 'unix', path: '/run/postern/check.sock', mode: 0o660 } },
      tokens: { address: { kind: 'unix', path: 't.sock', mode: 0o600 } },
    })
  })
})

test('the configuration is frozen all the way down', () => {
  const { listen, policies, issuers } = loaded(validText('everything'))
  expect([listen, policies, policies['default'], issuers, issuers[0]?.keys].every(Object.isFrozen)).toBe(true)
})

describe('secrets', () => {
  const text = validText('minimal') + REDIS
  const password = (env: Record<string, string>) => {
    const result = loadConfig(text, { readSecret: secretReader({ env, readFile: () => '' }) })
    return result.ok ? result.value.denylist.redis?.password : undefined
  }

  test('are read from the environment', () => {
    expect(password({ PASSWORD: 'hunter2' })?.reveal()).toBe('hunter2')
  })

  test('are read from files without the line break at the end', () => {
    const file = text.replace('{ env: PASSWORD }', '{ file: /run/secrets/redis }')
    const readFile = (path: string) => (path === '/run/secrets/redis' ? 'hunter2\n' : '')
    const result = loadConfig(file, { readSecret: secretReader({ env: {}, readFile }) })
    expect(result.ok && result.value.denylist.redis?.password?.reveal()).toBe('hunter2')
  })

  test('are never printed', () => {
    const secret = password({ PASSWORD: 'hunter2' })
    const printed = [`${secret}`, JSON.stringify({ secret }), inspect({ secret }, { showHidden: true, depth: 9 })]
    expect(printed.join()).not.toContain('hunter2')
    expect(printed[1]).toBe('{"secret":"[redacted]"}')
  })

  test('are a problem when they are empty', () => {
    const result = loadConfig(text, { readSecret: () => '\n' })
    expect(result.ok || result.reason.map(({ path }) => path)).toEqual(['denylist.redis.password'])
  })

  test('are a problem when their file cannot be read', () => {
    const readFile = () => {
      throw new Error('ENOENT')
    }
    const reader = secretReader({ env: {}, readFile })
    expect(reader({ file: '/run/secrets/redis' })).toBeUndefined()
  })

  test('are not needed to check a file, and throw when they are used all the same', () => {
    const result = loadConfig(text)
    expect(result.ok && (() => result.value.denylist.redis?.password?.reveal())).toThrow('before it was read')
  })
})

describe('dev', () => {
  const onLoopback = validText('everything')
    .replace(/tokens: .*/, 'tokens: { address: "127.0.0.1:9192" }')
    .replace(/callers:[\s\S]*providers/, 'callers:\n  - { name: me, identity: { local: true } }\nproviders')

  test('allows a plaintext token service and local callers on loopback', () => {
    expect(problems(onLoopback, { dev: true })).toEqual([])
  })

  test('does not allow them on other addresses', () => {
    const open = onLoopback.replace('127.0.0.1:9192', '0.0.0.0:9192')
    expect(problems(open, { dev: true }).map(({ path }) => path)).toEqual([
      'listen.tokens',
      'callers[0].identity.local',
    ])
  })

  test('is needed for that', () => {
    expect(problems(onLoopback).map(({ path }) => path)).toEqual(['listen.tokens', 'callers[0].identity.local'])
  })
})

describe('one mistake is one problem, without false consequences', () => {
  type Path = readonly (string | number)[]

  function pathsOf(value: unknown, path: Path = []): Path[] {
    const children = typeof value === 'object' && value !== null ? Object.entries(value) : []
    const below = children.flatMap(([key, child]) =>
      pathsOf(child, [...path, Array.isArray(value) ? Number(key) : key]),
    )
    return path.length === 0 ? below : [path, ...below]
  }

  function changed(
    value: unknown,
    [key, ...rest]: Path,
    change: (parent: object, key: string | number) => void,
  ): unknown {
    const copy: unknown = Array.isArray(value) ? [...value] : { ...Object(value) }
    if (key === undefined || typeof copy !== 'object' || copy === null) return copy
    if (rest.length === 0) change(copy, key)
    else Reflect.set(copy, key, changed(Reflect.get(copy, key), rest, change))
    return copy
  }

  /** Of another type than what is there. */
  function wrong(value: unknown): unknown {
    return typeof value === 'object' && !Array.isArray(value) ? [[]] : { 'never/ a key': [[]] }
  }

  const everything = validValue('everything')
  const paths = pathsOf(everything)
  const text = (path: Path) =>
    path
      .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
      .join('')
      .slice(1)

  test.each(paths.map((path) => ({ name: text(path), path })))('a wrong value of $name', ({ path, name }) => {
    const faulty = JSON.stringify(
      changed(everything, path, (parent, key) => Reflect.set(parent, key, wrong(Reflect.get(parent, key)))),
    )
    const found = problems(faulty).map((problem) => problem.path)
    expect(found).not.toEqual([])
    // a union says that none of its alternatives is meant, and a list that stands for a text is not looked into
    expect(found.filter((at) => !at.startsWith(name) && !name.startsWith(at))).toEqual([])
  })

  const keys = paths.filter((path) => typeof path.at(-1) === 'string')

  test.each(keys.map((path) => ({ name: text(path), path })))('a misspelt key $name', ({ path, name }) => {
    const misspelt = `${String(path.at(-1))}x`
    const faulty = JSON.stringify(
      changed(everything, path, (parent, key) => {
        Reflect.set(parent, misspelt, Reflect.get(parent, key))
        Reflect.deleteProperty(parent, key)
      }),
    )
    const names = /^(policies|signing\.tasks\.types)\.[^.]+$/.test(name)
    const found = problems(faulty).map((problem) => problem.path)
    if (!names) expect(found).not.toEqual([])
    const parent = text(path.slice(0, -1))
    const expected = new Set([name, `${name}x`, parent])
    if (!names) expect(found.filter((at) => !expected.has(at))).toEqual([])
  })
})

describe('any text whatsoever', () => {
  const key = fc.constantFrom(
    'listen',
    'check',
    'issuers',
    'keys',
    'policies',
    'default',
    'routes',
    '__proto__',
    '*a',
    '&a',
    '!x',
    '? ',
    '',
  )
  const value: fc.Arbitrary<string> = fc.oneof(
    fc.constantFrom('{', '}', '[', ']', '"', ': ', '\n  ', '- ', '|', '<<: *a', '0x1', '~', 'true', '1e999'),
    fc.string(),
    fc.string({ unit: 'binary' }),
  )
  const yamlLike = fc.array(fc.tuple(key, value)).map((pairs) => pairs.map(([k, v]) => `${k}: ${v}`).join('\n'))
  const mutated = fc
    .tuple(fc.constantFrom(...validNames), fc.nat(), fc.nat(8), value)
    .map(([name, at, length, inserted]) => {
      const source = validText(name)
      const start = at % source.length
      return source.slice(0, start) + inserted + source.slice(start + length)
    })
  const structured = fc.json().map((json) => `listen: ${json}\npolicies: ${json}\nissuers: [${json}]\nsigning: ${json}`)

  test('never throws, and every problem has a line, a column and a one-line message', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), yamlLike, mutated, structured), (text) => {
        for (const problem of problems(text)) {
          expect(problem.line).toBeGreaterThanOrEqual(1)
          expect(problem.column).toBeGreaterThanOrEqual(1)
          expect(formatProblem('f', problem)).toMatch(/^f:\d+:\d+ [^\n]+$/)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('is refused at once when it is larger than 1 MiB', () => {
    expect(problems(`# ${'x'.repeat(1024 * 1024)}`)).toEqual([
      { path: '', line: 1, column: 1, message: 'the file is larger than 1 MiB' },
    ])
  })

  test('may be nested as deeply as it likes', () => {
    expect(problems(`a: ${'['.repeat(100_000)}`)).toHaveLength(1)
    expect(problems(`a: ${'{a: '.repeat(10_000)}`).length).toBeGreaterThan(0)
  })
})
