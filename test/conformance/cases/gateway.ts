// §3.6 and appendix A.4: the denylist endpoint that the gateway asks, translated to a Check. It never authenticates:
// "invalid" means "not my problem" there. A Check is all there is, so here it is refused. Data only.
import { allowed, denied, denylisted } from '../../support/conformance/answers.ts'
import type { Case, Suite } from '../../support/conformance/case.ts'
import { ISSUER, NOW, PARTNER } from '../../support/conformance/fixture.ts'

const onlyOne = 'There the service behind the gateway refuses it; a Check is the only one who asks (C10).'
const access = { access: { kind: 'access' } } as const
const listed = { listed: { kind: 'task', claims: { jti: 'listed' } } } as const
const list = {
  do: 'record',
  revocation: { dimension: 'jti', issuer: ISSUER, id: 'listed', until: NOW + 9999 },
} as const

const unread: readonly Case[] = [
  {
    id: 'G1',
    upstream: 'no token',
    asks: 'no token',
    theirs: '200',
    differs: onlyOne,
    steps: [{ do: 'check', at: 'gen3', gives: denied(401, 'credential_missing') }],
  },
  {
    id: 'G2',
    upstream: 'scheme is not bearer',
    asks: 'a denylisted token in another scheme',
    theirs: '200',
    differs: 'Nothing but a bearer token passes (W2): what the denylist cannot be asked about is not let through.',
    tokens: listed,
    steps: [
      list,
      {
        do: 'check',
        at: 'foo',
        headers: [['authorization', 'AWS4-HMAC-SHA256 Credential={listed}/20260202/us-east-1/s3/aws4_request']],
        gives: denied(401, 'credential_malformed'),
      },
      {
        do: 'check',
        at: 'foo',
        headers: [['authorization', 'AWS {listed}:c2lnbmF0dXJl']],
        gives: denied(401, 'credential_malformed'),
      },
      {
        do: 'check',
        at: 'foo',
        headers: [['authorization', 'Basic dXNlcjpwYXNzd29yZA==']],
        gives: denied(401, 'credential_malformed'),
      },
    ],
  },
  {
    id: 'G3',
    upstream: 'malformed; token 5 or "" (A.4)',
    asks: 'what is no token',
    theirs: '200',
    differs: onlyOne,
    steps: [
      { do: 'check', at: 'gen3', bearer: 'blah', gives: denied(401, 'credential_malformed') },
      { do: 'check', at: 'gen3', bearer: '5', gives: denied(401, 'credential_malformed') },
      { do: 'check', at: 'gen3', bearer: '', gives: denied(401, 'credential_malformed') },
    ],
  },
  {
    id: 'G4',
    upstream: 'bad signature; other key (A.4)',
    asks: 'a token whose signature does not hold',
    theirs: '200',
    differs: onlyOne,
    tokens: { forged: { kind: 'access', key: 'foreign', header: { kid: 'test-keypair' } } },
    steps: [{ do: 'check', at: 'gen3', bearer: '{forged}', gives: denied(401, 'signature_invalid') }],
  },
  {
    id: 'G5',
    upstream: 'another key of ours',
    asks: 'a denylisted token that our previous key signed',
    theirs: '200: only the newest key is tried, so rotating keys switches the denylist off',
    differs: 'Verified by its kid over all keys (C19, W1).',
    tokens: { listed: { kind: 'task', key: 'previous', claims: { jti: 'listed' } } },
    steps: [
      { do: 'check', at: 'foo', bearer: '{listed}', gives: allowed },
      list,
      { do: 'check', at: 'foo', bearer: '{listed}', gives: denylisted },
    ],
  },
  {
    id: 'G6',
    upstream: "another issuer's key",
    asks: 'a token that the key of another issuer signed, in our name or in its own',
    theirs: '200',
    differs: onlyOne,
    tokens: {
      ours: { kind: 'access', key: 'partner', claims: { iss: ISSUER } },
      theirs: { kind: 'access', key: 'partner' },
    },
    steps: [
      { do: 'check', at: 'both', bearer: '{ours}', gives: denied(401, 'algorithm_refused') },
      { do: 'check', at: 'gen3', bearer: '{theirs}', gives: denied(401, 'issuer_unknown') },
    ],
  },
  {
    id: 'G7',
    upstream: 'iat or nbf in the future; +30 s (A.4)',
    asks: 'a denylisted token from a clock that runs ahead',
    theirs: '200: it counts as not denylisted',
    differs: 'Within the leeway of 30 s it is a token like any other, and denylisted; beyond it, not valid yet (W16).',
    tokens: {
      early: { kind: 'task', claims: { iat: NOW + 30, jti: 'listed' } },
      tooEarly: { kind: 'task', claims: { iat: NOW + 31, jti: 'listed' } },
      notBefore: { kind: 'task', claims: { nbf: NOW + 31, jti: 'listed' } },
    },
    steps: [
      { do: 'check', at: 'foo', bearer: '{early}', gives: allowed },
      list,
      { do: 'check', at: 'foo', bearer: '{early}', gives: denylisted },
      { do: 'check', at: 'foo', bearer: '{tooEarly}', gives: denied(401, 'token_not_yet_valid') },
      { do: 'check', at: 'foo', bearer: '{notBefore}', gives: denied(401, 'token_not_yet_valid') },
    ],
  },
]

const read: readonly Case[] = [
  {
    id: 'G8',
    upstream: 'valid signature, jti not listed',
    asks: 'a good token',
    theirs: '200',
    tokens: access,
    steps: [{ do: 'check', at: 'gen3', bearer: '{access}', gives: allowed }],
  },
  {
    id: 'G9',
    upstream: 'valid signature, jti listed',
    asks: 'a denylisted token',
    theirs: '403 "Token is denylisted"',
    tokens: listed,
    steps: [
      list,
      { do: 'check', at: 'foo', bearer: '{listed}', gives: denied(403, 'token_revoked', 'Token is denylisted') },
    ],
  },
  {
    id: 'G10',
    upstream: 'valid signature, jti listed, expired; expired ok (A.4)',
    asks: 'a denylisted token that has expired',
    theirs: '403',
    differs: 'Refused as expired (401), for which no store is needed. The denylist still has it (C8).',
    tokens: { old: { kind: 'task', claims: { iat: NOW - 600, exp: NOW, jti: 'listed' } } },
    steps: [
      list,
      { do: 'check', at: 'foo', bearer: '{old}', gives: denied(401, 'token_expired') },
      { do: 'lookup', token: '{old}', gives: 'token_revoked' },
    ],
  },
  {
    id: 'G11',
    upstream: 'no jti; no jti KeyError (A.4)',
    asks: 'a signed token without an id',
    theirs: '500',
    differs: 'A token that could not be revoked is not valid: 401 (W14).',
    tokens: { anonymous: { kind: 'access', claims: { jti: undefined } } },
    steps: [{ do: 'check', at: 'gen3', bearer: '{anonymous}', gives: denied(401, 'claims_invalid') }],
  },
  {
    id: 'G12',
    upstream: 'JSON body is not an object',
    asks: 'a body that is no object, or a token in the body',
    theirs: '500; the token of the body counts',
    notApplicable: 'A Check has no body of its own, and the body of the request is not looked at.',
  },
  {
    id: 'G13',
    upstream: 'database down',
    asks: 'the store is down for longer than the mirror may be alone',
    theirs: '500, as 403 by the gateway',
    differs: 'Our own trouble is one code, 503 (C11). What is known to be revoked stays refused.',
    tokens: { ...access, ...listed },
    steps: [
      list,
      { do: 'breakdown', what: 'store' },
      { do: 'wait', seconds: 4 },
      { do: 'check', at: 'gen3', bearer: '{access}', gives: allowed },
      { do: 'wait', seconds: 2 },
      {
        do: 'check',
        at: 'gen3',
        bearer: '{access}',
        gives: denied(503, 'denylist_unavailable', 'Authorization is temporarily unavailable'),
      },
      { do: 'check', at: 'foo', bearer: '{listed}', gives: denylisted },
    ],
  },
  {
    id: 'G14',
    upstream: 'GET and other methods',
    asks: 'another method than POST',
    theirs: '405',
    notApplicable: 'A Check is a gRPC call, whatever the method of the request that it is about.',
  },
]

const told: readonly Case[] = [
  {
    id: 'G15',
    upstream: 'storage_creds/__init__.py: warning on a denied use',
    asks: 'what is logged of a denied use',
    theirs: 'warning "Blocking attempt to use a denylisted token." with jti, azp, sub and username, never the token',
    tokens: {
      listed: { kind: 'task', claims: { jti: 'listed' } },
      nameless: { kind: 'task', claims: { jti: 'listed', context: { task_token_type: 'FOO' }, azp: undefined } },
    },
    steps: [
      list,
      { do: 'check', at: 'foo', bearer: '{listed}', gives: denylisted },
      {
        do: 'logged',
        level: 'warn',
        message: 'Blocking attempt to use a denylisted token',
        fields: { jti: 'listed', azp: 'test-client', sub: '1234', username: 'test-user' },
      },
      { do: 'check', at: 'foo', bearer: '{nameless}', gives: denylisted },
      {
        do: 'logged',
        level: 'warn',
        message: 'Blocking attempt to use a denylisted token',
        fields: { jti: 'listed', azp: null, sub: '1234', username: null },
      },
    ],
  },
  {
    id: 'G16',
    upstream: 'token.py: info on issue',
    asks: 'what is logged of an issued token',
    theirs: 'info "issuing JWT access token with id … to user sub … and client id …"',
    tokens: { key: { kind: 'api_key', claims: { jti: 'key-1' } } },
    steps: [
      { do: 'issue', grant: { apiKey: '{key}' }, as: 'access', gives: {} },
      {
        do: 'logged',
        level: 'info',
        message: 'Issued a token',
        fields: { audit: true, caller: 'portal', sub: '1234', azp: '', rootJti: 'key-1' },
      },
    ],
  },
  {
    id: 'G17',
    upstream: 'helm: revproxy, other statuses of the endpoint (A.1)',
    asks: 'what the gateway makes of 400, 401, 402, 404, 405, 429, 500, 502 …',
    theirs: '401, 403 or 500',
    notApplicable: 'There is no endpoint in between: the sidecar decides, and answers with the denial itself.',
  },
  {
    id: 'G18',
    upstream: 'helm: revproxy, the locations that ask',
    asks: 'a denylisted token on any route',
    theirs: 'refused on /ga4gh/tes/v1/ and /workflows/ only (W25)',
    differs: 'Every Check asks the denylist, under every policy.',
    tokens: {
      access: { kind: 'access', claims: { jti: 'listed' } },
      both: { kind: 'task', claims: { aud: ['gen3', 'FOO'], jti: 'listed' } },
      partner: { kind: 'access', key: 'partner', claims: { jti: 'listed' } },
    },
    steps: [
      list,
      { do: 'record', revocation: { dimension: 'jti', issuer: PARTNER, id: 'listed', until: NOW + 9999 } },
      ...(['gen3', 'legacy', 'gen3_or_foo', 'no_tasks', 'scoped', 'open', 'both', 'browser'] as const).map(
        (at) => ({ do: 'check', at, bearer: '{access}', gives: denylisted }) as const,
      ),
      { do: 'check', at: 'foo', bearer: '{both}', gives: denylisted },
      { do: 'check', at: 'partner', bearer: '{partner}', gives: denylisted },
    ],
  },
]

export const gateway: Suite = {
  title: '§3.6 What the gateway asks',
  file: 'gateway.ts',
  about: 'Fence `POST /credentials/token/denylisted`, as the gateway of gen3-helm asks it.',
  cases: [...unread, ...read, ...told],
}
