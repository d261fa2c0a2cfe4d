// What the upstream tests of §6.1 leave out and the reference asks for: lifetimes that are none, unknown types, bad API
// keys, the exact bound, scopes of task tokens. Data only.
import { badKey, failedPrecondition, invalidArgument, unauthenticated } from '../../support/conformance/answers.ts'
import type { Case, Step, Suite } from '../../support/conformance/case.ts'
import { ISSUER, MAX_ACCESS, NOW } from '../../support/conformance/fixture.ts'

const key = { key: { kind: 'api_key' } } as const
const typed = 'expires_in is a 64-bit integer of the protocol: there is no text to be misread.'

function forLifetime(expiresIn: bigint, gives: Extract<Step, { do: 'issue' }>['gives']): Step {
  return { do: 'issue', grant: { apiKey: '{key}' }, expiresIn, gives }
}

const unknownType = invalidArgument('task_type_unknown')

const asked: readonly Case[] = [
  {
    id: 'N1',
    upstream: 'cdis_jwt.py, not tested',
    asks: 'a lifetime of 0',
    theirs: '200: a token that is born expired',
    differs: 'Nothing is minted that could never be used (C5, W7).',
    tokens: key,
    steps: [forLifetime(0n, invalidArgument('expires_in_invalid'))],
  },
  {
    id: 'N2',
    upstream: 'cdis_jwt.py, not tested',
    asks: 'a negative lifetime',
    theirs: '200: exp before iat',
    differs: 'Nothing is minted that could never be used (C5, W7).',
    tokens: key,
    steps: [
      forLifetime(-5n, invalidArgument('expires_in_invalid')),
      forLifetime(-(2n ** 63n), invalidArgument('expires_in_invalid')),
    ],
  },
  {
    id: 'N3',
    upstream: 'authz/auth.py, not tested',
    asks: 'a boolean lifetime',
    theirs: '400 or 403',
    notApplicable: typed,
  },
  {
    id: 'N4',
    upstream: 'api.py, not tested',
    asks: 'a lifetime that is no number',
    theirs: '400',
    notApplicable: typed,
  },
  { id: 'N5', upstream: 'api.py, not tested', asks: 'a lifetime written 1e3', theirs: '400', notApplicable: typed },
  {
    id: 'N6',
    upstream: 'api.py, not tested',
    asks: 'lifetimes beyond every number of seconds, at each edge of the integers',
    theirs: 'capped',
    tokens: key,
    steps: [
      forLifetime(2n ** 31n, { seconds: MAX_ACCESS }),
      forLifetime(2n ** 32n + 1n, { seconds: MAX_ACCESS }),
      forLifetime(2n ** 53n + 1n, { seconds: MAX_ACCESS }),
      forLifetime(2n ** 63n - 1n, { seconds: MAX_ACCESS }),
    ],
  },
  {
    id: 'N7',
    upstream: 'api.py, not tested',
    asks: 'task types that are not allowed, by a hair or by far',
    theirs: '400 "Invalid \'task_token\' value"',
    tokens: key,
    steps: ['foo', 'FOO ', 'FO', 'FOOO', 'gen3', '*', '__proto__', 'constructor'].map((taskType): Step => {
      return { do: 'issue', grant: { apiKey: '{key}', taskType }, gives: unknownType }
    }),
  },
  {
    id: 'N8',
    upstream: 'api.py, not tested',
    asks: 'the API key in a JSON body',
    theirs: '200',
    notApplicable: 'Issue is gRPC: there is one encoding.',
  },
  {
    id: 'N9',
    upstream: 'api.py, not tested',
    asks: 'no API key',
    theirs: '400 "Please provide an api_key in payload"',
    steps: [
      {
        do: 'issue',
        grant: { apiKey: '' },
        gives: invalidArgument('request_invalid', { text: 'api_key is required' }),
      },
    ],
  },
]

const keys: readonly Case[] = [
  {
    id: 'N10',
    upstream: 'api.py, not tested',
    asks: 'an API key on the denylist',
    theirs: '401',
    tokens: { key: { kind: 'api_key', claims: { jti: 'listed' } } },
    steps: [
      { do: 'record', revocation: { dimension: 'jti', issuer: ISSUER, id: 'listed', until: NOW + 9999 } },
      { do: 'issue', grant: { apiKey: '{key}' }, gives: unauthenticated('api_key_revoked') },
      { do: 'issue', grant: { apiKey: '{key}', taskType: 'FOO' }, gives: unauthenticated('api_key_revoked') },
    ],
  },
  {
    id: 'N11',
    upstream: 'api.py, not tested',
    asks: 'an expired API key',
    theirs: '401',
    tokens: { key: { kind: 'api_key', claims: { iat: NOW - 600, exp: NOW } } },
    steps: [{ do: 'issue', grant: { apiKey: '{key}' }, expiresIn: 1n, gives: badKey('token_expired') }],
  },
  {
    id: 'N12',
    upstream: 'api.py, not tested',
    asks: 'another token in place of an API key',
    theirs: '401',
    tokens: {
      access: { kind: 'access', claims: { scope: ['fence'] } },
      task: { kind: 'task', claims: { aud: ['gen3', 'FOO'] } },
      refresh: { kind: 'refresh', claims: { scope: ['fence'] } },
    },
    steps: [
      { do: 'issue', grant: { apiKey: '{access}' }, gives: badKey('purpose_refused') },
      { do: 'issue', grant: { apiKey: '{task}' }, gives: badKey('purpose_refused') },
      { do: 'issue', grant: { apiKey: '{refresh}' }, gives: badKey('purpose_refused') },
    ],
  },
  {
    id: 'N13',
    upstream: 'api.py, not tested',
    asks: 'an API key of another issuer',
    theirs: '401',
    tokens: {
      unknown: { kind: 'api_key', claims: { iss: 'http://localhost/other' } },
      partner: { kind: 'api_key', key: 'partner' },
    },
    steps: [
      { do: 'issue', grant: { apiKey: '{unknown}' }, gives: badKey('issuer_unknown') },
      { do: 'issue', grant: { apiKey: '{partner}' }, gives: badKey('issuer_unknown') },
    ],
  },
  {
    id: 'N14',
    upstream: 'api.py, not tested',
    asks: 'an API key for another audience',
    theirs: '401',
    tokens: {
      other: { kind: 'api_key', claims: { aud: ['other'] } },
      none: { kind: 'api_key', claims: { aud: undefined } },
    },
    steps: [
      { do: 'issue', grant: { apiKey: '{other}' }, gives: badKey('audience_mismatch') },
      { do: 'issue', grant: { apiKey: '{none}' }, gives: badKey('audience_mismatch') },
    ],
  },
  {
    id: 'N15',
    upstream: 'api.py, not tested',
    asks: 'an API key without the scope fence',
    theirs: '401',
    tokens: { key: { kind: 'api_key', claims: { scope: ['openid', 'user', 'fences'] } } },
    steps: [{ do: 'issue', grant: { apiKey: '{key}' }, gives: badKey('scope_missing') }],
  },
  {
    id: 'N16',
    upstream: 'cdis_jwt.py, not tested',
    asks: 'a token that ends in the same second as its API key, and one that ends a second later',
    theirs: '200; 400',
    tokens: { key: { kind: 'api_key', claims: { exp: NOW + 600 } } },
    steps: [
      forLifetime(600n, { seconds: 600, claims: { exp: NOW + 600 } }),
      forLifetime(601n, failedPrecondition('api_key_expires_first')),
    ],
  },
]

const users: readonly Case[] = [
  {
    id: 'N17',
    upstream: 'token.py, not tested',
    asks: 'the scopes of a task token from a key without the scope user',
    theirs: 'fence, openid and user',
    differs: 'Never more than the key has (W9): the configured scopes that the key has as well.',
    tokens: { key: { kind: 'api_key', claims: { scope: ['fence', 'openid', 'data'] } } },
    steps: [
      {
        do: 'issue',
        grant: { apiKey: '{key}', taskType: 'FOO' },
        gives: { claims: { scope: ['fence', 'openid'] } },
      },
      { do: 'issue', grant: { apiKey: '{key}' }, gives: { claims: { scope: ['fence', 'openid', 'data'] } } },
    ],
  },
  {
    id: 'N18',
    upstream: 'auth.py, not tested',
    asks: 'an API key of a user who is gone, or names none',
    theirs: '200: a token without sub, with the scopes of the key',
    differs:
      'A key without a subject is not valid (W6). Postern has no users of its own: whoever removes one puts an epoch on the subject, which refuses the key.',
    tokens: {
      nobody: { kind: 'api_key', claims: { sub: undefined } },
      blank: { kind: 'api_key', claims: { sub: '' } },
      key: { kind: 'api_key' },
    },
    steps: [
      { do: 'issue', grant: { apiKey: '{nobody}' }, gives: badKey('claims_invalid') },
      { do: 'issue', grant: { apiKey: '{blank}' }, gives: badKey('claims_invalid') },
      { do: 'issue', grant: { apiKey: '{key}' }, gives: {} },
      { do: 'record', revocation: { dimension: 'subject', issuer: ISSUER, id: '1234', plusSeconds: 0 } },
      {
        do: 'issue',
        grant: { apiKey: '{key}' },
        gives: unauthenticated('api_key_revoked', { cause: 'subject_revoked' }),
      },
    ],
  },
  {
    id: 'N19',
    upstream: 'authz/auth.py, not tested',
    asks: 'Arborist is down',
    theirs: '500',
    notApplicable: 'The task rules are part of the configuration: there is nothing to be down.',
  },
  {
    id: 'N20',
    upstream: 'validate.py (96-101), not tested',
    asks: 'an API key from before 13.2.0, for the base URL instead of gen3',
    theirs: '200: the base URL still counts as an audience',
    differs:
      'An API key is for the one audience that is configured. Old keys are replaced, or end, within their 30 days; a policy can go on taking old access tokens (A.2.4).',
    tokens: { legacy: { kind: 'api_key', claims: { aud: [ISSUER] } } },
    steps: [{ do: 'issue', grant: { apiKey: '{legacy}' }, gives: badKey('audience_mismatch') }],
  },
]

export const notCovered: Suite = {
  title: '§6.1 What upstream does not cover',
  file: 'not-covered.ts',
  about: 'Cases that the reference names as missing upstream. Their answer is what their code does.',
  cases: [...asked, ...keys, ...users],
}
