// One compiled policy for tests, as the plainest configuration gives it; a test changes one thing.
import { type CompiledPolicy, createPolicies, type Policies } from '../../src/check/policy.ts'
import { commons, issuersByIss } from './tokens.ts'

export function policyOf(changes: Partial<CompiledPolicy> = {}): CompiledPolicy {
  return {
    name: 'default',
    issuers: issuersByIss(commons()),
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
    ...changes,
  }
}

/** A policy for browsers: a cookie besides the header, protected against forged requests. */
export function cookiePolicy(changes: Partial<CompiledPolicy> = {}): CompiledPolicy {
  return policyOf({
    name: 'browser',
    credentials: new Set(['bearer', 'cookie']),
    cookie: {
      name: 'access_token',
      csrfCookie: 'csrftoken',
      csrfHeader: 'x-csrf-token',
      origins: new Set(['https://portal.example']),
    },
    ...changes,
  })
}

/** These policies by their names, the first of them the default. */
export function policiesOf(...all: readonly CompiledPolicy[]): Policies {
  return createPolicies({
    byName: new Map(all.map((policy) => [policy.name, policy])),
    routes: [],
    defaultPolicy: all[0],
  })
}
