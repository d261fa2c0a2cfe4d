// Is this token meant for this route? Purpose, audience and task type, API-key bound, scopes, claims; in this order.
import { describe, expect, it } from 'vitest'
import { admit } from '../../../src/check/admit.ts'
import type { CompiledPolicy } from '../../../src/check/policy.ts'
import type { TrustedIssuer } from '../../../src/tokens/port.ts'
import { readProfile } from '../../../src/tokens/profile.ts'
import { policyOf } from '../../support/policies.ts'
import {
  apiKeyClaims,
  type Claims,
  commons,
  NOW,
  taskClaims,
  validClaims,
  verifiedToken,
} from '../../support/tokens.ts'

function admitted(claims: Claims = {}, changes: Partial<CompiledPolicy> = {}, issuer?: Partial<TrustedIssuer>): string {
  const token = verifiedToken(claims, commons(issuer))
  const profile = readProfile(token.claims)
  if (!profile.ok) throw new Error(profile.reason)
  const admission = admit(token, profile.value, policyOf(changes))
  return admission.ok ? 'admitted' : admission.reason
}

const context = (changes: Claims): Claims => ({ context: { ...validClaims.context, ...changes } })

describe('an admitted token', () => {
  it('brings its token, what it says and the identity headers', () => {
    const token = verifiedToken()
    const profile = readProfile(token.claims)
    if (!profile.ok) throw new Error(profile.reason)
    expect(admit(token, profile.value, policyOf())).toEqual({
      ok: true,
      value: {
        token,
        profile: profile.value,
        identity: expect.arrayContaining([{ name: 'x-auth-subject', value: '42' }]),
      },
    })
  })
})

describe('purpose', () => {
  it.each(['api_key', 'refresh', 'id', 'session', 'Access', 'access ', '', 'accessible'])('%j is refused', (pur) => {
    expect(admitted({ pur })).toBe('purpose_refused')
  })

  it.each([undefined, null, true, 1, ['access'], { access: true }])('%j is refused', (pur) => {
    expect(admitted({ pur })).toBe('purpose_refused')
  })

  it('of an API key is refused though its audience and scopes would do', () => {
    expect(admitted({ ...apiKeyClaims, context: undefined })).toBe('purpose_refused')
  })

  it('is read where the issuer has it, and not asked for where it has none', () => {
    const own = { purpose: { claim: 'token_use', access: 'a' } }
    expect(admitted({ token_use: 'a', pur: undefined }, {}, own)).toBe('admitted')
    expect(admitted({ token_use: 'id' }, {}, own)).toBe('purpose_refused')
    expect(admitted({}, {}, own)).toBe('purpose_refused')
    expect(admitted({ pur: undefined }, {}, { purpose: undefined })).toBe('admitted')
  })

  it('is a claim of the token itself, and one name: no path into the claims', () => {
    const inherited = { purpose: { claim: 'constructor', access: 'access' } }
    expect(admitted({}, {}, inherited)).toBe('purpose_refused')
    const dotted = { purpose: { claim: 'https://commons.example/use', access: 'access' } }
    expect(admitted({ 'https://commons.example/use': 'access' }, {}, dotted)).toBe('admitted')
  })
})

describe('audience', () => {
  // aud of the token, audiences of the policy, result: as PyJWT has it (any of them), for what readClaims lets through.
  it.each<readonly [unknown, readonly string[], string]>([
    [['gen3', 'c'], ['gen3'], 'admitted'],
    ['gen3', ['gen3'], 'admitted'],
    ['gen3x', ['gen3'], 'audience_mismatch'],
    ['gen', ['gen3'], 'audience_mismatch'],
    [['http://b'], ['gen3', 'http://b'], 'admitted'],
    [['FOO'], ['gen3', 'http://b'], 'audience_mismatch'],
    [undefined, ['gen3'], 'audience_mismatch'],
    [[], ['gen3'], 'audience_mismatch'],
    ['', ['gen3'], 'audience_mismatch'],
    [['Gen3'], ['gen3'], 'audience_mismatch'],
    [['gen3'], [], 'audience_mismatch'],
    [undefined, [], 'audience_mismatch'],
    [['foo', 'bar', 'baz'], ['baz'], 'admitted'],
    [['foo', 'bar', 'baz'], ['qux'], 'audience_mismatch'],
    [['gen3 '], ['gen3'], 'audience_mismatch'],
    ['gen3,other', ['gen3'], 'audience_mismatch'],
    ['gen3 other', ['gen3'], 'audience_mismatch'],
    [['*'], ['gen3'], 'audience_mismatch'],
    [['__proto__', 'constructor'], ['gen3'], 'audience_mismatch'],
  ])('%j against %j: %s', (aud, audiences, result) => {
    expect(admitted({ aud }, { audiences: new Set(audiences) })).toBe(result)
  })
})

describe('task types', () => {
  const marked = (type: unknown, aud: readonly string[]): Claims => ({
    ...taskClaims,
    ...context({ task_token_type: type }),
    aud,
  })
  const both = { audiences: new Set(['gen3']), taskTypes: new Set(['FOO', 'BAR']) }
  const only = { audiences: new Set<string>(), taskTypes: new Set(['FOO']) }

  it.each<readonly [string, Claims, Partial<CompiledPolicy>, string]>([
    ['a task token on its route', marked('FOO', ['FOO']), only, 'admitted'],
    ['a task token on a route that takes both', marked('FOO', ['FOO']), both, 'admitted'],
    ['a task token on another route', marked('FOO', ['FOO']), {}, 'audience_mismatch'],
    ['a task token of a type that is not listed', marked('BAZ', ['BAZ']), both, 'audience_mismatch'],
    ['the audience alone: a client may have registered that name', { aud: ['FOO'] }, both, 'audience_mismatch'],
    ['the marker alone, addressed to nobody here', marked('FOO', ['other']), both, 'audience_mismatch'],
    ['the marker of one listed type, the audience of another', marked('FOO', ['BAR']), both, 'audience_mismatch'],
    ['the marker of another case', marked('foo', ['FOO']), both, 'audience_mismatch'],
    ['an empty marker', marked('', ['']), both, 'audience_mismatch'],
    ['no audience', marked('FOO', []), both, 'audience_mismatch'],
    ['the older form [gen3, FOO] on the route', marked('FOO', ['gen3', 'FOO']), only, 'admitted'],
    ['the older form [gen3, FOO] by its audience', marked('FOO', ['gen3', 'FOO']), {}, 'admitted'],
    ['an access token on a route for tasks only', {}, only, 'audience_mismatch'],
    ['an access token on a route that takes both', {}, both, 'admitted'],
  ])('%s', (_, claims, policy, result) => {
    expect(admitted(claims, policy)).toBe(result)
  })

  it('deny_task_tokens refuses whatever is marked, whichever audience it carries', () => {
    expect(admitted(marked('FOO', ['gen3', 'FOO']), { denyTaskTokens: true })).toBe('purpose_refused')
    expect(admitted(marked('', ['gen3']), { denyTaskTokens: true })).toBe('purpose_refused')
    expect(admitted({ aud: ['gen3', 'FOO'] }, { denyTaskTokens: true })).toBe('admitted')
  })
})

describe('the bound of the API key', () => {
  const bound = (exp: number) => context({ api_key: { jti: 'key', iat: NOW - 1000, exp } })
  const { exp } = validClaims

  it.each([
    ['longer than the token', exp + 1, 'admitted'],
    ['exactly as long', exp, 'admitted'],
    ['a second shorter', exp - 1, 'api_key_bound_exceeded'],
    ['expired', NOW - 1, 'api_key_bound_exceeded'],
    ['at the beginning of time', 0, 'api_key_bound_exceeded'],
  ])('an API key that lives %s', (_, keyExp, result) => {
    expect(admitted(bound(keyExp))).toBe(result)
  })

  it('does not concern a token that names no API key', () => {
    expect(admitted({ context: { user: { name: 'alice' } } })).toBe('admitted')
    expect(admitted({ context: undefined })).toBe('admitted')
  })
})

describe('scopes', () => {
  it.each<readonly [unknown, readonly string[], string]>([
    [['user', 'data'], ['user'], 'admitted'],
    [['user', 'data'], ['data', 'user'], 'admitted'],
    [['user', 'data'], ['user', 'admin'], 'scope_missing'],
    ['user data', ['data'], 'admitted'],
    ['user data', ['admin'], 'scope_missing'],
    ['userdata', ['user'], 'scope_missing'],
    [['user data'], ['user'], 'scope_missing'],
    [['User'], ['user'], 'scope_missing'],
    [[], ['user'], 'scope_missing'],
    [undefined, ['user'], 'scope_missing'],
    [undefined, [], 'admitted'],
    [[], [], 'admitted'],
    [['*'], ['user'], 'scope_missing'],
  ])('%j against %j: %s', (scope, scopes, result) => {
    expect(admitted({ scope }, { scopes })).toBe(result)
  })
})

describe('claim conditions', () => {
  const isAdmin = { path: ['context', 'user', 'is_admin'], holds: (value: unknown) => value === true }
  const hasName = { path: ['context', 'user', 'name'], holds: (value: unknown) => value === 'alice@example.org' }

  it('must all hold', () => {
    expect(admitted({}, { claims: [hasName] })).toBe('admitted')
    expect(admitted({}, { claims: [hasName, isAdmin] })).toBe('claim_refused')
    expect(
      admitted({ context: { user: { name: 'alice@example.org', is_admin: true } } }, { claims: [hasName, isAdmin] }),
    ).toBe('admitted')
  })

  it('are asked with nothing where the claim is missing', () => {
    const asked: unknown[] = []
    const missing = (path: string[]) => ({ path, holds: (value: unknown) => asked.push(value) > 0 })
    admitted(
      { context: null },
      { claims: [missing(['context', 'user', 'is_admin']), missing(['toString']), missing(['sub', 'length'])] },
    )
    expect(asked).toEqual([undefined, undefined, undefined])
  })
})

describe('the order', () => {
  it('is purpose, audience, API-key bound, scopes, claims, identity: what is wrong first is said', () => {
    const refusing = { scopes: ['admin'], claims: [{ path: ['x'], holds: () => false }] }
    const claims = {
      pur: 'refresh',
      aud: ['x'],
      scope: [],
      sub: 'x'.repeat(2000),
      ...context({ api_key: { jti: 'key', iat: 0, exp: 0 } }),
    }
    const mended = [{}, { pur: 'access' }, { aud: ['gen3'] }, { context: {} }, { scope: ['admin'] }]
    const reasons = mended.map((_, at) => admitted(Object.assign({}, claims, ...mended.slice(0, at + 1)), refusing))
    expect(reasons).toEqual([
      'purpose_refused',
      'audience_mismatch',
      'api_key_bound_exceeded',
      'scope_missing',
      'claim_refused',
    ])
    expect(admitted({ sub: 'x'.repeat(2000) })).toBe('claims_invalid')
  })
})
