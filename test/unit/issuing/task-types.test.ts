// Who may have which task type for how long, and with which scopes.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTaskTypes, type TaskApplicant } from '../../../src/issuing/task-types.ts'
import { signingConfig } from '../../support/issuing/world.ts'

function taskTypes(tasks: object) {
  const types = { FOO: { max_ttl: '4000s' }, NOT_IN_CONFIG: {}, SHORT: { max_ttl: '10m' } }
  return createTaskTypes(signingConfig({ tasks: { types, ...tasks } }))
}

const applicant: TaskApplicant = {
  scopes: ['fence', 'openid', 'user'],
  payload: { sub: '42', context: { user: { is_admin: true, projects: ['a', 'b'] } } },
}

function permits(rules: readonly object[], lifetimeSeconds = 60, name = 'FOO', who = applicant): boolean {
  const types = taskTypes({ rules })
  const type = types.find(name)
  return type !== undefined && types.permits(type, who, lifetimeSeconds)
}

describe('task types', () => {
  it.each<[string, number, number]>([
    ['FOO', 3600, 4000],
    ['NOT_IN_CONFIG', 3600, 3600],
    ['SHORT', 600, 600],
  ])(
    '%s: the default is the smaller of both maxima, the maximum its own or that of access tokens',
    (name, def, max) => {
      expect(taskTypes({}).find(name)).toEqual({ name, defaultMs: def * 1000, maxMs: max * 1000 })
    },
  )

  it.each(['foo', 'FOO ', 'constructor', '__proto__', 'toString', ''])('%j is none of them', (name) => {
    expect(taskTypes({}).find(name)).toBeUndefined()
  })
})

describe('a rule', () => {
  it('is needed: without one nobody has anything', () => {
    expect(permits([])).toBe(false)
  })

  it.each<[string, object, boolean]>([
    ['for the type', { types: ['FOO'] }, true],
    ['for several types', { types: ['BAR', 'FOO'] }, true],
    ['for another type', { types: ['SHORT'] }, false],
    ['with scopes that the key has', { types: ['FOO'], when: { scopes: ['user'] } }, true],
    ['with a scope that the key has not', { types: ['FOO'], when: { scopes: ['user', 'admin'] } }, false],
    [
      'with a claim that is so',
      { types: ['FOO'], when: { claims: [{ claim: 'context.user.is_admin', equals: true }] } },
      true,
    ],
    [
      'with a claim that is not so',
      { types: ['FOO'], when: { claims: [{ claim: 'sub', one_of: ['7', '8'] }] } },
      false,
    ],
    [
      'with a list that contains it',
      { types: ['FOO'], when: { claims: [{ claim: 'context.user.projects', contains: 'b' }] } },
      true,
    ],
    [
      'with a claim that is not there',
      { types: ['FOO'], when: { claims: [{ claim: 'context.x.y', equals: true }] } },
      false,
    ],
  ])('%s', (_name, rule, allowed) => {
    expect(permits([rule])).toBe(allowed)
  })

  it('limits the lifetime, inclusively', () => {
    const rules = [{ types: ['FOO'], max_ttl: '100s' }]
    expect([99, 100, 101].map((seconds) => permits(rules, seconds))).toEqual([true, true, false])
  })

  it('without a limit has that of the type', () => {
    const rules = [{ types: ['FOO', 'NOT_IN_CONFIG'] }]
    expect([4000, 4001].map((seconds) => permits(rules, seconds))).toEqual([true, false])
    expect([3600, 3601].map((seconds) => permits(rules, seconds, 'NOT_IN_CONFIG'))).toEqual([true, false])
  })

  it('counts if it is the first that matches, also when a later one would allow more', () => {
    const rules = [
      { types: ['FOO'], max_ttl: '100s', when: { scopes: ['user'] } },
      { types: ['FOO'], max_ttl: '4000s' },
    ]
    expect(permits(rules, 200)).toBe(false)
    expect(permits(rules, 200, 'FOO', { ...applicant, scopes: [] })).toBe(true)
  })
})

describe('the scopes of a task token', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['all defaults, where the key has them', ['user', 'fence', 'data', 'openid'], ['fence', 'openid', 'user']],
    ['fewer, where the key has fewer', ['openid', 'data'], ['openid']],
    ['none, where the key has none of them', ['data'], []],
  ])('are %s', (_name, scopes, expected) => {
    expect(taskTypes({}).scopesOf({ scopes })).toEqual(expected)
  })

  it('are always scopes of the key', () => {
    const some = fc.uniqueArray(fc.constantFrom('fence', 'openid', 'user', 'data', 'admin'))
    fc.assert(
      fc.property(some, some, (defaults, scopes) => {
        const types = createTaskTypes(signingConfig({ tasks: { default_scopes: defaults } }))
        for (const scope of types.scopesOf({ scopes })) expect(scopes).toContain(scope)
      }),
    )
  })
})
