// §6.5 and §6.7: other upstream tests that touch audience, expiry or the kind of a token; most are about parts of Fence
// that Postern does not replace. Data only.
import { allowed, denied } from '../../support/conformance/answers.ts'
import type { Case, Suite } from '../../support/conformance/case.ts'
import { CURRENT_KID } from '../../support/conformance/tokens.ts'

const idTokens = 'Postern mints no ID tokens. At a Check an ID token is refused by its purpose (M.id.gen3).'
const codeFlow = 'Postern has no OAuth endpoints: no code flow, no refresh, no client credentials.'
const sessions = 'Postern keeps no browser sessions and sets no cookies.'
const dpop = 'Proof of possession is not part of the contract; the upstream change is not merged.'

function inapplicable(id: string, upstream: string, asks: string, theirs: string, notApplicable: string): Case {
  return { id, upstream, asks, theirs, notApplicable }
}

const minted: Case = {
  id: 'V10',
  upstream: 'test_token_response.py (59)',
  asks: 'the claims of an access token',
  theirs: 'exactly pur, iss, sub, aud, exp, iat, jti, scope, context, azp',
  tokens: { key: { kind: 'api_key' } },
  steps: [
    { subject: '1234', kind: 'access', user: { name: 'test-user' } } as const,
    { subject: '1234', kind: 'access', clientId: 'client_a' } as const,
    { apiKey: '{key}' } as const,
    { apiKey: '{key}', taskType: 'FOO' } as const,
  ].map((grant) => ({
    do: 'issue',
    grant,
    gives: { claimNames: ['pur', 'iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'scope', 'context', 'azp'] },
  })),
}

const fence: readonly Case[] = [
  inapplicable(
    'V1',
    'test_id_token.py (17)',
    'an ID token, signed again',
    'iss, sub, aud, azp and nonce survive',
    idTokens,
  ),
  inapplicable('V2', 'test_id_token.py (67)', 'an ID token with a nonce', 'valid', idTokens),
  inapplicable('V3', 'test_id_token.py (99)', 'an ID token without a nonce', 'valid', idTokens),
  inapplicable('V4', 'test_id_token.py (133)', 'the nonce of the request', 'is in the ID token', idTokens),
  inapplicable('V5', 'test_id_token.py (143)', 'aud of an ID token', 'has the client', idTokens),
  inapplicable('V6', 'test_refresh.py (28)', 'an ID token after a refresh', 'keeps its claims', codeFlow),
  inapplicable('V7', 'test_token_response.py (8)', 'the fields of a token response', 'all there', codeFlow),
  inapplicable(
    'V8',
    'test_token_response.py (20)',
    'token_type and caching of a token response',
    'Bearer, no-store',
    codeFlow,
  ),
  inapplicable('V9', 'test_token_response.py (34)', 'the claims of an ID token', 'pur id, aud a list', idTokens),
  minted,
  inapplicable('V11', 'test_oauth2.py (94)', 'client credentials', 'azp is the client, context is empty', codeFlow),
  inapplicable('V12', 'test_oauth2.py (124)', 'a scope that the client may not have', '400 invalid_scope', codeFlow),
  inapplicable(
    'V13',
    'test_oauth2.py (142)',
    'a grant that the client may not use',
    '400 unauthorized_client',
    codeFlow,
  ),
  inapplicable('V14', 'test_session.py (311)', 'when a cookie is renewed', 'by its threshold', sessions),
  inapplicable('V15', 'test_session.py (382-398)', 'when a cookie is created', 'eleven rows', sessions),
  ...Array.from({ length: 8 }, (_, index) =>
    inapplicable(
      `V${16 + index}`,
      'test_session.py (21-174)',
      'cookies: create, expire, clear, invalid',
      'as named',
      sessions,
    ),
  ),
  inapplicable('V24', 'test_session.py (195)', "a session with the user's own access token", 'accepted', sessions),
  inapplicable('V25', 'test_session.py (247)', "a session with another user's access token", 'refused', sessions),
  inapplicable(
    'V26',
    'test_idp_oauth2.py (380)',
    'an ID token of an upstream provider for another audience',
    'JWTError',
    'Postern talks to no upstream providers in this version (Enroll answers UNIMPLEMENTED).',
  ),
]

const lookups: readonly Case[] = [
  {
    id: 'D1.1',
    upstream: 'test_validate.py (62-81)',
    asks: 'an issuer that is not listed',
    theirs: 'JWTError, and no key was looked up',
    tokens: {
      theirs: { kind: 'access', key: 'partner' },
      alien: { kind: 'access', claims: { iss: 'http://evil.example' } },
    },
    steps: [
      { do: 'check', at: 'gen3', bearer: '{theirs}', gives: denied(401, 'issuer_unknown') },
      { do: 'check', at: 'both', bearer: '{alien}', gives: denied(401, 'issuer_unknown') },
      { do: 'keysAsked', issuer: 'partner', gives: [] },
      { do: 'keysAsked', issuer: 'fence', gives: [] },
    ],
  },
  {
    id: 'D1.2',
    upstream: 'test_validate.py (62-81)',
    asks: 'an empty list of issuers',
    theirs: 'JWTError, and no key was looked up',
    differs: 'Found out sooner: it is a configuration error.',
    steps: [
      {
        do: 'config',
        policy: { issuers: [], audiences: ['gen3'] },
        gives: { refused: 'needs issuers: no token would be accepted' },
      },
    ],
  },
  {
    id: 'D2',
    upstream: 'test_validate.py',
    asks: 'an issuer that is listed',
    theirs: 'its keys are looked up',
    tokens: { theirs: { kind: 'access', key: 'partner' } },
    // Two header encodings, and the second time the token is known.
    steps: [
      { do: 'check', at: 'both', bearer: '{theirs}', gives: allowed },
      { do: 'keysAsked', issuer: 'partner', gives: ['partner-ES256'] },
      { do: 'keysAsked', issuer: 'fence', gives: [] },
    ],
  },
  {
    id: 'D3',
    upstream: 'test_validate.py',
    asks: 'a key that is handed in',
    theirs: 'no key is looked up',
    differs: 'No caller hands in a key, and a token least of all: jwk, jku, x5u and x5c are not even read (W5).',
    tokens: {
      selfMade: {
        kind: 'access',
        key: 'foreign',
        header: { kid: CURRENT_KID, jku: 'https://evil.example/jwks', jwk: { kty: 'oct', k: 'AA' } },
      },
    },
    steps: [
      { do: 'check', at: 'gen3', bearer: '{selfMade}', gives: denied(401, 'signature_invalid') },
      { do: 'keysAsked', issuer: 'fence', gives: [CURRENT_KID, CURRENT_KID] },
    ],
  },
  inapplicable('D4', 'test_access_key_dpop.py', 'a proof of possession', 'cnf.jkt binds the token', dpop),
  inapplicable('D5', 'test_access_key_dpop.py', 'a proof without a nonce', '400 use_dpop_nonce', dpop),
  inapplicable('D6', 'test_access_key_dpop.py', 'no proof where one is wanted', '400', dpop),
  inapplicable('D7', 'test_access_key_dpop.py', 'a proof that was used before', '400', dpop),
  inapplicable('D8', 'test_access_key_dpop.py', 'a proof for another method or address', '400', dpop),
  inapplicable('D9', 'test_access_key_dpop.py', 'a proof where proofs are off', 'ignored', dpop),
]

export const elsewhere: Suite = {
  title: '§6.5, §6.7 Tests elsewhere',
  file: 'elsewhere.ts',
  about: 'Fence `tests/oidc`, `tests/session`, `tests/login`, and the open change about DPoP.',
  cases: [...fence, ...lookups],
}
