// §5: the CSRF matrix of the gateway, measured, and which of header and cookie is the credential. Data only.
import { allowed, denied, denylisted } from '../../support/conformance/answers.ts'
import type { Case, Suite } from '../../support/conformance/case.ts'
import { ISSUER, NOW } from '../../support/conformance/fixture.ts'

const access = { access: { kind: 'access' } } as const
const both = { access: { kind: 'access' }, listed: { kind: 'access', claims: { jti: 'listed' } } } as const
const list = {
  do: 'record',
  revocation: { dimension: 'jti', issuer: ISSUER, id: 'listed', until: NOW + 9999 },
} as const
const cookie = ['cookie', 'access_token={access}'] as const
const csrf = denied(403, 'csrf_failed', 'Failed CSRF check')
const unsafe = 'Every method that changes something needs the proof, not POST alone (C22, W24).'

function withToken(token: string): readonly (readonly [string, string])[] {
  return [
    ['cookie', `access_token={access}; csrftoken=${token}`],
    ['x-csrf-token', token],
  ]
}

const matrix: readonly Case[] = [
  {
    id: 'X1',
    upstream: 'CSRF matrix',
    asks: 'cookie and POST without a CSRF token',
    theirs: '403 "failed csrf check"',
    tokens: access,
    steps: [{ do: 'check', at: 'browser', method: 'POST', headers: [cookie], gives: csrf }],
  },
  {
    id: 'X2',
    upstream: 'CSRF matrix',
    asks: 'cookie and POST with a CSRF token that matches',
    theirs: 'passes',
    tokens: access,
    steps: [{ do: 'check', at: 'browser', method: 'POST', headers: withToken('tk'), gives: allowed }],
  },
  {
    id: 'X3',
    upstream: 'CSRF matrix',
    asks: 'cookie and POST with a CSRF token of one character',
    theirs: '403',
    tokens: access,
    steps: [{ do: 'check', at: 'browser', method: 'POST', headers: withToken('t'), gives: csrf }],
  },
  ...['DELETE', 'PUT', 'PATCH'].map(
    (method, index): Case => ({
      id: `X4.${index + 1}`,
      upstream: 'CSRF matrix',
      asks: `cookie and ${method} without a CSRF token`,
      theirs: 'passes',
      differs: unsafe,
      tokens: access,
      steps: [
        { do: 'check', at: 'browser', method, headers: [cookie], gives: csrf },
        { do: 'check', at: 'browser', method, headers: withToken('token'), gives: allowed },
      ],
    }),
  ),
  {
    id: 'X5',
    upstream: 'CSRF matrix',
    asks: 'cookie, Authorization and POST without a CSRF token',
    theirs: '403: bearer clients with a stray cookie are blocked',
    differs: 'The header is the credential, which no page of another site can send; the cookie is taken away (C22).',
    tokens: access,
    steps: [
      {
        do: 'check',
        at: 'browser',
        method: 'POST',
        bearer: '{access}',
        headers: [['cookie', 'theme=dark; access_token={access}']],
        gives: { allow: true, sets: { cookie: 'theme=dark' } },
      },
    ],
  },
  {
    id: 'X6',
    upstream: 'CSRF matrix',
    asks: 'POST without a cookie',
    theirs: 'passes',
    tokens: access,
    steps: [{ do: 'check', at: 'browser', method: 'POST', bearer: '{access}', gives: allowed }],
  },
  ...['GET', 'HEAD', 'OPTIONS'].map(
    (method, index): Case => ({
      id: `X7.${index + 1}`,
      upstream: 'nginx.conf (324-326)',
      asks: `cookie and ${method} without a CSRF token`,
      theirs: 'passes',
      tokens: access,
      steps: [{ do: 'check', at: 'browser', method, headers: [cookie], gives: allowed }],
    }),
  ),
  {
    id: 'X8',
    upstream: 'nginx.conf (320-323)',
    asks: 'cookie and POST with a CSRF token that does not match',
    theirs: '403',
    tokens: access,
    steps: [
      {
        do: 'check',
        at: 'browser',
        method: 'POST',
        headers: [
          ['cookie', 'access_token={access}; csrftoken=one'],
          ['x-csrf-token', 'other'],
        ],
        gives: csrf,
      },
      {
        do: 'check',
        at: 'browser',
        method: 'POST',
        headers: [cookie, ['x-csrf-token', 'token']],
        gives: csrf,
      },
      {
        do: 'check',
        at: 'browser',
        method: 'POST',
        headers: [['cookie', 'access_token={access}; csrftoken=token']],
        gives: csrf,
      },
    ],
  },
  {
    id: 'X9',
    upstream: 'nginx.conf: rewrite phase before auth_request',
    asks: 'cookie with a denylisted token and POST without a CSRF token',
    theirs: '403 "failed csrf check": the denylist is not asked',
    tokens: { access: { kind: 'access', claims: { jti: 'listed' } } },
    steps: [
      list,
      { do: 'check', at: 'browser', method: 'POST', headers: [cookie], gives: csrf },
      { do: 'check', at: 'browser', method: 'POST', headers: withToken('token'), gives: denylisted },
    ],
  },
  {
    id: 'X10',
    upstream: 'none',
    asks: 'cookie and POST from an origin of the list, and from another',
    theirs: '403 both',
    differs: 'Browsers say where a request comes from; an origin that is listed needs no CSRF token.',
    tokens: access,
    steps: [
      {
        do: 'check',
        at: 'browser',
        method: 'POST',
        headers: [cookie, ['origin', 'https://portal.example']],
        gives: allowed,
      },
      {
        do: 'check',
        at: 'browser',
        method: 'POST',
        headers: [cookie, ['origin', 'https://evil.example']],
        gives: csrf,
      },
      { do: 'check', at: 'browser', method: 'POST', headers: [cookie, ['origin', 'null']], gives: csrf },
    ],
  },
  {
    id: 'X11',
    upstream: 'nginx.conf (324-326)',
    asks: 'cookie and a protocol upgrade (GET) without a CSRF token',
    theirs: 'passes',
    differs: 'What follows the handshake is not a GET, and browsers open WebSockets to any site, cookies included.',
    tokens: access,
    steps: [{ do: 'check', at: 'browser', headers: [cookie, ['upgrade', 'websocket']], gives: csrf }],
  },
]

const carriers: readonly Case[] = [
  {
    id: 'X12',
    upstream: 'nginx.conf (265-268)',
    asks: 'a good header and a cookie with a denylisted token',
    theirs: 'the header is checked, the cookie is forwarded',
    differs: 'The header is checked, as there; the cookie does not reach the upstream (C22, W3).',
    tokens: both,
    steps: [
      list,
      {
        do: 'check',
        at: 'browser',
        bearer: '{access}',
        headers: [['cookie', 'access_token={listed}']],
        gives: { allow: true, removes: ['cookie'] },
      },
      // Also where cookies are no credential.
      {
        do: 'check',
        at: 'gen3',
        bearer: '{access}',
        headers: [['cookie', 'access_token={listed}']],
        gives: { allow: true, removes: ['cookie'] },
      },
    ],
  },
  {
    id: 'X13',
    upstream: 'W3',
    asks: 'Basic in the header and a cookie with a denylisted token',
    theirs: 'the check passes, the cookie is forwarded',
    differs: 'A header that is no bearer token is refused, whatever the cookie holds (C21).',
    tokens: { listed: both.listed },
    steps: [
      list,
      {
        do: 'check',
        at: 'browser',
        headers: [
          ['authorization', 'Basic eA=='],
          ['cookie', 'access_token={listed}'],
        ],
        gives: denied(401, 'credential_malformed'),
      },
      {
        do: 'check',
        at: 'open',
        headers: [
          ['authorization', 'Basic eA=='],
          ['cookie', 'access_token={listed}'],
        ],
        gives: denied(401, 'credential_malformed'),
      },
    ],
  },
  {
    id: 'X14',
    upstream: 'nginx.conf (260-268)',
    asks: 'a cookie with a denylisted token',
    theirs: '403 where the gateway asks',
    tokens: { access: { kind: 'access', claims: { jti: 'listed' } } },
    steps: [list, { do: 'check', at: 'browser', headers: [cookie], gives: denylisted }],
  },
  {
    id: 'X15',
    upstream: 'nginx.conf (265-268)',
    asks: 'an empty header beside a good cookie',
    theirs: 'the cookie is the credential',
    differs: 'A header that is there is the credential, and an empty one is no token (C21).',
    tokens: access,
    steps: [
      {
        do: 'check',
        at: 'browser',
        headers: [['authorization', ''], cookie],
        gives: denied(401, 'credential_malformed'),
      },
    ],
  },
  {
    id: 'X16',
    upstream: 'nginx.conf (231-232)',
    asks: 'neither header nor cookie',
    theirs: 'passes: the upstream is trusted to refuse',
    differs: 'Refused, unless the policy says anonymous: allow (C10).',
    steps: [
      { do: 'check', at: 'browser', gives: denied(401, 'credential_missing') },
      { do: 'check', at: 'open', gives: { allow: true, removes: ['x-auth-subject', 'x-auth-username'] } },
    ],
  },
  {
    id: 'X17',
    upstream: 'nginx.conf (260-264)',
    asks: 'two cookies of the name',
    theirs: 'the first counts, both are forwarded',
    differs: 'Who comes after us may take the other one, so neither counts (W3).',
    tokens: both,
    steps: [
      {
        do: 'check',
        at: 'browser',
        headers: [['cookie', 'access_token={access}; access_token={listed}']],
        gives: denied(401, 'credential_ambiguous'),
      },
    ],
  },
  {
    id: 'X18',
    upstream: 'nginx/helpers.js (50-69)',
    asks: 'identity headers that the client sends itself',
    theirs: 'X-UserId from the token before it is verified',
    differs: 'From verified claims only; what the client sent is overwritten or removed (W21).',
    tokens: access,
    steps: [
      {
        do: 'check',
        at: 'gen3',
        bearer: '{access}',
        headers: [
          ['x-auth-subject', 'admin'],
          ['x-auth-task-type', 'FOO'],
        ],
        gives: { allow: true, sets: { 'x-auth-subject': '1234' }, removes: ['x-auth-task-type'] },
      },
    ],
  },
]

export const browser: Suite = {
  title: '§5 Cookies, CSRF and carriers',
  file: 'browser.ts',
  about: 'The revproxy of gen3-helm, measured on nginx. The policy `browser` takes a bearer token or the cookie.',
  cases: [...matrix, ...carriers],
}
