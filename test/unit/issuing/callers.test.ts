// Which authenticated identity is which caller: exactly one, or none.
import { describe, expect, it } from 'vitest'
import { callers as callersSchema } from '../../../src/config/callers.ts'
import { type CallerIdentity, createCallers } from '../../../src/issuing/callers.ts'

const jwt = {
  issuer: 'https://platform.example',
  audience: 'postern',
  subject: 'ns/batch',
  keys: { file: 'jwks.json' },
}

const callers = createCallers(
  callersSchema.parse([
    { name: 'portal', identity: { spiffe: 'spiffe://commons/portal' } },
    { name: 'portal-dns', identity: { dns: 'portal.commons.example' } },
    { name: 'batch', identity: { jwt } },
    { name: 'admin', identity: { local: true } },
  ]),
)

const tls = (spiffe: readonly string[], dns: readonly string[] = []): CallerIdentity => ({ kind: 'tls', spiffe, dns })
const workload = (changes: object = {}): CallerIdentity => ({
  kind: 'jwt',
  issuer: jwt.issuer,
  subject: jwt.subject,
  audiences: ['other', 'postern'],
  ...changes,
})

describe('a caller is recognised', () => {
  it.each<[string, CallerIdentity, string]>([
    ['by its SPIFFE id', tls(['spiffe://commons/portal']), 'portal'],
    ['by its DNS name', tls([], ['other.example', 'portal.commons.example']), 'portal-dns'],
    ['by its DNS name in any case', tls([], ['Portal.Commons.EXAMPLE']), 'portal-dns'],
    ['by issuer, subject and audience of its workload JWT', workload(), 'batch'],
    ['by the socket it could open', { kind: 'local' }, 'admin'],
  ])('%s', (_name, identity, caller) => {
    const found = callers.identify(identity)
    expect(found.ok && found.value.name).toBe(caller)
  })
})

describe('nobody is recognised', () => {
  it.each<[string, CallerIdentity | undefined, string, string]>([
    ['without any identity', undefined, 'caller_unauthenticated', 'identity_missing'],
    ['by an unknown SPIFFE id', tls(['spiffe://commons/other']), 'caller_denied', 'caller_unknown'],
    ['by the beginning of a SPIFFE id', tls(['spiffe://commons/portal/x']), 'caller_denied', 'caller_unknown'],
    ['by a SPIFFE id in another case', tls(['spiffe://commons/Portal']), 'caller_denied', 'caller_unknown'],
    ['by a SPIFFE id written as a DNS name', tls([], ['spiffe://commons/portal']), 'caller_denied', 'caller_unknown'],
    ['by a DNS name below a known one', tls([], ['x.portal.commons.example']), 'caller_denied', 'caller_unknown'],
    ['by a wildcard certificate', tls([], ['*.commons.example']), 'caller_denied', 'caller_unknown'],
    ['by a certificate without names', tls([]), 'caller_denied', 'caller_unknown'],
    ['by a workload JWT for another audience', workload({ audiences: ['gen3'] }), 'caller_denied', 'caller_unknown'],
    ['by a workload JWT without audience', workload({ audiences: [] }), 'caller_denied', 'caller_unknown'],
    ['by a workload JWT of another subject', workload({ subject: 'ns/batch2' }), 'caller_denied', 'caller_unknown'],
    [
      'by a workload JWT of another issuer',
      workload({ issuer: 'https://x.example' }),
      'caller_denied',
      'caller_unknown',
    ],
    [
      'by a certificate with two SPIFFE ids',
      tls(['spiffe://commons/portal', 'spiffe://commons/x']),
      'caller_unauthenticated',
      'identity_malformed',
    ],
    [
      'by a SPIFFE id with a NUL in it',
      tls(['spiffe://commons/portal\0.evil']),
      'caller_unauthenticated',
      'identity_malformed',
    ],
    [
      'by a good DNS name beside one with a NUL in it',
      tls([], ['portal.commons.example', 'portal.commons.example\0.evil']),
      'caller_unauthenticated',
      'identity_malformed',
    ],
    [
      'by a subject with a line break',
      workload({ subject: 'ns/batch\n' }),
      'caller_unauthenticated',
      'identity_malformed',
    ],
    ['by an empty name', tls([''], []), 'caller_unauthenticated', 'identity_malformed'],
    [
      'by a certificate that means two callers',
      tls(['spiffe://commons/portal'], ['portal.commons.example']),
      'caller_unauthenticated',
      'identity_ambiguous',
    ],
  ])('%s', (_name, identity, reason, cause) => {
    expect(callers.identify(identity)).toMatchObject({ ok: false, reason: { reason, audit: { cause } } })
  })

  it('while the table is empty', () => {
    expect(createCallers([]).identify({ kind: 'local' })).toMatchObject({ reason: { reason: 'caller_denied' } })
  })
})
