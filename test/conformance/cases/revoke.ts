// §6.4: revoking. tests/rfc6749/test_revoke.py, with the expectations that were meant where the tests assert less.
// Data only.
import {
  allowed,
  denied,
  denylisted,
  invalidArgument,
  permissionDenied,
  unauthenticated,
} from '../../support/conformance/answers.ts'
import type { Case, Step, Suite } from '../../support/conformance/case.ts'
import { MAX_ACCESS, NOW } from '../../support/conformance/fixture.ts'

const noGateway =
  'The denylist endpoint says nothing about tokens that it cannot read, because the service behind it will refuse them. Here the Check is the only one who asks (C10).'

const simple: readonly Case[] = [
  {
    id: 'R1',
    upstream: 'test_oauth2_token_post_revoke (15)',
    asks: 'a refresh token of the code flow, used after its client revoked it',
    theirs: 'revoke 200; refresh 400',
    notApplicable:
      'Postern has no code flow and takes no refresh tokens in exchange for others. That they can be revoked is R2.',
  },
  {
    id: 'R2.1',
    upstream: 'test_denylisted_token[user] (34)',
    asks: 'a user revokes a refresh token of theirs, by an access token',
    theirs: '200; is denylisted',
    tokens: { refresh: { kind: 'refresh' }, access: { kind: 'access' } },
    steps: [
      { do: 'revoke', by: 'portal', token: '{refresh}', revoker: '{access}', gives: 'recorded' },
      { do: 'lookup', token: '{refresh}', gives: 'token_revoked' },
      { do: 'lookup', token: '{access}', gives: 'clear' },
    ],
  },
  {
    id: 'R2.2',
    upstream: 'test_denylisted_token[client] (34)',
    asks: 'a client revokes a refresh token of its own',
    theirs: '200; is denylisted',
    tokens: { refresh: { kind: 'refresh' } },
    steps: [
      { do: 'revoke', by: 'client', token: '{refresh}', gives: 'recorded' },
      { do: 'lookup', token: '{refresh}', gives: 'token_revoked' },
    ],
  },
  {
    id: 'R3',
    upstream: 'test_revoke_expired_token (56)',
    asks: 'a client revokes an expired access token',
    theirs: '200',
    tokens: { old: { kind: 'access', claims: { iat: NOW - 1200, exp: NOW - 600 } } },
    steps: [{ do: 'revoke', by: 'client', token: '{old}', gives: { nothing: 'token_expired' } }],
  },
  {
    id: 'R4',
    upstream: 'test_revoke_malformed_token (77)',
    asks: 'a client revokes what is no token',
    theirs: '200',
    steps: [{ do: 'revoke', by: 'client', token: 'blah', gives: { nothing: 'credential_malformed' } }],
  },
  {
    id: 'R5',
    upstream: 'test_revoke_non_revocable_token (92)',
    mark: 'weak',
    asks: 'a client revokes an ID token of its own',
    theirs: '400 by its type (the test sends a token without claims and gets 400 for its azp)',
    tokens: { id: { kind: 'id' } },
    steps: [{ do: 'revoke', by: 'client', token: '{id}', gives: invalidArgument('not_revocable', { cause: 'id' }) }],
  },
  {
    id: 'R6',
    upstream: 'test_denylist_invalid_token (107)',
    asks: 'what is no token, at the denylist endpoint',
    theirs: '200',
    differs: noGateway,
    steps: [{ do: 'check', at: 'gen3', bearer: 'blah', gives: denied(401, 'credential_malformed') }],
  },
  {
    id: 'R7.1',
    upstream: 'test_revoke_regular_access_token[user] (117)',
    mark: 'weak',
    asks: 'a user revokes a plain access token',
    theirs: '400 by its type (the test sends no token)',
    differs:
      'The same, unless the token is its own revoker: that is a logout, and it is what Synapse has and Fence lacks (C14).',
    tokens: { access: { kind: 'access' }, other: { kind: 'access' } },
    steps: [
      {
        do: 'revoke',
        by: 'portal',
        token: '{access}',
        revoker: '{other}',
        gives: invalidArgument('not_revocable', { cause: 'access' }),
      },
      { do: 'check', at: 'gen3', bearer: '{access}', gives: allowed },
      { do: 'revoke', by: 'portal', token: '{access}', revoker: '{access}', gives: 'recorded' },
      { do: 'check', at: 'gen3', bearer: '{access}', gives: denylisted },
    ],
  },
  {
    id: 'R7.2',
    upstream: 'test_revoke_regular_access_token[client] (117)',
    asks: 'a client revokes a plain access token of its own',
    theirs: '400; denylist endpoint 200; the token still works',
    tokens: { access: { kind: 'access' } },
    steps: [
      {
        do: 'revoke',
        by: 'client',
        token: '{access}',
        gives: invalidArgument('not_revocable', { cause: 'access' }),
      },
      { do: 'lookup', token: '{access}', gives: 'clear' },
      { do: 'check', at: 'gen3', bearer: '{access}', gives: allowed },
    ],
  },
]

const newKey: Step = {
  do: 'issue',
  grant: { subject: '1234', kind: 'api_key', scopes: ['fence', 'openid', 'user', 'data'] },
  as: 'key',
  gives: {},
}
const newTask: Step = {
  do: 'issue',
  grant: { apiKey: '{key}', taskType: 'FOO' },
  as: 'task',
  gives: { seconds: MAX_ACCESS },
}

const revoked: readonly Case[] = [
  {
    id: 'R8.1',
    upstream: 'test_revoke_token[api_key] (153)',
    asks: 'an API key revokes itself',
    theirs: 'denylist endpoint 200; revoke 200; denylist endpoint 403; minting with it 401',
    differs:
      'An API key opens nothing at a Check, revoked or not, so the denylist is asked for it at Issue. What was minted from it is refused too (C15).',
    steps: [
      newKey,
      newTask,
      { do: 'lookup', token: '{key}', gives: 'clear' },
      { do: 'check', at: 'foo', bearer: '{task}', gives: allowed },
      { do: 'check', at: 'gen3', bearer: '{key}', gives: denied(401, 'purpose_refused') },
      { do: 'revoke', by: 'portal', token: '{key}', revoker: '{key}', gives: 'recorded' },
      { do: 'lookup', token: '{key}', gives: 'api_key_revoked' },
      { do: 'check', at: 'gen3', bearer: '{key}', gives: denied(401, 'purpose_refused') },
      { do: 'issue', grant: { apiKey: '{key}' }, gives: unauthenticated('api_key_revoked') },
      { do: 'check', at: 'foo', bearer: '{task}', gives: denied(403, 'api_key_revoked', 'Token is denylisted') },
    ],
  },
  {
    id: 'R8.2',
    upstream: 'test_revoke_token[task_token] (153)',
    mark: 'vacuous',
    asks: 'a task token revokes itself',
    theirs: 'allowed where FOO is, revoke 200, then 403 (the test ends at a route that never takes FOO)',
    steps: [
      newKey,
      newTask,
      { do: 'check', at: 'foo', bearer: '{task}', gives: allowed },
      { do: 'revoke', by: 'portal', token: '{task}', revoker: '{task}', gives: 'recorded' },
      { do: 'check', at: 'foo', bearer: '{task}', gives: denylisted },
      { do: 'issue', grant: { apiKey: '{key}' }, gives: {} },
    ],
  },
  {
    id: 'R9',
    upstream: 'test_revoke_requires_form_urlencoded (220)',
    asks: 'a revocation as JSON',
    theirs: '400',
    notApplicable: 'Revoke is gRPC: there is one encoding. A request without a token is R11.',
  },
  {
    id: 'R10',
    upstream: 'test_denylisted_expired_task_token (238)',
    asks: 'a task token of 2 s, for gen3 and FOO, revoked and expired',
    theirs: 'revoke 200; three seconds later the denylist endpoint still says 403',
    differs:
      'It stays on the denylist, as there. A Check refuses it as expired (401) before it asks the denylist, since expiry needs no store (C8).',
    tokens: {
      task: { kind: 'task', claims: { aud: ['gen3', 'FOO'], azp: 'test-client', exp: NOW + 2 } },
    },
    steps: [
      { do: 'revoke', by: 'client', token: '{task}', gives: 'recorded' },
      { do: 'check', at: 'gen3', bearer: '{task}', gives: denylisted },
      { do: 'wait', seconds: 3 },
      { do: 'lookup', token: '{task}', gives: 'token_revoked' },
      { do: 'check', at: 'gen3', bearer: '{task}', gives: denied(401, 'token_expired') },
    ],
  },
  {
    id: 'R11',
    upstream: 'test_revoke_endpoint_anonymous (279)',
    asks: 'a revocation by nobody, of nothing',
    theirs: '400',
    differs:
      'Who calls comes before what is asked: nobody is UNAUTHENTICATED. From a caller it is INVALID_ARGUMENT, as there.',
    steps: [
      { do: 'revoke', by: 'nobody', gives: unauthenticated('caller_unauthenticated') },
      { do: 'revoke', by: 'portal', gives: invalidArgument('request_invalid', { text: 'token is required' }) },
    ],
  },
  {
    id: 'R12',
    upstream: 'test_denylisted_endpoint_anonymous (288)',
    asks: 'no token, at the denylist endpoint',
    theirs: '200',
    differs: noGateway,
    steps: [
      { do: 'check', at: 'gen3', gives: denied(401, 'credential_missing', 'A bearer token is required') },
      { do: 'check', at: 'open', gives: allowed },
    ],
  },
]

const mine = { task: { kind: 'task' } } as const
const whole: Step = { do: 'check', at: 'foo', bearer: '{task}', gives: allowed }
const blocked: Step = { do: 'check', at: 'foo', bearer: '{task}', gives: denylisted }

const access: readonly Case[] = [
  {
    id: 'R13.1',
    upstream: 'test_revoke_task_token_access[self] (297)',
    mark: 'vacuous',
    asks: 'the owner revokes a task token by that very token',
    theirs: 'revoke 200, denylist endpoint 403, use refused',
    tokens: mine,
    steps: [
      whole,
      { do: 'revoke', by: 'portal', token: '{task}', revoker: '{task}', gives: 'recorded' },
      { do: 'lookup', token: '{task}', gives: 'token_revoked' },
      blocked,
    ],
  },
  {
    id: 'R13.2',
    upstream: 'test_revoke_task_token_access[authorized_user] (297)',
    mark: 'weak',
    asks: 'somebody else revokes it, whom Arborist lets',
    theirs: 'revoke 200, denylist endpoint 403, use refused (at a route that never takes FOO)',
    tokens: { ...mine, foreign: { kind: 'access', claims: { sub: '80' } } },
    steps: [
      whole,
      { do: 'revoke', by: 'admin', token: '{task}', revoker: '{foreign}', gives: 'recorded' },
      { do: 'lookup', token: '{task}', gives: 'token_revoked' },
      blocked,
    ],
  },
  {
    id: 'R13.3',
    upstream: 'test_revoke_task_token_access[unauthorized_user] (297)',
    mark: 'vacuous',
    asks: 'somebody else revokes it, whom Arborist does not let',
    theirs: 'revoke 403, denylist endpoint 200, use allowed',
    tokens: { ...mine, foreign: { kind: 'access', claims: { sub: '80' } } },
    steps: [
      { do: 'revoke', by: 'portal', token: '{task}', revoker: '{foreign}', gives: permissionDenied('not_owner') },
      { do: 'lookup', token: '{task}', gives: 'clear' },
      whole,
    ],
  },
  {
    id: 'R13.4',
    upstream: 'test_revoke_task_token_access[authorized_anon] (297)',
    mark: 'weak',
    asks: 'nobody revokes it, and Arborist lets anybody',
    theirs: 'revoke 200, denylist endpoint 403, use refused (at a route that never takes FOO)',
    differs: 'There is no anonymous revocation (C18): whoever may revoke what others hold is a caller with a name.',
    tokens: mine,
    steps: [
      { do: 'revoke', by: 'nobody', token: '{task}', gives: unauthenticated('caller_unauthenticated') },
      { do: 'lookup', token: '{task}', gives: 'clear' },
      whole,
    ],
  },
  {
    id: 'R13.5',
    upstream: 'test_revoke_task_token_access[unauthorized_anon] (297)',
    mark: 'vacuous',
    asks: 'nobody revokes it, and Arborist does not let',
    theirs: 'revoke 403, denylist endpoint 200, use allowed',
    differs:
      'The token stays good, as there. The answer says what is missing: a caller (UNAUTHENTICATED), a right of the caller (PERMISSION_DENIED), or the token of the user (INVALID_ARGUMENT).',
    tokens: mine,
    steps: [
      { do: 'revoke', by: 'nobody', token: '{task}', gives: unauthenticated('caller_unauthenticated') },
      { do: 'revoke', by: 'bystander', token: '{task}', gives: permissionDenied('caller_denied') },
      {
        do: 'revoke',
        by: 'portal',
        token: '{task}',
        gives: invalidArgument('request_invalid', { text: 'revoker_token is required' }),
      },
      { do: 'lookup', token: '{task}', gives: 'clear' },
      whole,
    ],
  },
]

export const revoke: Suite = {
  title: '§6.4 Revoking',
  file: 'revoke.ts',
  about:
    'Fence `tests/rfc6749/test_revoke.py`. The user path (Bearer) is the caller `portal` with a `revoker_token`, the client path (Basic) the caller `client`; the denylist endpoint is a Check, or the denylist itself where a Check refuses for another reason.',
  cases: [...simple, ...revoked, ...access],
}
