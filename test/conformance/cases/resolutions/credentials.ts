// §10, C19 to C22: keys, scopes, headers and cookies. Data only.
import { allowed, denied, denylisted, unauthenticated } from '../../../support/conformance/answers.ts'
import type { Case } from '../../../support/conformance/case.ts'

export const keys: readonly Case[] = [
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

export const headers: readonly Case[] = [
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
