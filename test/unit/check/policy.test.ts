// Which policy applies: named by Envoy, by route, by default, or none; and never a wider one because a path was odd.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPolicies, type Route } from '../../../src/check/policy.ts'
import { inputOf, type RequestPlan } from '../../support/check-request.ts'
import { policyOf } from '../../support/policies.ts'

const lax = policyOf({ name: 'lax', anonymous: true })
const strict = policyOf({ name: 'strict' })
const hidden = policyOf({ name: 'hidden' })
const byName = new Map([lax, strict, hidden].map((policy) => [policy.name, policy]))

const anywhere: Route = { matchesHost: () => true, matchesMethod: () => true, matchesPath: () => true, policy: strict }
const adminRoute: Route = { ...anywhere, matchesPath: (path) => path === '/admin' || path.startsWith('/admin/') }

const routed = createPolicies({ byName, routes: [adminRoute], defaultPolicy: lax })
const unrouted = createPolicies({ byName, routes: [], defaultPolicy: lax })

/** The name of what was selected, or the reason why nothing was. */
function select(plan: RequestPlan, policies = routed): string {
  const selected = policies.select(inputOf(plan))
  return selected.ok ? selected.value.name : selected.reason
}

describe('a policy named by Envoy', () => {
  it('is the one that applies', () => {
    expect(select({ policy: 'hidden' })).toBe('hidden')
    expect(select({ policy: 'hidden' }, unrouted)).toBe('hidden')
  })

  it('beats every route', () => {
    expect(select({ path: '/admin/users', policy: 'lax' })).toBe('lax')
  })

  it('applies whatever the path looks like: it was Envoy that routed it', () => {
    expect(select({ path: '//admin/../x', policy: 'hidden' })).toBe('hidden')
  })

  it.each(['unknown', '', 'Strict', 'strict ', 'constructor', '__proto__', 'lax,strict'])(
    'that does not exist (%j) is an error of the configuration, never the default',
    (policy) => {
      expect(select({ policy })).toBe('policy_unknown')
      expect(select({ policy }, unrouted)).toBe('policy_unknown')
    },
  )
})

describe('without routes', () => {
  it('the default applies to every path, however odd: nothing depends on it', () => {
    for (const path of ['/', '/a', '//a', '/a/../b', '*', '']) expect(select({ path }, unrouted)).toBe('lax')
  })

  it('and without a default nothing applies', () => {
    const none = createPolicies({ byName, routes: [], defaultPolicy: undefined })
    expect(select({ path: '/a' }, none)).toBe('policy_unmatched')
  })
})

describe('routes', () => {
  it('apply where host, method and path match, the first of them', () => {
    const routes: Route[] = [
      {
        ...anywhere,
        matchesPath: (path) => path === '/a',
        matchesMethod: (method) => method === 'POST',
        policy: hidden,
      },
      { ...anywhere, matchesPath: (path) => path === '/a', policy: strict },
      { ...anywhere, matchesHost: (host) => host === 'other.example', policy: hidden },
    ]
    const policies = createPolicies({ byName, routes, defaultPolicy: lax })
    expect(select({ path: '/a', method: 'POST' }, policies)).toBe('hidden')
    expect(select({ path: '/a', method: 'GET' }, policies)).toBe('strict')
    expect(select({ path: '/a', method: 'post' }, policies)).toBe('strict')
    expect(select({ path: '/b', host: 'Other.Example:443' }, policies)).toBe('hidden')
    expect(select({ path: '/b' }, policies)).toBe('lax')
  })

  it('leave the default to the rest, or nothing where there is none', () => {
    expect(select({ path: '/public' })).toBe('lax')
    const noDefault = createPolicies({ byName, routes: [adminRoute], defaultPolicy: undefined })
    expect(select({ path: '/public' }, noDefault)).toBe('policy_unmatched')
  })

  it('never see the query', () => {
    expect(select({ path: '/admin?x=.css' })).toBe('strict')
    expect(select({ path: '/public?/admin' })).toBe('lax')
    expect(select({ path: '/admin?a#b' })).toBe('request_malformed')
  })

  it.each(['/%61dmin', '/%61%64%6d%69%6e/x', '/admin/%2e', '/admin/'])('see what the path means: %s', (path) => {
    expect(['strict', 'request_malformed']).toContain(select({ path }))
  })

  it.each([
    '//admin/x',
    '/public/../admin',
    '/public/%2e%2e/admin',
    '/public/..;/admin',
    '/./admin',
    '/public%2f..%2fadmin',
    '/public\\..\\admin',
    '/admin#/public',
    '/public#/../admin',
    'http://commons.example/admin',
    '*',
    '',
    '?',
    '/%252e%252e/admin',
    '/%25%32%66admin',
  ])('never leave %j to the default: it could be read in another way', (path) => {
    expect(select({ path })).toBe('request_malformed')
  })

  it.each(['/admin;x', '/admin;x=1/users', '/admin;/users', '/admin%3bx/users', '/admin;jsessionid=1'])(
    'do not leave %s to the default either: to a servlet container it is below /admin',
    (path) => {
      expect(select({ path })).toBe('request_malformed')
    },
  )

  it.each([
    ['/public;x=1/y', 'lax'],
    ['/admin/users;x=1', 'strict'],
    ['/;jsessionid=1', 'lax'],
  ])('take parameters (%s) where they change nothing', (path, policy) => {
    expect(select({ path })).toBe(policy)
  })

  it('refuse parameters that change which of two routes it is, but not between two of one policy', () => {
    const routes = [adminRoute, { ...anywhere, matchesPath: (path: string) => path.startsWith('/admin;') }]
    const policies = createPolicies({ byName, routes, defaultPolicy: lax })
    expect(select({ path: '/admin;x' }, policies)).toBe('strict')
  })

  it('are what a client cannot get around: however /admin is spelt, it is strict or refused', () => {
    const piece = fc.constantFrom(
      '',
      '',
      ';x',
      ';',
      '/',
      '/.',
      '/x/..',
      '/x/%2e%2E',
      '/..;',
      '?y',
      '#',
      '%2f',
      '%5c',
      '%00',
      '\\',
    )
    const escapes = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean())
    const target = fc.tuple(piece, escapes, piece, piece).map(([before, escaped, after, end]) => {
      const admin = [...'admin'].map((letter, at) => (escaped[at] ? `%${letter.charCodeAt(0).toString(16)}` : letter))
      return `${before}/${admin.join('')}${after}/users${end}`
    })
    fc.assert(
      fc.property(target, (path) => {
        if (reachesAdmin(path)) expect(['strict', 'request_malformed']).toContain(select({ path }))
      }),
      { numRuns: 2000 },
    )
  })
})

/** A generous upstream: decodes, drops parameters, query and fragment, takes backslashes, resolves and merges. */
function reachesAdmin(target: string): boolean {
  const decoded = decodeURIComponent(target.replace(/[?#].*$/, ''))
  const resolved: string[] = []
  for (const segment of decoded
    .replaceAll('\\', '/')
    .replace(/\0.*/, '')
    .replace(/;[^/]*/g, '')
    .split('/')) {
    if (segment === '..') resolved.pop()
    else if (segment !== '' && segment !== '.') resolved.push(segment)
  }
  return resolved[0] === 'admin'
}
