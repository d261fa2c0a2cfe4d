// §3.3: the two paths of POST /oauth2/revoke, row by row: a client by Basic, a user by Bearer. Data only.
import { invalidArgument, permissionDenied, unauthenticated } from '../../support/conformance/answers.ts'
import type { Case, Suite } from '../../support/conformance/case.ts'
import { NOW } from '../../support/conformance/fixture.ts'

const refresh = { refresh: { kind: 'refresh' } } as const
const user = { user: { kind: 'access' } } as const
const owned = { ...refresh, ...user }
const forged = { kind: 'refresh', key: 'foreign', header: { kid: 'test-keypair' } } as const
const old = { kind: 'refresh', claims: { iat: NOW - 1200, exp: NOW - 600 } } as const
const unusable = 'A token that is of no use already is as good as revoked, whoever asks (RFC 7009, C7).'

const rows: readonly Case[] = [
  {
    id: 'P1.client',
    upstream: 'revocation.py: valid, own',
    asks: 'a client: a token of its own',
    theirs: '200',
    tokens: refresh,
    steps: [{ do: 'revoke', by: 'client', token: '{refresh}', gives: 'recorded' }],
  },
  {
    id: 'P1.user',
    upstream: 'oauth2.py: valid, own',
    asks: 'a user: a token of their own',
    theirs: '200',
    tokens: owned,
    steps: [{ do: 'revoke', by: 'portal', token: '{refresh}', revoker: '{user}', gives: 'recorded' }],
  },
  {
    id: 'P2.client',
    upstream: 'revocation.py: bad signature',
    asks: 'a client: a forged token',
    theirs: '200',
    tokens: { forged },
    steps: [{ do: 'revoke', by: 'client', token: '{forged}', gives: { nothing: 'signature_invalid' } }],
  },
  {
    id: 'P2.user',
    upstream: 'oauth2.py: malformed or bad signature',
    asks: 'a user: a forged token, and what is none',
    theirs: '401',
    differs: unusable,
    tokens: { ...user, forged },
    steps: [
      { do: 'revoke', by: 'portal', token: '{forged}', revoker: '{user}', gives: { nothing: 'signature_invalid' } },
      { do: 'revoke', by: 'portal', token: 'blah', revoker: '{user}', gives: { nothing: 'credential_malformed' } },
    ],
  },
  {
    id: 'P3.client',
    upstream: 'revocation.py: expired',
    asks: 'a client: an expired token',
    theirs: '200, not denylisted',
    tokens: { old },
    steps: [
      { do: 'revoke', by: 'client', token: '{old}', gives: { nothing: 'token_expired' } },
      { do: 'lookup', token: '{old}', gives: 'clear' },
    ],
  },
  {
    id: 'P3.user',
    upstream: 'oauth2.py: expired',
    asks: 'a user: an expired token',
    theirs: '401 or 200, by the version of authutils',
    differs: unusable,
    tokens: { ...user, old },
    steps: [
      { do: 'revoke', by: 'portal', token: '{old}', revoker: '{user}', gives: { nothing: 'token_expired' } },
      { do: 'lookup', token: '{old}', gives: 'clear' },
    ],
  },
  {
    id: 'P4.client',
    upstream: 'revocation.py: revoked before',
    asks: 'a client: a token that is revoked',
    theirs: '200',
    tokens: refresh,
    steps: [
      { do: 'revoke', by: 'client', token: '{refresh}', gives: 'recorded' },
      { do: 'revoke', by: 'client', token: '{refresh}', gives: 'recorded' },
      { do: 'lookup', token: '{refresh}', gives: 'token_revoked' },
    ],
  },
  {
    id: 'P4.user',
    upstream: 'oauth2.py: revoked before',
    asks: 'a user: a token that is revoked',
    theirs: '401 "token is denylisted"',
    differs: 'Revoking twice is OK twice (W12), also for a token that revokes itself.',
    tokens: owned,
    steps: [
      { do: 'revoke', by: 'portal', token: '{refresh}', revoker: '{user}', gives: 'recorded' },
      { do: 'revoke', by: 'portal', token: '{refresh}', revoker: '{user}', gives: 'recorded' },
      { do: 'revoke', by: 'portal', token: '{refresh}', revoker: '{refresh}', gives: 'recorded' },
    ],
  },
  {
    id: 'P4.race',
    upstream: 'blacklist.py: check, then insert',
    asks: 'five revocations of one token at the same time',
    theirs: '200, or 500 for a race at the primary key',
    differs: 'There is no race: what is recorded is the later end of the two (W18).',
    tokens: refresh,
    steps: [
      { do: 'revoke', by: 'client', token: '{refresh}', times: 5, gives: 'recorded' },
      { do: 'lookup', token: '{refresh}', gives: 'token_revoked' },
    ],
  },
  {
    id: 'P5.client',
    upstream: 'blacklist.py: type not revocable',
    asks: 'a client: an access token, an ID token',
    theirs: '400',
    tokens: { access: { kind: 'access' }, id: { kind: 'id' } },
    steps: [
      { do: 'revoke', by: 'client', token: '{access}', gives: invalidArgument('not_revocable', { cause: 'access' }) },
      { do: 'revoke', by: 'client', token: '{id}', gives: invalidArgument('not_revocable', { cause: 'id' }) },
    ],
  },
  {
    id: 'P5.user',
    upstream: 'blacklist.py: type not revocable',
    asks: 'a user: an access token, an ID token, also by itself',
    theirs: '400',
    tokens: { user: { kind: 'access' }, access: { kind: 'access' }, id: { kind: 'id' } },
    steps: [
      { do: 'revoke', by: 'portal', token: '{access}', revoker: '{user}', gives: invalidArgument('not_revocable') },
      { do: 'revoke', by: 'portal', token: '{id}', revoker: '{user}', gives: invalidArgument('not_revocable') },
      { do: 'revoke', by: 'portal', token: '{id}', revoker: '{id}', gives: invalidArgument('not_revocable') },
    ],
  },
  {
    id: 'P5.session',
    upstream: 'blacklist.py: type not revocable',
    asks: 'a session token',
    theirs: '400',
    differs: 'Sessions can be revoked here, as they can in Synapse (C14).',
    tokens: { session: { kind: 'session' } },
    steps: [{ do: 'revoke', by: 'admin', token: '{session}', gives: 'recorded' }],
  },
  {
    id: 'P6.client',
    upstream: 'revocation.py: azp of another client',
    asks: 'a client: a token of another client, and one of no client',
    theirs: '400 invalid_grant',
    differs: 'PERMISSION_DENIED: the request is sound, the right is missing.',
    tokens: {
      foreign: { kind: 'refresh', claims: { azp: 'other-client' } },
      unowned: { kind: 'api_key' },
    },
    steps: [
      { do: 'revoke', by: 'client', token: '{foreign}', gives: permissionDenied('not_owner') },
      { do: 'revoke', by: 'client', token: '{unowned}', gives: permissionDenied('not_owner') },
      { do: 'lookup', token: '{foreign}', gives: 'clear' },
    ],
  },
  {
    id: 'P6.user',
    upstream: 'oauth2.py: foreign owner, not admin',
    asks: 'a user: a token of somebody else',
    theirs: '403',
    tokens: { ...refresh, other: { kind: 'access', claims: { sub: '80' } } },
    steps: [
      { do: 'revoke', by: 'portal', token: '{refresh}', revoker: '{other}', gives: permissionDenied('not_owner') },
      { do: 'lookup', token: '{refresh}', gives: 'clear' },
    ],
  },
  {
    id: 'P7.client',
    upstream: 'revocation.py: no token field',
    asks: 'a client: no token',
    theirs: '400',
    steps: [{ do: 'revoke', by: 'client', gives: invalidArgument('request_invalid') }],
  },
  {
    id: 'P7.user',
    upstream: 'oauth2.py: no token field',
    asks: 'a user: no token',
    theirs: '400',
    tokens: user,
    steps: [{ do: 'revoke', by: 'portal', revoker: '{user}', gives: invalidArgument('request_invalid') }],
  },
  {
    id: 'P8.client',
    upstream: 'revocation.py: wrong client secret',
    asks: 'a client that cannot prove who it is',
    theirs: '401',
    tokens: refresh,
    steps: [{ do: 'revoke', by: 'nobody', token: '{refresh}', gives: unauthenticated('caller_unauthenticated') }],
  },
  {
    id: 'P9.client',
    upstream: 'revocation.py: token without sub',
    asks: 'a client: a token of its own without a subject',
    theirs: 'by its type',
    tokens: { machine: { kind: 'refresh', claims: { sub: undefined } } },
    steps: [{ do: 'revoke', by: 'client', token: '{machine}', gives: 'recorded' }],
  },
  {
    id: 'P9.user',
    upstream: 'oauth2.py: token without sub',
    asks: 'a user: a token without a subject, by one without a subject too',
    theirs: '500 (KeyError)',
    differs: 'A token without a subject belongs to no user (W11).',
    tokens: {
      ...user,
      machine: { kind: 'refresh', claims: { sub: undefined } },
      subjectless: { kind: 'access', claims: { sub: undefined } },
    },
    steps: [
      { do: 'revoke', by: 'portal', token: '{machine}', revoker: '{user}', gives: permissionDenied('not_owner') },
      {
        do: 'revoke',
        by: 'portal',
        token: '{machine}',
        revoker: '{subjectless}',
        gives: permissionDenied('not_owner'),
      },
      { do: 'lookup', token: '{machine}', gives: 'clear' },
    ],
  },
  {
    id: 'P10',
    upstream: 'revocation.py: token_type_hint',
    asks: 'a token_type_hint that nobody knows',
    theirs: '400 unsupported_token_type',
    notApplicable: 'A token says itself what it is, so the hint is not even read; RFC 7009 lets a server ignore it.',
  },
  {
    id: 'P11',
    upstream: 'blacklist.py (109-138): verified with the newest key, iss not checked',
    asks: 'a token of an issuer that is not ours, signed by our key',
    theirs: '200, denylisted by its jti alone',
    differs: 'There is no such token: the issuer comes first, and with it the keys (C6, W13).',
    tokens: {
      alien: { kind: 'refresh', claims: { iss: 'http://localhost/other', jti: 'shared' } },
      ours: { kind: 'refresh', claims: { jti: 'shared' } },
    },
    steps: [
      { do: 'revoke', by: 'client', token: '{alien}', gives: { nothing: 'issuer_unknown' } },
      { do: 'lookup', token: '{ours}', gives: 'clear' },
    ],
  },
]

export const revokePaths: Suite = {
  title: '§3.3 Who revokes what, path by path',
  file: 'revoke-paths.ts',
  about: 'Fence `oauth2.py` (a user, by Bearer) and authlib `revocation.py` (a client, by Basic).',
  cases: rows,
}
