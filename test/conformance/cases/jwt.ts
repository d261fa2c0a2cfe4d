// §6.3: the denylist, claims, sizes and keys. tests/jwt. Data only.
import { allowed, denylisted, invalidArgument } from '../../support/conformance/answers.ts'
import type { Suite } from '../../support/conformance/case.ts'
import { ISSUER, MAX_ACCESS, NOW } from '../../support/conformance/fixture.ts'
import { CURRENT_KID } from '../../support/conformance/tokens.ts'

/** One character more than a token may have. */
const OVERSIZED = 'a'.repeat(4097)

export const jwt: Suite = {
  title: '§6.3 Tokens and the denylist',
  file: 'jwt.ts',
  about: 'Fence `tests/jwt/`.',
  cases: [
    {
      id: 'B1',
      upstream: 'test_blacklist.py (6)',
      asks: 'an id that nobody revoked',
      theirs: 'not denylisted',
      tokens: { task: { kind: 'task' } },
      steps: [
        { do: 'lookup', token: '{task}', gives: 'clear' },
        { do: 'check', at: 'foo', bearer: '{task}', gives: allowed },
      ],
    },
    {
      id: 'B2',
      upstream: 'test_blacklist.py (13)',
      asks: 'an id that was put on the denylist',
      theirs: 'denylisted',
      tokens: { task: { kind: 'task', claims: { jti: 'some-id' } } },
      steps: [
        { do: 'record', revocation: { dimension: 'jti', issuer: ISSUER, id: 'some-id', until: NOW + 600 } },
        { do: 'lookup', token: '{task}', gives: 'token_revoked' },
        { do: 'check', at: 'foo', bearer: '{task}', gives: denylisted },
      ],
    },
    {
      id: 'B3',
      upstream: 'test_blacklist.py (23)',
      asks: 'a refresh token that nobody revoked',
      theirs: 'its claims, and False',
      tokens: { refresh: { kind: 'refresh' } },
      steps: [{ do: 'lookup', token: '{refresh}', gives: 'clear' }],
    },
    {
      id: 'T1',
      upstream: 'test_tokens.py (12)',
      asks: 'an access token for a client',
      theirs: 'iss, sub and iat; exp = iat + ttl; the scopes that were given; aud is a list with the client',
      steps: [
        {
          do: 'issue',
          grant: { subject: '1234', kind: 'access', scopes: ['openid', 'user', 'data'], clientId: 'client_a' },
          gives: {
            seconds: MAX_ACCESS,
            claims: {
              iss: ISSUER,
              sub: '1234',
              iat: NOW,
              exp: NOW + MAX_ACCESS,
              scope: ['openid', 'user', 'data'],
              aud: ['gen3', 'client_a'],
              azp: 'client_a',
            },
          },
        },
      ],
    },
    {
      id: 'T2.1',
      upstream: 'test_tokens.py (43) [None]',
      asks: 'an access token without a task type',
      theirs: 'context is there, task_token_type is not',
      tokens: { key: { kind: 'api_key' } },
      steps: [
        { do: 'issue', grant: { apiKey: '{key}' }, gives: { contextNames: ['api_key'] } },
        { do: 'issue', grant: { subject: '1234', kind: 'access' }, gives: { contextNames: [] } },
      ],
    },
    {
      id: 'T2.2',
      upstream: 'test_tokens.py (43) [test_task_token]',
      asks: 'an access token with a task type',
      theirs: 'context.task_token_type is the type',
      tokens: { key: { kind: 'api_key', claims: { jti: 'key-1', iat: NOW, exp: NOW + 7200 } } },
      steps: [
        {
          do: 'issue',
          grant: { apiKey: '{key}', taskType: 'FOO' },
          gives: {
            claims: { context: { api_key: { jti: 'key-1', iat: NOW, exp: NOW + 7200 }, task_token_type: 'FOO' } },
          },
        },
      ],
    },
    {
      id: 'O1',
      upstream: 'test_oversized_jwt.py (18)',
      asks: 'an access token of more than 4096 bytes',
      theirs: 'JWTSizeError',
      steps: [
        {
          do: 'issue',
          grant: { subject: '1234', kind: 'access', user: { name: OVERSIZED } },
          gives: invalidArgument('token_too_large'),
        },
        {
          do: 'issue',
          grant: { subject: '1234', kind: 'api_key', user: { name: OVERSIZED } },
          gives: invalidArgument('token_too_large'),
        },
      ],
    },
    {
      id: 'O2',
      upstream: 'test_oversized_jwt.py (35)',
      asks: 'a session token of more than 4096 bytes',
      theirs: 'JWTSizeError',
      notApplicable:
        'Postern keeps no browser sessions and mints no session tokens. Every token that it does mint has the bound of O1.',
    },
    {
      id: 'Y1',
      upstream: 'test_keys.py (8)',
      asks: 'the default public key',
      theirs: 'that of the first key pair',
      differs:
        'The order of key directories decides nothing: a key is current because states.yaml says so. The JWKS has every key that is not retired.',
      steps: [{ do: 'jwks', gives: [CURRENT_KID, 'previous-RS256'] }],
    },
    {
      id: 'Y2',
      upstream: 'test_keys.py (13)',
      asks: 'the default private key',
      theirs: 'that of the first key pair',
      differs: 'As in Y1: the current key signs, and it says so in the header.',
      steps: [
        {
          do: 'issue',
          grant: { subject: '1234', kind: 'access' },
          as: 'access',
          gives: { header: { alg: 'RS256', kid: CURRENT_KID, typ: 'JWT' } },
        },
        { do: 'check', at: 'gen3', bearer: '{access}', gives: allowed },
      ],
    },
    {
      id: 'Y3',
      upstream: 'test_public_keys_endpoint.py (7)',
      asks: 'the keys at /jwt/keys',
      theirs: 'pairs of key id and PEM',
      notApplicable:
        'There is one format: a JWKS at /.well-known/jwks.json (test/integration/tokens and docs/token-service.md).',
    },
  ],
}
