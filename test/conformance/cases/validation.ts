// §6.6: validating a token. authutils tests/test_jwt.py and test_fastapi.py, version 8 where 7 differs. Data only.
import { allowed, denied, denylisted } from '../../support/conformance/answers.ts'
import type { Case, Suite } from '../../support/conformance/case.ts'
import { ISSUER, NOW } from '../../support/conformance/fixture.ts'
import { CURRENT_KID } from '../../support/conformance/tokens.ts'

const needsAudience = 'needs audiences or task_types: a token for anything must not be good here'
const needsIssuers = 'needs issuers: no token would be accepted'
const access = { access: { kind: 'access' } } as const

const tokens: readonly Case[] = [
  {
    id: 'U1',
    upstream: 'test_valid_signature',
    asks: 'a valid token',
    theirs: 'its claims',
    tokens: access,
    steps: [
      {
        do: 'check',
        at: 'gen3',
        bearer: '{access}',
        gives: {
          allow: true,
          sets: {
            'x-auth-subject': '1234',
            'x-auth-issuer': ISSUER,
            'x-auth-token-id': 'jti-of-access',
            'x-auth-client': 'test-client',
            'x-auth-username': 'test-user',
            'x-auth-scopes': 'openid user',
          },
          removes: ['x-auth-task-type'],
        },
      },
    ],
  },
  {
    id: 'U2',
    upstream: 'test_expired_token_rejected',
    asks: 'an expired token',
    theirs: 'JWTExpiredError',
    tokens: { old: { kind: 'access', claims: { iat: NOW - 700, exp: NOW - 100 } } },
    steps: [{ do: 'check', at: 'gen3', bearer: '{old}', gives: denied(401, 'token_expired') }],
  },
  {
    id: 'U3',
    upstream: 'test_invalid_signature_rejected',
    asks: 'a token signed by another key under our key id',
    theirs: 'JWTError',
    tokens: { forged: { kind: 'access', key: 'foreign', header: { kid: CURRENT_KID } } },
    steps: [{ do: 'check', at: 'gen3', bearer: '{forged}', gives: denied(401, 'signature_invalid') }],
  },
  {
    id: 'U4',
    upstream: 'test_invalid_scope_rejected',
    asks: 'a token without a scope that is needed',
    theirs: 'JWTScopeError',
    tokens: { narrow: { kind: 'access', claims: { scope: ['openid'] } } },
    steps: [
      {
        do: 'check',
        at: 'scoped',
        bearer: '{narrow}',
        gives: denied(403, 'scope_missing', 'The token does not allow this'),
      },
    ],
  },
  {
    id: 'U5',
    upstream: 'test_missing_aud_rejected',
    asks: 'a token for other audiences than the expected one',
    theirs: 'JWTError (version 7 lets it pass)',
    tokens: access,
    steps: [{ do: 'check', at: 'baz', bearer: '{access}', gives: denied(401, 'audience_mismatch') }],
  },
  {
    id: 'U6',
    upstream: 'test_unexpected_aud_rejected',
    asks: 'a token with an audience where none is expected',
    theirs: 'JWTAudienceError (version 7 lets it pass)',
    differs:
      'A policy that expects no audience and no task type is a configuration error, so that the question never comes up.',
    steps: [{ do: 'config', policy: { issuers: ['fence'] }, gives: { refused: needsAudience } }],
  },
  {
    id: 'U7',
    upstream: 'test_expected_missing_aud_accepted',
    asks: 'a token without an audience where none is expected',
    theirs: 'passes',
    differs: 'As in U6; and a token without an audience is for nobody.',
    tokens: { bare: { kind: 'access', claims: { aud: undefined } } },
    steps: [
      { do: 'config', policy: { issuers: ['fence'] }, gives: { refused: needsAudience } },
      { do: 'check', at: 'gen3', bearer: '{bare}', gives: denied(401, 'audience_mismatch') },
    ],
  },
  {
    id: 'U8',
    upstream: 'test_valid_aud_accepted',
    asks: 'a token for foo, bar and baz where baz is expected',
    theirs: 'passes',
    tokens: { wide: { kind: 'access', claims: { aud: ['foo', 'bar', 'baz'] } } },
    steps: [{ do: 'check', at: 'baz', bearer: '{wide}', gives: allowed }],
  },
  {
    id: 'U9',
    upstream: 'test_invalid_iss_rejected',
    asks: 'a token of another issuer',
    theirs: 'JWTError',
    tokens: { alien: { kind: 'access', claims: { iss: 'http://localhost/other' } } },
    steps: [{ do: 'check', at: 'gen3', bearer: '{alien}', gives: denied(401, 'issuer_unknown') }],
  },
  {
    id: 'U10',
    upstream: 'no iss at all',
    asks: 'a token without an issuer',
    theirs: 'JWTError (version 7: KeyError)',
    tokens: { orphan: { kind: 'access', claims: { iss: undefined } } },
    steps: [{ do: 'check', at: 'gen3', bearer: '{orphan}', gives: denied(401, 'issuer_unknown') }],
  },
]

const options: readonly Case[] = [
  {
    id: 'U11.1',
    upstream: 'denylist callback returns True',
    asks: 'a denylist that has the token',
    theirs: 'JWTError',
    tokens: { access: { kind: 'access', claims: { jti: 'listed' } } },
    steps: [
      { do: 'record', revocation: { dimension: 'jti', issuer: ISSUER, id: 'listed', until: NOW + 600 } },
      { do: 'check', at: 'gen3', bearer: '{access}', gives: denylisted },
    ],
  },
  {
    id: 'U11.2',
    upstream: 'denylist callback returns False',
    asks: 'a denylist that does not have the token',
    theirs: 'its claims',
    tokens: access,
    steps: [{ do: 'check', at: 'gen3', bearer: '{access}', gives: allowed }],
  },
  {
    id: 'U11.3',
    upstream: 'denylist callback receives jti',
    asks: 'what the denylist is asked about',
    theirs: 'the jti',
    tokens: {
      one: { kind: 'access', claims: { jti: 'listed' } },
      other: { kind: 'access', claims: { jti: 'Listed' } },
    },
    steps: [
      { do: 'record', revocation: { dimension: 'jti', issuer: ISSUER, id: 'listed', until: NOW + 600 } },
      { do: 'check', at: 'gen3', bearer: '{one}', gives: denylisted },
      { do: 'check', at: 'gen3', bearer: '{other}', gives: allowed },
    ],
  },
  {
    id: 'U11.4',
    upstream: 'denylist callback is not callable',
    asks: 'a denylist that is none',
    theirs: 'ValueError',
    notApplicable: 'The denylist is no option of a call: there always is one, and the compiler knows its type.',
  },
  {
    id: 'U12.1',
    upstream: 'purpose access, token access',
    asks: 'an access token where one is wanted',
    theirs: 'its claims',
    tokens: access,
    steps: [{ do: 'check', at: 'gen3', bearer: '{access}', gives: allowed }],
  },
  {
    id: 'U12.2',
    upstream: 'purpose refresh, token access',
    asks: 'a token of another purpose than the wanted one',
    theirs: 'JWTError',
    tokens: { refresh: { kind: 'refresh' } },
    steps: [{ do: 'check', at: 'gen3', bearer: '{refresh}', gives: denied(401, 'purpose_refused') }],
  },
  {
    id: 'U12.3',
    upstream: 'purpose None',
    asks: 'any purpose where none is asked for',
    theirs: 'its claims',
    differs:
      'Which token is an access token is a property of its issuer, never left out by accident (W4). Only an issuer with "purpose: none" has no such rule.',
    tokens: {
      ours: { kind: 'access', claims: { pur: undefined } },
      theirs: { kind: 'access', key: 'partner', claims: { pur: undefined } },
    },
    steps: [
      { do: 'check', at: 'both', bearer: '{ours}', gives: denied(401, 'purpose_refused') },
      { do: 'check', at: 'both', bearer: '{theirs}', gives: allowed },
    ],
  },
  {
    id: 'U13',
    upstream: 'scope as list',
    asks: 'scopes as a list',
    theirs: 'its claims',
    tokens: access,
    steps: [{ do: 'check', at: 'scoped', bearer: '{access}', gives: allowed }],
  },
  {
    id: 'U14',
    upstream: 'options verify_aud False',
    asks: 'a token for somebody else where audiences are not checked',
    theirs: 'its claims',
    differs: 'A Check has no such option. Revoke is where the audience does not matter, there and here.',
    tokens: { task: { kind: 'task', claims: { aud: ['somebody-else'] } } },
    steps: [
      { do: 'check', at: 'gen3_or_foo', bearer: '{task}', gives: denied(401, 'audience_mismatch') },
      { do: 'revoke', by: 'client', token: '{task}', gives: 'recorded' },
    ],
  },
  {
    id: 'U15',
    upstream: 'aud argument of type int',
    asks: 'an expected audience that is no text',
    theirs: 'ValueError',
    steps: [
      {
        do: 'config',
        policy: { issuers: ['fence'], audiences: [5] },
        gives: { refused: 'must be a text' },
      },
    ],
  },
  {
    id: 'U16',
    upstream: 'test_get_nonexistent_public_key_fails',
    asks: 'a key id that nobody has',
    theirs: 'JWTError',
    tokens: { unknown: { kind: 'access', key: 'foreign' } },
    steps: [{ do: 'check', at: 'gen3', bearer: '{unknown}', gives: denied(401, 'key_unknown') }],
  },
]

const requests: readonly Case[] = [
  {
    id: 'U17.1',
    upstream: 'test_validate_request_jwt',
    asks: 'a request with a token of the scopes that are needed',
    theirs: '200',
    tokens: access,
    steps: [{ do: 'check', at: 'scoped', bearer: '{access}', gives: allowed }],
  },
  {
    id: 'U17.2',
    upstream: 'test_validate_request_no_jwt_fails',
    asks: 'a request without Authorization',
    theirs: 'JWTError',
    steps: [{ do: 'check', at: 'scoped', gives: denied(401, 'credential_missing') }],
  },
  {
    id: 'U17.3',
    upstream: 'test_validate_request_jwt_bad_header',
    asks: 'a request with the bare token in Authorization',
    theirs: 'JWTError',
    tokens: access,
    steps: [
      {
        do: 'check',
        at: 'scoped',
        headers: [['authorization', '{access}']],
        gives: denied(401, 'credential_malformed'),
      },
    ],
  },
  {
    id: 'U17.4',
    upstream: 'test_validate_request_jwt_missing_all_scopes',
    asks: 'a token without any scope',
    theirs: 'JWTScopeError',
    tokens: { none: { kind: 'access', claims: { scope: [] } } },
    steps: [{ do: 'check', at: 'scoped', bearer: '{none}', gives: denied(403, 'scope_missing') }],
  },
  {
    id: 'U17.5',
    upstream: 'test_validate_request_jwt_missing_some_scopes',
    asks: 'a token without one of the scopes',
    theirs: 'JWTScopeError',
    tokens: { one: { kind: 'access', claims: { scope: ['user'] } } },
    steps: [{ do: 'check', at: 'scoped', bearer: '{one}', gives: denied(403, 'scope_missing') }],
  },
]

const status =
  'The FastAPI layer answers 403 to everything. A token that is not good is 401 with a challenge here (C9); a policy may choose otherwise with deny_status.'

const fastapi: readonly Case[] = [
  {
    id: 'U18.1',
    upstream: 'test_fastapi.py, no scopes argument',
    asks: 'no word about scopes',
    theirs: 'ValueError',
    differs: 'A policy that names no scopes asks for none: audience and purpose say whom a token is for.',
    tokens: { none: { kind: 'access', claims: { scope: undefined } } },
    steps: [
      { do: 'config', policy: { issuers: ['fence'], audiences: ['gen3'] }, gives: 'accepted' },
      { do: 'check', at: 'gen3', bearer: '{none}', gives: allowed },
    ],
  },
  {
    id: 'U18.2',
    upstream: 'test_fastapi.py, no header',
    asks: 'no header',
    theirs: '401 or 403',
    steps: [{ do: 'check', at: 'gen3', gives: denied(401, 'credential_missing') }],
  },
  {
    id: 'U18.3',
    upstream: 'test_fastapi.py, no allowlist',
    asks: 'no list of issuers',
    theirs: '200: any issuer is trusted',
    differs: 'A policy without issuers is a configuration error: the token must not decide whose keys are asked (W5).',
    steps: [{ do: 'config', policy: { audiences: ['gen3'] }, gives: { refused: needsIssuers } }],
  },
  {
    id: 'U18.4',
    upstream: 'test_fastapi.py, forced issuer',
    asks: 'a token of the one issuer that is wanted',
    theirs: '200',
    tokens: { access: { kind: 'access', key: 'partner' } },
    steps: [{ do: 'check', at: 'partner', bearer: '{access}', gives: allowed }],
  },
  {
    id: 'U18.5',
    upstream: 'test_fastapi.py, forced issuer, token of another',
    asks: 'a token of another issuer, which is configured but not for this route',
    theirs: '403',
    differs: status,
    tokens: access,
    steps: [{ do: 'check', at: 'partner', bearer: '{access}', gives: denied(401, 'issuer_unknown') }],
  },
  {
    id: 'U18.6',
    upstream: 'test_fastapi.py, issuer not in allowlist',
    asks: 'a token of an issuer that is not listed',
    theirs: '403',
    differs: status,
    tokens: { alien: { kind: 'access', claims: { iss: 'https://not-listed.example' } } },
    steps: [
      { do: 'check', at: 'gen3', bearer: '{alien}', gives: denied(401, 'issuer_unknown') },
      { do: 'check', at: 'all_403', bearer: '{alien}', gives: denied(403, 'issuer_unknown') },
    ],
  },
  {
    id: 'U18.7',
    upstream: 'test_fastapi.py, truncated token',
    asks: 'a token that was cut off',
    theirs: '403',
    differs: status,
    tokens: { ...access, cut: { of: 'access', how: 'truncated' } },
    steps: [{ do: 'check', at: 'gen3', bearer: '{cut}', gives: denied(401, 'signature_invalid') }],
  },
  {
    id: 'U18.8',
    upstream: 'test_fastapi.py, wrong iss (keys unreachable)',
    asks: 'a listed issuer whose keys cannot be had',
    theirs: '403',
    differs: "What cannot be told is our trouble and not the token's: 503 (C11).",
    tokens: { access: { kind: 'access', key: 'partner' } },
    steps: [
      { do: 'breakdown', what: 'partner keys' },
      {
        do: 'check',
        at: 'partner',
        bearer: '{access}',
        gives: denied(503, 'keys_unavailable', 'Authorization is temporarily unavailable'),
      },
    ],
  },
  {
    id: 'U18.9',
    upstream: 'test_fastapi.py, wrong kid',
    asks: 'a key id that nobody has',
    theirs: '403',
    differs: status,
    tokens: { unknown: { kind: 'access', key: 'foreign' } },
    steps: [{ do: 'check', at: 'gen3', bearer: '{unknown}', gives: denied(401, 'key_unknown') }],
  },
  {
    id: 'U18.10',
    upstream: 'test_fastapi.py, expired',
    asks: 'an expired token',
    theirs: '403',
    differs: status,
    tokens: { old: { kind: 'access', claims: { iat: NOW - 700, exp: NOW - 100 } } },
    steps: [{ do: 'check', at: 'gen3', bearer: '{old}', gives: denied(401, 'token_expired') }],
  },
]

export const validation: Suite = {
  title: '§6.6 Validating a token',
  file: 'validation.ts',
  about:
    'authutils `tests/test_jwt.py` and `test_fastapi.py`, version 8. What is an argument there is a policy here; an exception is a denied Check, a `ValueError` an error of the configuration.',
  cases: [...tokens, ...options, ...requests, ...fastapi],
}
