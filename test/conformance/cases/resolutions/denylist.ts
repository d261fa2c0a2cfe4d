// §10, C6 to C11: what is on the denylist and for how long, and the answers that follow. Data only.
import { allowed, denied, invalidArgument, unauthenticated, unavailable } from '../../../support/conformance/answers.ts'
import type { Case } from '../../../support/conformance/case.ts'
import { ISSUER, NOW } from '../../../support/conformance/fixture.ts'

export const ids: readonly Case[] = [
  {
    id: 'C6',
    upstream: 'change review: hash of the token, or jti',
    asks: 'what names a token on the denylist',
    theirs: 'the jti',
    differs: 'Issuer and jti together. The spellings of a token are A.6, ids of two issuers A.6.5.',
    tokens: {
      ours: { kind: 'task', claims: { jti: 'one' } },
      again: { kind: 'task', claims: { jti: 'one', exp: NOW + 599 } },
      theirs: { kind: 'task', key: 'partner', claims: { jti: 'one', aud: ['gen3', 'FOO'] } },
    },
    steps: [
      { do: 'revoke', by: 'client', token: '{ours}', gives: 'recorded' },
      { do: 'lookup', token: '{again}', gives: 'token_revoked' },
      { do: 'lookup', token: '{theirs}', gives: 'clear' },
    ],
  },
  {
    id: 'C7',
    upstream: 'client path against user path',
    asks: 'revoking what is expired, malformed, forged, not revocable, revoked before',
    theirs: 'client 200, 200, 200, 400, 200; user 401, 401, 401, 400, 401',
    tokens: {
      old: { kind: 'refresh', claims: { iat: NOW - 1200, exp: NOW - 600 } },
      forged: { kind: 'refresh', key: 'foreign', header: { kid: 'test-keypair' } },
      id: { kind: 'id' },
      refresh: { kind: 'refresh' },
    },
    steps: (['client', 'admin'] as const).flatMap((by) => [
      { do: 'revoke', by, token: '{old}', gives: { nothing: 'token_expired' } } as const,
      { do: 'revoke', by, token: 'blah', gives: { nothing: 'credential_malformed' } } as const,
      { do: 'revoke', by, token: '{forged}', gives: { nothing: 'signature_invalid' } } as const,
      { do: 'revoke', by, token: '{id}', gives: invalidArgument('not_revocable') } as const,
      { do: 'revoke', by, token: '{refresh}', gives: 'recorded' } as const,
    ]),
  },
  {
    id: 'C7.1',
    upstream: 'client path',
    asks: 'revoking what expired a moment ago',
    theirs: '200, not denylisted',
    differs: 'Recorded while a clock within the leeway of 30 s may still take it; nothing afterwards.',
    tokens: {
      just: { kind: 'task', claims: { iat: NOW - 600, exp: NOW - 29 } },
      long: { kind: 'task', claims: { iat: NOW - 600, exp: NOW - 30 } },
    },
    steps: [
      { do: 'revoke', by: 'client', token: '{just}', gives: 'recorded' },
      { do: 'revoke', by: 'client', token: '{long}', gives: { nothing: 'token_expired' } },
    ],
  },
  {
    id: 'C8',
    upstream: 'R10 against an expiring store',
    asks: 'how long a token stays on the denylist',
    theirs: 'for ever: nothing is ever removed',
    differs:
      'For its life, the leeway and a grace of an hour, in which an expired token is still called revoked; then it goes (W13).',
    tokens: { task: { kind: 'task', claims: { exp: NOW + 2 } } },
    steps: [
      { do: 'revoke', by: 'client', token: '{task}', gives: 'recorded' },
      { do: 'wait', seconds: 3 },
      { do: 'lookup', token: '{task}', gives: 'token_revoked' },
      { do: 'wait', seconds: 3600 },
      { do: 'lookup', token: '{task}', gives: 'token_revoked' },
    ],
  },
]

export const statuses: readonly Case[] = [
  {
    id: 'C9.1',
    upstream: 'gateway 403, Fence 401, token endpoint 400',
    asks: 'the answer to a denylisted token',
    theirs: '403 "Token is denylisted" at the gateway, 401 at Fence',
    tokens: { task: { kind: 'task', claims: { jti: 'listed' } }, key: { kind: 'api_key', claims: { jti: 'listed' } } },
    steps: [
      { do: 'record', revocation: { dimension: 'jti', issuer: ISSUER, id: 'listed', until: NOW + 9999 } },
      { do: 'check', at: 'foo', bearer: '{task}', gives: denied(403, 'token_revoked', 'Token is denylisted') },
      { do: 'issue', grant: { apiKey: '{key}' }, gives: unauthenticated('api_key_revoked') },
    ],
  },
  {
    id: 'C9.2',
    upstream: 'Fence 401, FastAPI 403',
    asks: 'the answer to a token for another audience, where a policy says nothing and where it says 403',
    theirs: '401, or 403 in the FastAPI layer',
    tokens: { task: { kind: 'task' } },
    steps: [
      {
        do: 'check',
        at: 'gen3',
        bearer: '{task}',
        gives: denied(401, 'audience_mismatch', 'The token is not valid here'),
      },
      { do: 'check', at: 'all_403', bearer: '{task}', gives: denied(403, 'audience_mismatch') },
    ],
  },
  {
    id: 'C10',
    upstream: 'denylist endpoint: 200 without a usable token',
    asks: 'no token, and a bad one, where anonymous requests are allowed',
    theirs: '200 both',
    differs: 'Nobody may come anonymously where the policy allows it; a bad token is never nobody.',
    tokens: { old: { kind: 'access', claims: { iat: NOW - 700, exp: NOW - 100 } } },
    steps: [
      { do: 'check', at: 'gen3', gives: denied(401, 'credential_missing') },
      { do: 'check', at: 'open', gives: allowed },
      { do: 'check', at: 'open', bearer: 'blah', gives: denied(401, 'credential_malformed') },
      { do: 'check', at: 'open', bearer: '{old}', gives: denied(401, 'token_expired') },
    ],
  },
  {
    id: 'C11',
    upstream: 'gateway: 400, 405, 500 are 403, the others 500',
    asks: 'the store fails: Check, Issue, Revoke',
    theirs: '403 or 500',
    differs: 'Fails closed, by one code: 503 at a Check, UNAVAILABLE at the token service. Never OK.',
    tokens: { access: { kind: 'access' }, key: { kind: 'api_key' }, refresh: { kind: 'refresh' } },
    steps: [
      { do: 'breakdown', what: 'store' },
      { do: 'revoke', by: 'client', token: '{refresh}', gives: unavailable('store_unavailable') },
      { do: 'wait', seconds: 6 },
      { do: 'check', at: 'gen3', bearer: '{access}', gives: denied(503, 'denylist_unavailable') },
      { do: 'issue', grant: { apiKey: '{key}' }, gives: unavailable('store_unavailable') },
      { do: 'revoke', by: 'client', token: '{refresh}', gives: unavailable('store_unavailable') },
      {
        do: 'revoke',
        by: 'portal',
        token: '{refresh}',
        revoker: '{access}',
        gives: unavailable('store_unavailable'),
      },
    ],
  },
]
