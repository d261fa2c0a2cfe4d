// Appendix A.5 and A.6, §4.3: what identifies a token. The id is any text, stored exactly as it was verified; the text of
// a token is not, because one token can be spelt in many ways. Data only.
import { allowed, denied, denylisted } from '../../support/conformance/answers.ts'
import type { Case, Suite } from '../../support/conformance/case.ts'
import { ISSUER, NOW } from '../../support/conformance/fixture.ts'

const UUID = 'e9d58890-99b0-44f0-88bd-3ebc370b1329'

/** Python's `uuid.UUID(x, version=4)` takes them all; the column has 36 characters. */
const ids = [
  { asks: 'a UUID of version 1', jti: '6ba7b810-9dad-11d1-80b4-00c04fd430c8', theirs: 'accepted' },
  { asks: 'a UUID without dashes', jti: UUID.replaceAll('-', ''), theirs: 'accepted' },
  { asks: 'a UUID in braces', jti: `{${UUID}}`, theirs: 'accepted by the check; 38 characters are a database error' },
  {
    asks: 'a UUID as a URN',
    jti: `urn:uuid:${UUID}`,
    theirs: 'accepted by the check; 45 characters are a database error',
  },
  { asks: 'a UUID in capitals', jti: UUID.toUpperCase(), theirs: 'accepted' },
  { asks: 'no UUID at all', jti: 'token 1/2', theirs: 'ValueError, 500' },
  { asks: 'as long an id as may be', jti: 'x'.repeat(128), theirs: 'ValueError, 500' },
].map(({ asks, jti, theirs }, index): Case => {
  return {
    id: `A.5.${index + 1}`,
    upstream: index < 4 ? 'A.5' : '§3.2',
    asks: `${asks} as jti`,
    theirs,
    ...(theirs === 'accepted'
      ? {}
      : { differs: 'Any text of 1 to 128 characters is an id, and none is changed on the way (C6, W13).' }),
    tokens: {
      odd: { kind: 'task', claims: { jti } },
      plain: { kind: 'task', claims: { jti: UUID } },
    },
    steps: [
      { do: 'check', at: 'foo', bearer: '{odd}', gives: allowed },
      { do: 'revoke', by: 'client', token: '{odd}', gives: 'recorded' },
      { do: 'check', at: 'foo', bearer: '{odd}', gives: denylisted },
      { do: 'check', at: 'foo', bearer: '{plain}', gives: allowed },
    ],
  }
})

const bounds: readonly Case[] = [
  {
    id: 'A.5.8',
    upstream: '§3.2',
    asks: 'an id that is empty or too long',
    theirs: 'ValueError, 500',
    differs: 'Not valid, and nothing to revoke (C6).',
    tokens: {
      empty: { kind: 'task', claims: { jti: '' } },
      long: { kind: 'task', claims: { jti: 'x'.repeat(129) } },
    },
    steps: [
      { do: 'check', at: 'foo', bearer: '{empty}', gives: denied(401, 'claims_invalid') },
      { do: 'check', at: 'foo', bearer: '{long}', gives: denied(401, 'claims_invalid') },
      { do: 'revoke', by: 'client', token: '{long}', gives: { nothing: 'claims_invalid' } },
    ],
  },
]

/** RS256 signatures are 256 bytes, so their last character has four bits that mean nothing. */
const spellings = Array.from({ length: 15 }, (_, index) => index + 1)
const malformed = denied(401, 'credential_malformed')

const texts: readonly Case[] = [
  {
    id: 'A.6.1',
    upstream: '§4.3, A.6',
    asks: 'the fifteen other spellings of one RS256 token',
    theirs: 'PyJWT and jose verify all of them',
    differs:
      'There is one spelling of a token; the others are refused before anything is verified, revoked or not (C6).',
    tokens: {
      task: { kind: 'task' },
      ...Object.fromEntries(spellings.map((n) => [`spelling${n}`, { of: 'task', how: `respelt ${n}` } as const])),
    },
    steps: [
      { do: 'check', at: 'foo', bearer: '{task}', gives: allowed },
      ...spellings.map((n) => ({ do: 'check', at: 'foo', bearer: `{spelling${n}}`, gives: malformed }) as const),
      { do: 'revoke', by: 'client', token: '{spelling1}', gives: { nothing: 'credential_malformed' } },
      { do: 'check', at: 'foo', bearer: '{task}', gives: allowed },
    ],
  },
  {
    id: 'A.6.2',
    upstream: 'C6 (lab)',
    asks: 'the second signature of an ES256 token: (r, n - s)',
    theirs: 'both verify, and a denylist of token hashes misses one',
    differs: 'Both verify here too, and both are the same token: its id is on the denylist (C6).',
    tokens: {
      token: { kind: 'task', key: 'partner', claims: { aud: ['gen3', 'FOO'] } },
      twin: { of: 'token', how: 'with (r, n - s) for (r, s)' },
    },
    steps: [
      { do: 'check', at: 'partner', bearer: '{twin}', gives: allowed },
      { do: 'revoke', by: 'admin', token: '{token}', gives: 'recorded' },
      { do: 'check', at: 'partner', bearer: '{token}', gives: denylisted },
      { do: 'check', at: 'partner', bearer: '{twin}', gives: denylisted },
    ],
  },
  {
    id: 'A.6.3',
    upstream: '§4.3',
    asks: '= after the signature',
    theirs: 'PyJWT accepts, jose rejects',
    differs: 'There is one spelling of a token, and this is not it (C6).',
    tokens: { task: { kind: 'task' }, padded: { of: 'task', how: 'padded' } },
    steps: [
      { do: 'check', at: 'foo', bearer: '{padded}', gives: malformed },
      { do: 'revoke', by: 'client', token: '{padded}', gives: { nothing: 'credential_malformed' } },
    ],
  },
  {
    id: 'A.6.4',
    upstream: '§4.3',
    asks: 'a newline inside the signature',
    theirs: 'PyJWT rejects, jose accepts',
    tokens: { task: { kind: 'task' }, broken: { of: 'task', how: 'with a newline in the signature' } },
    steps: [
      { do: 'check', at: 'foo', bearer: '{broken}', gives: malformed },
      { do: 'revoke', by: 'client', token: '{broken}', gives: { nothing: 'credential_malformed' } },
    ],
  },
  {
    id: 'A.6.5',
    upstream: '§3.4: keyed by jti alone',
    asks: 'the same id at two issuers',
    theirs: 'revoking one revokes both',
    differs: 'A token is its issuer and its id (C6, W13).',
    tokens: {
      ours: { kind: 'task', claims: { jti: 'shared' } },
      theirs: { kind: 'access', key: 'partner', claims: { jti: 'shared' } },
    },
    steps: [
      { do: 'revoke', by: 'client', token: '{ours}', gives: 'recorded' },
      { do: 'check', at: 'foo', bearer: '{ours}', gives: denylisted },
      { do: 'check', at: 'partner', bearer: '{theirs}', gives: allowed },
    ],
  },
  {
    id: 'A.6.6',
    upstream: 'none: their endpoint wants the token',
    asks: 'revoking by issuer and id, without the token',
    theirs: 'there is no way',
    differs: 'For callers with revoke: any only. It names the same entry as the token would.',
    tokens: { task: { kind: 'task', claims: { jti: 'named' } } },
    steps: [
      {
        do: 'revoke',
        by: 'client',
        jti: 'named',
        issuer: ISSUER,
        gives: { code: 'PERMISSION_DENIED', reason: 'caller_denied' },
      },
      { do: 'revoke', by: 'admin', jti: 'named', issuer: ISSUER, gives: 'recorded' },
      { do: 'check', at: 'foo', bearer: '{task}', gives: denylisted },
    ],
  },
  {
    id: 'A.6.7',
    upstream: '§3.4',
    asks: 'an id that differs in case only',
    theirs: 'another id',
    tokens: { lower: { kind: 'task', claims: { jti: 'abc' } }, upper: { kind: 'task', claims: { jti: 'ABC' } } },
    steps: [
      { do: 'record', revocation: { dimension: 'jti', issuer: ISSUER, id: 'abc', until: NOW + 600 } },
      { do: 'check', at: 'foo', bearer: '{lower}', gives: denylisted },
      { do: 'check', at: 'foo', bearer: '{upper}', gives: allowed },
    ],
  },
]

export const identity: Suite = {
  title: 'A.5, A.6 What identifies a token',
  file: 'identity.ts',
  about: 'Python `uuid`, PyJWT and jose, measured.',
  cases: [...ids, ...bounds, ...texts],
}
