// §10: where the sources contradict each other or themselves, the answer that was chosen (C1 to C22). Data only.
import {
  allowed,
  badKey,
  denied,
  denylisted,
  failedPrecondition,
  invalidArgument,
  permissionDenied,
  unauthenticated,
  unavailable,
} from '../../support/conformance/answers.ts'
import type { Case, Suite } from '../../support/conformance/case.ts'
import { ISSUER, NOW } from '../../support/conformance/fixture.ts'

const key = { key: { kind: 'api_key' } } as const
const soon = { soon: { kind: 'api_key', claims: { exp: NOW + 60 } } } as const
const outlives = failedPrecondition('api_key_expires_first')

const lifetimes: readonly Case[] = [
  {
    id: 'C1',
    upstream: 'task_tokens.md against code and A4.1',
    asks: 'a task token without a lifetime',
    theirs: "docs: the type's maximum; code: that of access tokens, or the type's if it is shorter",
    tokens: key,
    steps: [
      { do: 'issue', grant: { apiKey: '{key}', taskType: 'FOO' }, gives: { seconds: 3600 } },
      { do: 'issue', grant: { apiKey: '{key}', taskType: 'SHORT' }, gives: { seconds: 100 } },
      { do: 'issue', grant: { apiKey: '{key}', taskType: 'NOT_IN_CONFIG' }, gives: { seconds: 3600 } },
    ],
  },
  {
    id: 'C2.1',
    upstream: 'review against code and A3.3',
    asks: 'more than the maximum',
    theirs: 'review: the request fails; code: capped',
    tokens: key,
    steps: [{ do: 'issue', grant: { apiKey: '{key}' }, expiresIn: 3601n, gives: { seconds: 3600 } }],
  },
  {
    id: 'C2.2',
    upstream: 'review against code and A4.3',
    asks: 'more than the maximum under ttl_policy: reject',
    theirs: 'review: the request fails',
    house: { signing: { ttl_policy: 'reject' } },
    tokens: key,
    steps: [
      {
        do: 'issue',
        grant: { apiKey: '{key}' },
        expiresIn: 3601n,
        gives: invalidArgument('expires_in_exceeds_max'),
      },
      {
        do: 'issue',
        grant: { apiKey: '{key}', taskType: 'FOO' },
        expiresIn: 4001n,
        gives: invalidArgument('expires_in_exceeds_max'),
      },
      { do: 'issue', grant: { apiKey: '{key}', taskType: 'FOO' }, expiresIn: 4000n, gives: { seconds: 4000 } },
    ],
  },
  {
    id: 'C3.1',
    upstream: 'docs against code',
    asks: 'a type of 100 s, granted for 100 s, for 5000 s',
    theirs: 'docs: fails; code: capped first, so it succeeds',
    tokens: key,
    steps: [{ do: 'issue', grant: { apiKey: '{key}', taskType: 'SHORT' }, expiresIn: 5000n, gives: { seconds: 100 } }],
  },
  {
    id: 'C3.2',
    upstream: 'authz/auth.py (89-110)',
    asks: 'a type granted for 200 s, for 100 s',
    theirs: 'refused: a grant …/200 is for exactly 200 s',
    differs: 'A rule says how long at most. Whoever may have 200 s may have 100 s.',
    tokens: key,
    steps: [
      {
        do: 'issue',
        grant: { apiKey: '{key}', taskType: 'TASK_TOKEN_TYPE_WITH_FIXED_EXPIRATION' },
        expiresIn: 100n,
        gives: { seconds: 100 },
      },
    ],
  },
  {
    id: 'C4.1',
    upstream: 'default_expiration_times.md, A5',
    asks: 'a token that would outlive its API key, by request or by default',
    theirs: 'refused, never shortened',
    tokens: soon,
    steps: [
      { do: 'issue', grant: { apiKey: '{soon}' }, expiresIn: 61n, gives: outlives },
      { do: 'issue', grant: { apiKey: '{soon}' }, gives: outlives },
      { do: 'issue', grant: { apiKey: '{soon}', taskType: 'SHORT' }, gives: outlives },
      { do: 'issue', grant: { apiKey: '{soon}' }, expiresIn: 60n, gives: { seconds: 60 } },
    ],
  },
  {
    id: 'C4.2',
    upstream: 'none',
    asks: 'the same under clamp_to_api_key: true',
    theirs: 'there is no such setting',
    differs: 'Our own setting: shortened to the end of the key.',
    house: { signing: { clamp_to_api_key: true } },
    tokens: soon,
    steps: [
      { do: 'issue', grant: { apiKey: '{soon}' }, gives: { seconds: 60, claims: { exp: NOW + 60 } } },
      { do: 'issue', grant: { apiKey: '{soon}', taskType: 'FOO' }, expiresIn: 4000n, gives: { seconds: 60 } },
    ],
  },
  {
    id: 'C5',
    upstream: 'cdis_jwt.py against utils.get_valid_expiration',
    asks: 'a lifetime of 0 or less, of every kind',
    theirs: 'regular 200, task 403, elsewhere 400 "Requested expiry must be a positive integer"',
    tokens: key,
    steps: [
      { do: 'issue', grant: { apiKey: '{key}' }, expiresIn: 0n, gives: invalidArgument('expires_in_invalid') },
      {
        do: 'issue',
        grant: { apiKey: '{key}', taskType: 'FOO' },
        expiresIn: -1n,
        gives: invalidArgument('expires_in_invalid'),
      },
      {
        do: 'issue',
        grant: { subject: '1234', kind: 'access' },
        expiresIn: 0n,
        gives: invalidArgument('expires_in_invalid'),
      },
    ],
  },
]

const ids: readonly Case[] = [
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

const statuses: readonly Case[] = [
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

const audiences: readonly Case[] = [
  {
    id: 'C12',
    upstream: 'PyJWT any-of, go-authutils all-of',
    asks: 'one audience in common',
    theirs: 'PyJWT: passes; go-authutils: refused',
    tokens: {
      wide: { kind: 'access', claims: { aud: ['other', 'gen3'] } },
      text: { kind: 'access', claims: { aud: 'gen3' } },
    },
    steps: [
      { do: 'check', at: 'legacy', bearer: '{wide}', gives: allowed },
      { do: 'check', at: 'legacy', bearer: '{text}', gives: allowed },
    ],
  },
  {
    id: 'C13.1',
    upstream: 'R10: aud [gen3, FOO] and the marker',
    asks: 'a marked token that is also for gen3, on three routes',
    theirs: 'by its audience everywhere',
    differs: 'Accepted by either, and refused where a policy says deny_task_tokens.',
    tokens: { both: { kind: 'task', claims: { aud: ['gen3', 'FOO'] } } },
    steps: [
      { do: 'check', at: 'gen3', bearer: '{both}', gives: allowed },
      { do: 'check', at: 'foo', bearer: '{both}', gives: allowed },
      { do: 'check', at: 'no_tasks', bearer: '{both}', gives: denied(401, 'purpose_refused') },
    ],
  },
  {
    id: 'C13.2',
    upstream: 'W15: one list for audiences, clients and types',
    asks: 'a token for FOO without the marker',
    theirs: 'accepted by the services of FOO',
    differs: 'An audience alone never satisfies the rule for a task type.',
    tokens: { unmarked: { kind: 'access', claims: { aud: ['FOO'] } } },
    steps: [{ do: 'check', at: 'foo', bearer: '{unmarked}', gives: denied(401, 'audience_mismatch') }],
  },
  {
    id: 'C13.3',
    upstream: 'C13',
    asks: 'a marker FOO on a token that is not for FOO',
    theirs: 'refused by its audience',
    tokens: { misplaced: { kind: 'task', claims: { aud: ['BAR'] } } },
    steps: [{ do: 'check', at: 'foo', bearer: '{misplaced}', gives: denied(401, 'audience_mismatch') }],
  },
  {
    id: 'C13.4',
    upstream: 'W15: a client with the id FOO',
    asks: 'an access token for a client that is called like a task type, or like the commons',
    theirs: '200: its tokens pass for task tokens',
    differs: 'A client id becomes an audience, so it must not be one that means something else.',
    steps: [
      {
        do: 'issue',
        grant: { subject: '1234', kind: 'access', clientId: 'FOO' },
        gives: invalidArgument('request_invalid', { text: 'client_id is reserved' }),
      },
      {
        do: 'issue',
        grant: { subject: '1234', kind: 'access', clientId: 'gen3' },
        gives: invalidArgument('request_invalid', { text: 'client_id is reserved' }),
      },
    ],
  },
  {
    id: 'C13.5',
    upstream: 'C13',
    asks: 'a policy with a task type for an audience',
    theirs: 'there is no such check',
    differs: 'A configuration error: names of task types are nothing else.',
    steps: [
      {
        do: 'config',
        policy: { issuers: ['fence'], audiences: ['FOO'] },
        gives: { refused: 'is also an audience, an issuer or a client id; a task type must be nothing else' },
      },
    ],
  },
]

const rights: readonly Case[] = [
  {
    id: 'C14.1',
    upstream: 'R7 against Synapse',
    asks: 'revoking a plain access token where the configuration lists access',
    theirs: 'Fence 400; Synapse revokes every session',
    house: { signing: { revocable: ['access'] } },
    differs: 'As Fence by default (R7.2), as Synapse where the configuration says so.',
    tokens: { access: { kind: 'access' } },
    steps: [
      { do: 'revoke', by: 'client', token: '{access}', gives: 'recorded' },
      { do: 'check', at: 'gen3', bearer: '{access}', gives: denylisted },
    ],
  },
  {
    id: 'C14.2',
    upstream: 'Synapse DELETE …/SessionAccessToken/all, Azul POST /user/revoke',
    asks: 'everything of one user at once, by an epoch',
    theirs: 'every token of the user is void, later ones are good',
    tokens: {
      mine: { kind: 'access' },
      task: { kind: 'task' },
      key: { kind: 'api_key' },
      other: { kind: 'access', claims: { sub: '80' } },
      partner: { kind: 'access', key: 'partner' },
    },
    steps: [
      { do: 'record', revocation: { dimension: 'subject', issuer: ISSUER, id: '1234', plusSeconds: 0 } },
      { do: 'check', at: 'gen3', bearer: '{mine}', gives: denied(403, 'subject_revoked', 'Token is denylisted') },
      { do: 'check', at: 'foo', bearer: '{task}', gives: denied(403, 'subject_revoked') },
      { do: 'lookup', token: '{key}', gives: 'subject_revoked' },
      { do: 'check', at: 'gen3', bearer: '{other}', gives: allowed },
      { do: 'check', at: 'partner', bearer: '{partner}', gives: allowed },
      { do: 'issue', grant: { subject: '1234', kind: 'access' }, as: 'later', gives: {} },
      { do: 'check', at: 'gen3', bearer: '{later}', gives: allowed },
    ],
  },
  {
    id: 'C15',
    upstream: 'W10: no cascade',
    asks: 'tokens minted from an API key that is revoked afterwards',
    theirs: 'they live on',
    differs: 'Everything that was minted from a key goes with it, and nothing else does.',
    tokens: { ...key, other: { kind: 'api_key' }, user: { kind: 'access' } },
    steps: [
      { do: 'issue', grant: { apiKey: '{key}' }, as: 'access', gives: { contextNames: ['api_key'] } },
      { do: 'issue', grant: { apiKey: '{key}', taskType: 'FOO' }, as: 'task', gives: {} },
      { do: 'issue', grant: { apiKey: '{other}' }, as: 'unrelated', gives: {} },
      { do: 'revoke', by: 'portal', token: '{key}', revoker: '{user}', gives: 'recorded' },
      { do: 'check', at: 'gen3', bearer: '{access}', gives: denied(403, 'api_key_revoked', 'Token is denylisted') },
      { do: 'check', at: 'foo', bearer: '{task}', gives: denied(403, 'api_key_revoked', 'Token is denylisted') },
      { do: 'check', at: 'gen3', bearer: '{unrelated}', gives: allowed },
      { do: 'check', at: 'gen3', bearer: '{user}', gives: allowed },
      { do: 'revoke', by: 'portal', token: '{task}', revoker: '{user}', gives: 'recorded' },
      { do: 'issue', grant: { apiKey: '{other}' }, gives: {} },
    ],
  },
  {
    id: 'C16',
    upstream: 'Txn-Tokens may outlive their subject token, Fence never',
    asks: 'anything from an API key that is over, or would be before it',
    theirs: 'refused',
    tokens: { over: { kind: 'api_key', claims: { iat: NOW - 600, exp: NOW } }, ...soon },
    steps: [
      { do: 'issue', grant: { apiKey: '{over}' }, gives: badKey('token_expired') },
      { do: 'issue', grant: { apiKey: '{soon}' }, gives: outlives },
    ],
  },
  {
    id: 'C17',
    upstream: 'RFC 8693: a refresh token is never a subject',
    asks: 'what an API key is called',
    theirs: 'nothing',
    tokens: key,
    steps: [
      {
        do: 'issue',
        grant: { subject: '1234', kind: 'api_key' },
        gives: { tokenType: 'urn:postern:token-type:api_key' },
      },
      {
        do: 'issue',
        grant: { apiKey: '{key}' },
        gives: { tokenType: 'urn:ietf:params:oauth:token-type:access_token' },
      },
    ],
  },
  {
    id: 'C18.1',
    upstream: 'oauth2.py: by sub alone',
    asks: 'a user of the same number at another issuer',
    theirs: '200',
    differs: 'Owners are the same where sub and iss are.',
    tokens: {
      theirs: { kind: 'task', key: 'partner', claims: { aud: ['gen3', 'FOO'] } },
      ours: { kind: 'access' },
    },
    steps: [
      { do: 'revoke', by: 'portal', token: '{theirs}', revoker: '{ours}', gives: permissionDenied('not_owner') },
      { do: 'check', at: 'partner', bearer: '{theirs}', gives: allowed },
    ],
  },
  {
    id: 'C18.2',
    upstream: 'oauth2.py (386-392)',
    asks: 'a revoker that is expired, denylisted, forged, malformed, for another audience, or a task token',
    theirs: '200 for all but the denylisted, forged and malformed',
    differs: 'The token that stands for a user must be as good as at a Check (W11).',
    tokens: {
      refresh: { kind: 'refresh' },
      old: { kind: 'access', claims: { iat: NOW - 700, exp: NOW } },
      listed: { kind: 'access', claims: { jti: 'listed' } },
      forged: { kind: 'access', key: 'foreign', header: { kid: 'test-keypair' } },
      other: { kind: 'access', claims: { aud: ['other'] } },
      task: { kind: 'task', claims: { aud: ['gen3', 'FOO'] } },
      good: { kind: 'access' },
    },
    steps: [
      { do: 'record', revocation: { dimension: 'jti', issuer: ISSUER, id: 'listed', until: NOW + 9999 } },
      ...(
        [
          ['{old}', 'token_expired'],
          ['{listed}', 'token_revoked'],
          ['{forged}', 'signature_invalid'],
          ['blah', 'credential_malformed'],
          ['{other}', 'audience_mismatch'],
          ['{task}', 'purpose_refused'],
        ] as const
      ).map(
        ([revoker, cause]) =>
          ({
            do: 'revoke',
            by: 'portal',
            token: '{refresh}',
            revoker,
            gives: unauthenticated('revoker_invalid', { cause }),
          }) as const,
      ),
      { do: 'lookup', token: '{refresh}', gives: 'clear' },
      { do: 'revoke', by: 'portal', token: '{refresh}', revoker: '{good}', gives: 'recorded' },
    ],
  },
  {
    id: 'C18.3',
    upstream: 'jwt_generator.py: azp "" for what an API key makes',
    asks: 'a client and a token of no client',
    theirs: '400: no client can revoke it',
    differs: 'PERMISSION_DENIED, as for the token of another client. Its owner can revoke it.',
    tokens: { key: { kind: 'api_key' }, user: { kind: 'access' } },
    steps: [
      { do: 'issue', grant: { apiKey: '{key}', taskType: 'FOO' }, as: 'task', gives: { claims: { azp: '' } } },
      { do: 'revoke', by: 'client', token: '{task}', gives: permissionDenied('not_owner') },
      { do: 'revoke', by: 'portal', token: '{task}', revoker: '{user}', gives: 'recorded' },
      { do: 'check', at: 'foo', bearer: '{task}', gives: denylisted },
    ],
  },
]

const keys: readonly Case[] = [
  {
    id: 'C19.1',
    upstream: 'W1: verified with the newest key',
    asks: 'tokens of the previous key: use, revocation, use',
    theirs: 'used by kid; revocation 200 without effect; used',
    differs: 'By kid over all keys, everywhere (W1).',
    tokens: {
      task: { kind: 'task', key: 'previous' },
      key: { kind: 'api_key', key: 'previous' },
    },
    steps: [
      { do: 'check', at: 'foo', bearer: '{task}', gives: allowed },
      { do: 'revoke', by: 'client', token: '{task}', gives: 'recorded' },
      { do: 'check', at: 'foo', bearer: '{task}', gives: denylisted },
      { do: 'issue', grant: { apiKey: '{key}' }, gives: {} },
    ],
  },
  {
    id: 'C19.2',
    upstream: 'W1',
    asks: 'tokens of a retired key: use, revocation, an API key',
    theirs: 'good for as long as the key is in the folder',
    differs:
      'A retired key is published no more and good at no Check; it still verifies API keys, which live longer, and what is to be revoked.',
    tokens: {
      task: { kind: 'task', key: 'retired' },
      key: { kind: 'api_key', key: 'retired' },
      user: { kind: 'access' },
    },
    steps: [
      { do: 'check', at: 'foo', bearer: '{task}', gives: denied(401, 'key_unknown') },
      { do: 'revoke', by: 'client', token: '{task}', gives: 'recorded' },
      { do: 'lookup', token: '{task}', gives: 'token_revoked' },
      { do: 'issue', grant: { apiKey: '{key}' }, as: 'access', gives: {} },
      { do: 'check', at: 'gen3', bearer: '{access}', gives: allowed },
      { do: 'revoke', by: 'portal', token: '{key}', revoker: '{user}', gives: 'recorded' },
      { do: 'check', at: 'gen3', bearer: '{access}', gives: denied(403, 'api_key_revoked') },
      { do: 'issue', grant: { apiKey: '{key}' }, gives: unauthenticated('api_key_revoked') },
    ],
  },
  {
    id: 'C20',
    upstream: 'Fence: a list; OAuth: a text',
    asks: 'scopes as a text with spaces, and what is made of them',
    theirs: 'a list, or a text',
    tokens: {
      text: { kind: 'access', claims: { scope: 'openid user' } },
      joined: { kind: 'access', claims: { scope: 'openiduser' } },
      key: { kind: 'api_key', claims: { scope: 'fence openid' } },
    },
    steps: [
      { do: 'check', at: 'scoped', bearer: '{text}', gives: allowed },
      { do: 'check', at: 'scoped', bearer: '{joined}', gives: denied(403, 'scope_missing') },
      { do: 'issue', grant: { apiKey: '{key}' }, gives: { claims: { scope: ['fence', 'openid'] } } },
    ],
  },
]

/** C21. What each of theirs makes of it: Fence takes the second word, Arborist trims, Azul wants two words. */
const spellings = [
  { value: 'Bearer {token}', theirs: 'read', gives: allowed },
  { value: 'bearer {token}', theirs: 'read', gives: allowed },
  { value: 'BEARER {token}', theirs: 'read', gives: allowed },
  { value: 'Bearer  {token}', theirs: 'Fence reads an empty token and says 200, Arborist reads the token' },
  { value: ' Bearer {token}', theirs: 'as a server strips it' },
  { value: 'Bearer {token} ', theirs: 'read' },
  { value: 'Bearer {token} x', theirs: 'Fence reads the token, Azul refuses' },
  { value: 'Bearer\t{token}', theirs: 'Fence fails, Azul reads the token' },
  { value: 'BearerX {token}', theirs: 'Fence reads the token' },
  { value: 'Bearer{token}', theirs: 'Fence fails' },
  { value: 'Token {token}', theirs: 'Fence says 200; as a revoker it reads the token' },
  { value: '{token}', theirs: 'authutils refuses' },
  { value: 'Bearer', theirs: 'Fence fails' },
  { value: 'Bearer ', theirs: 'Fence reads an empty token and says 200' },
  { value: '', theirs: 'as none' },
  {
    value: 'Bearer {token},Bearer {token}',
    theirs: 'Fence reads a token that is none and says 200',
    reason: 'credential_ambiguous',
  },
  { value: 'Bearer {token}.e30', theirs: 'fails to decode, 200' },
  { value: 'Bearer e30.e30.e30.e30.e30', theirs: 'fails to decode, 200' },
  { value: 'Bearer e30.e30', theirs: 'fails to decode, 200' },
] as const

const headers: readonly Case[] = [
  ...spellings.map((row, index): Case => {
    const reason = 'reason' in row ? row.reason : 'credential_malformed'
    const gives = 'gives' in row ? row.gives : denied(401, reason)
    return {
      id: `C21.${index + 1}`,
      upstream: 'jwt/utils.py, Arborist, Azul app.py',
      asks: `Authorization: ${JSON.stringify(row.value)}`,
      theirs: row.theirs,
      ...('gives' in row || row.theirs === 'authutils refuses'
        ? {}
        : {
            differs:
              'One scheme, one space, one compact JWS, nothing else: what can be read in two ways is refused (W3).',
          }),
      tokens: row.value.includes('{token}') ? { token: { kind: 'access' } } : {},
      steps: [{ do: 'check', at: 'gen3', headers: [['authorization', row.value]], gives }],
    }
  }),
  {
    id: `C21.${spellings.length + 1}`,
    upstream: 'nginx, Fence',
    asks: 'two Authorization headers, the same or not',
    theirs: 'the first, the last or both joined, by the server',
    differs: 'Two credentials are two readings of one request, so neither counts (C21, W3).',
    tokens: { token: { kind: 'access' }, other: { kind: 'access' } },
    steps: (['{token}', '{other}'] as const).map(
      (second) =>
        ({
          do: 'check',
          at: 'gen3',
          bearer: '{token}',
          headers: [['authorization', `Bearer ${second}`]],
          gives: denied(401, 'credential_ambiguous'),
        }) as const,
    ),
  },
  {
    id: 'C22',
    upstream: 'revproxy: the header wins, the cookie is forwarded',
    asks: 'header and cookie: which counts, and what the upstream sees',
    theirs: 'the header; both',
    differs: 'The header; the cookie never arrives unchecked. CSRF is §5.',
    tokens: { good: { kind: 'access' }, bad: { kind: 'access', claims: { aud: ['other'] } } },
    steps: [
      {
        do: 'check',
        at: 'browser',
        bearer: '{good}',
        headers: [['cookie', 'access_token={bad}']],
        gives: { allow: true, removes: ['cookie'] },
      },
      {
        do: 'check',
        at: 'browser',
        bearer: '{bad}',
        headers: [['cookie', 'access_token={good}']],
        gives: denied(401, 'audience_mismatch'),
      },
      { do: 'check', at: 'browser', headers: [['cookie', 'access_token={good}']], gives: allowed },
    ],
  },
]

export const resolutions: Suite = {
  title: '§10 Contradictions, resolved',
  file: 'resolutions.ts',
  about: 'C1 to C22. "Theirs" are the answers that contradict each other; "same" where ours is one of them.',
  cases: [...lifetimes, ...ids, ...statuses, ...audiences, ...rights, ...keys, ...headers],
}
