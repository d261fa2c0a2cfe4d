// §10, C14 to C18: what may be revoked, by whom, and what goes with it; what comes of an API key. Data only.
import {
  allowed,
  badKey,
  denied,
  denylisted,
  failedPrecondition,
  permissionDenied,
  unauthenticated,
} from '../../../support/conformance/answers.ts'
import type { Case } from '../../../support/conformance/case.ts'
import { ISSUER, NOW } from '../../../support/conformance/fixture.ts'

const key = { key: { kind: 'api_key' } } as const
const soon = { soon: { kind: 'api_key', claims: { exp: NOW + 60 } } } as const
const outlives = failedPrecondition('api_key_expires_first')

export const rights: readonly Case[] = [
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
