// Policies and routes from the words of the configuration file to what a Check reads.
import { describe, expect, it } from 'vitest'
import { compileCondition, compilePolicies } from '../../../src/check/compile.ts'
import type { CompiledPolicy, Policies } from '../../../src/check/policy.ts'
import { policies as policiesSchema, routes as routesSchema } from '../../../src/config/policies.ts'
import { inputOf, type RequestPlan } from '../../support/check-request.ts'
import { commons, FOREIGN_ISSUER, ISSUER } from '../../support/tokens.ts'

const issuers = new Map([
  ['commons', commons()],
  ['other', commons({ name: 'other', issuer: FOREIGN_ISSUER })],
])

interface Sections {
  readonly policies?: Readonly<Record<string, unknown>>
  readonly routes?: readonly unknown[]
  readonly default_policy?: string
  readonly expose_reasons?: boolean
}

function compile({ policies = {}, routes = [], default_policy, expose_reasons = false }: Sections): Policies {
  const config = {
    policies: policiesSchema.parse(policies),
    routes: routesSchema.parse(routes),
    default_policy,
    expose_reasons,
  }
  return compilePolicies(config, issuers)
}

const plain = { issuers: ['commons'], audiences: ['gen3'] }

function policy(changes: Readonly<Record<string, unknown>> = {}, sections: Sections = {}): CompiledPolicy {
  const compiled = compile({ ...sections, policies: { ...sections.policies, subject: { ...plain, ...changes } } })
  const selected = compiled.select(inputOf({ policy: 'subject' }))
  if (!selected.ok) throw new Error(selected.reason)
  return selected.value
}

describe('a policy', () => {
  it('that says little is the strictest', () => {
    expect(policy()).toEqual({
      name: 'subject',
      issuers: new Map([[ISSUER, issuers.get('commons')]]),
      audiences: new Set(['gen3']),
      taskTypes: new Set(),
      denyTaskTokens: false,
      scopes: [],
      claims: [],
      credentials: new Set(['bearer']),
      cookie: undefined,
      credentialCookies: new Set(['access_token']),
      forwardCredential: true,
      anonymous: false,
      preflight: false,
      whenUnknown: { kind: 'deny' },
      leash: undefined,
      denyStatus: new Map(),
      exposeReasons: false,
    })
  })

  it('takes over what the file says', () => {
    const compiled = policy({
      issuers: ['commons', 'other'],
      task_types: ['WORKFLOW'],
      deny_task_tokens: true,
      scopes: ['user'],
      credentials: ['bearer', 'cookie'],
      cookie: { name: 'session', csrf_cookie: 'x', csrf_header: 'x-x', origins: ['https://portal.example'] },
      forward_credential: false,
      anonymous: 'allow',
      preflight: 'allow',
      stream_leash: { token_expiry: true, at_most: '15m' },
      deny_status: { audience_mismatch: 403, token_revoked: 401 },
      expose_reasons: true,
    })
    expect([...compiled.issuers.keys()]).toEqual([ISSUER, FOREIGN_ISSUER])
    expect(compiled).toMatchObject({
      taskTypes: new Set(['WORKFLOW']),
      denyTaskTokens: true,
      scopes: ['user'],
      credentials: new Set(['bearer', 'cookie']),
      cookie: {
        name: 'session',
        csrfCookie: 'x',
        csrfHeader: 'x-x',
        origins: new Set(['https://portal.example']),
      },
      credentialCookies: new Set(['access_token', 'session']),
      forwardCredential: false,
      anonymous: true,
      preflight: true,
      leash: { tokenExpiry: true, atMostMs: 900_000 },
      denyStatus: new Map([
        ['audience_mismatch', 403],
        ['token_revoked', 401],
      ]),
      exposeReasons: true,
    })
  })

  it('has a cookie only where it takes one for a credential', () => {
    expect(policy({ cookie: { name: 'session' } }).cookie).toBeUndefined()
    expect(policy({ credentials: ['cookie'], cookie: {} }).cookie).toMatchObject({ name: 'access_token' })
  })

  it('knows the credential cookies of all others, to keep them from its upstream', () => {
    const others = { browser: { ...plain, credentials: ['cookie'], cookie: { name: 'session' } } }
    expect(policy({}, { policies: others }).credentialCookies).toEqual(new Set(['access_token', 'session']))
  })

  it('exposes reasons as it says itself, else as the whole file says', () => {
    expect(policy({}, { expose_reasons: true }).exposeReasons).toBe(true)
    expect(policy({ expose_reasons: false }, { expose_reasons: true }).exposeReasons).toBe(false)
    expect(policy({ expose_reasons: true }, { expose_reasons: false }).exposeReasons).toBe(true)
  })

  it('that names an issuer which is not there is an error, not a policy without one', () => {
    expect(() => policy({ issuers: ['missing'] })).toThrow('missing')
  })
})

describe('a claim condition', () => {
  const holds = (condition: Parameters<typeof compileCondition>[0], value: unknown) =>
    compileCondition(condition).holds(value)

  it('names its claim by a path', () => {
    expect(compileCondition({ claim: 'context.user.is_admin', equals: true }).path).toEqual([
      'context',
      'user',
      'is_admin',
    ])
  })

  it.each([
    [true, true, true],
    [true, 'true', false],
    [true, 1, false],
    [true, undefined, false],
    [true, [true], false],
    [false, undefined, false],
    [false, null, false],
    [0, false, false],
    [0, '', false],
    ['a', 'a', true],
    ['a', 'A', false],
    ['a', ['a'], false],
    [1, 1, true],
    [1, '1', false],
  ])('equals %j: %j → %j', (expected, value, result) => {
    expect(holds({ claim: 'c', equals: expected }, value)).toBe(result)
  })

  it.each([
    ['a', true],
    [2, true],
    ['2', false],
    ['c', false],
    [undefined, false],
    [['a'], false],
  ])('one_of a, 2: %j → %j', (value, result) => {
    expect(holds({ claim: 'c', one_of: ['a', 2] }, value)).toBe(result)
  })

  it.each([
    [['a', 'b'], true],
    [['b'], false],
    [[], false],
    ['a', false],
    ['xay', false],
    [{ a: 1 }, false],
    [undefined, false],
    [null, false],
    [[['a']], false],
  ])('contains a: %j → %j', (value, result) => {
    expect(holds({ claim: 'c', contains: 'a' }, value)).toBe(result)
  })
})

describe('routes', () => {
  const names = { default: plain, routed: plain }

  function select(route: Readonly<Record<string, unknown>>, plan: RequestPlan): string {
    const compiled = compile({ policies: names, routes: [{ policy: 'routed', ...route }], default_policy: 'default' })
    const selected = compiled.select(inputOf(plan))
    return selected.ok ? selected.value.name : selected.reason
  }

  it.each([
    ['/a', '/a', 'routed'],
    ['/a', '/a?x', 'routed'],
    ['/a', '/a/', 'default'],
    ['/a', '/a/b', 'default'],
    ['/a', '/A', 'default'],
    ['/', '/', 'routed'],
    ['/', '/a', 'default'],
  ])('path %s, request %s → %s', (path, target, name) => {
    expect(select({ path }, { path: target })).toBe(name)
  })

  it.each([
    ['/a', '/a', 'routed'],
    ['/a', '/a/', 'routed'],
    ['/a', '/a/b', 'routed'],
    ['/a', '/ab', 'default'],
    ['/a', '/a.b', 'default'],
    ['/a/', '/a/b', 'routed'],
    ['/a/', '/a', 'default'],
    ['/', '/anything', 'routed'],
    ['/a', '/b/a', 'default'],
  ])('path_prefix %s, request %s → %s', (prefix, target, name) => {
    expect(select({ path_prefix: prefix }, { path: target })).toBe(name)
  })

  it.each([
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/caf%C3%A9', '/caf%c3%a9'],
    ['/%61bc', '/abc'],
    ['/abc', '/%61bc'],
    ['/users/%40me', '/users/@me'],
    ['/users/@me', '/users/%40me'],
    ['/a[1]', '/a%5b1%5d'],
  ])('a route path is what it means, not how it is spelt: %s matches %s', (path, target) => {
    expect(select({ path }, { path: target })).toBe('routed')
    expect(select({ path_prefix: path }, { path: `${target}/x` })).toBe('routed')
  })

  it('with a path that no request can have cannot be compiled: it would be a rule that never applies', () => {
    for (const path of ['/a"b', '/caf\u00e9', '/a/../b', '//a']) {
      const route = { hosts: [], methods: [], policy: 'routed' }
      const sections = { policies: policiesSchema.parse(names), default_policy: 'default', expose_reasons: false }
      expect(() => compilePolicies({ ...sections, routes: [{ ...route, path }] }, issuers)).toThrow(path)
      expect(() => compilePolicies({ ...sections, routes: [{ ...route, path_prefix: path }] }, issuers)).toThrow(path)
    }
  })

  it.each([
    ['commons.example', 'commons.example', 'routed'],
    ['commons.example', 'Commons.Example.:443', 'routed'],
    ['commons.example', 'a.commons.example', 'default'],
    ['commons.example', 'commons.example.evil.example', 'default'],
    ['commons.example', '', 'default'],
    ['*.commons.example', 'a.commons.example', 'routed'],
    ['*.commons.example', 'a.b.commons.example:8443', 'routed'],
    ['*.commons.example', 'commons.example', 'default'],
    ['*.commons.example', '.commons.example', 'default'],
    ['*.commons.example', 'evilcommons.example', 'default'],
    ['[::1]', '[::1]:8080', 'routed'],
  ])('host %s, request to %s → %s', (host, asked, name) => {
    expect(select({ hosts: [host] }, { host: asked })).toBe(name)
  })

  it('match any of their hosts and methods, all of them where they name none', () => {
    const route = { hosts: ['a.example', 'b.example'], methods: ['GET', 'POST'] }
    expect(select(route, { host: 'b.example', method: 'POST' })).toBe('routed')
    expect(select(route, { host: 'c.example', method: 'POST' })).toBe('default')
    expect(select(route, { host: 'a.example', method: 'DELETE' })).toBe('default')
    expect(select({}, { host: 'anything', method: 'ANYTHING' })).toBe('routed')
  })

  it('and a default that name a policy which is not there are errors', () => {
    expect(() => compile({ policies: names, routes: [{ policy: 'missing' }] })).toThrow('missing')
    expect(() => compile({ policies: names, default_policy: 'missing' })).toThrow('missing')
  })
})
