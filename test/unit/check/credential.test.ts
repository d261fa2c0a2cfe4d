// The one credential of a request, or why there is none: Authorization, cookies, and the check against forged requests.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findCredential } from '../../../src/check/credential.ts'
import type { CompiledPolicy } from '../../../src/check/policy.ts'
import { type HeaderEncoding, headerEncodings, inputOf, type RequestPlan } from '../../support/check-request.ts'
import { cookiePolicy, policyOf } from '../../support/policies.ts'
import { mint } from '../../support/tokens.ts'

const token = mint()
const other = mint({ sub: '43' })
const bearer = policyOf()
const anonymous = policyOf({ anonymous: true })
const browser = cookiePolicy()

/** The kind that was found, `anonymous`, or the reason. */
function find(plan: RequestPlan, policy: CompiledPolicy = bearer): string {
  const found = findCredential(inputOf(plan), policy)
  if (!found.ok) return found.reason
  if (found.value === undefined) return 'anonymous'
  expect(found.value.token).toBe(token)
  return found.value.kind
}

const authorization = (...values: readonly (string | Buffer)[]): RequestPlan => ({
  headers: values.map((value) => ['authorization', value] as const),
})

describe.each(headerEncodings)('Authorization in `%s`', (encoding) => {
  const findIn = (values: readonly (string | Buffer)[], policy?: CompiledPolicy) =>
    find({ ...authorization(...values), encoding }, policy)

  it.each([`Bearer ${token}`, `bearer ${token}`, `BEARER ${token}`, `bEaReR ${token}`])(
    'with one token is a credential, whatever the case of the scheme (%#)',
    (value) => {
      expect(findIn([value])).toBe('bearer')
    },
  )

  it.each([
    ['empty', ''],
    ['the scheme alone', 'Bearer'],
    ['the scheme and a space', 'Bearer '],
    ['two spaces, as Fence reads an empty token and a lenient upstream the second', `Bearer  ${token}`],
    ['a tab for the space', `Bearer\t${token}`],
    ['a tab after the space', `Bearer \t${token}`],
    ['a leading space', ` Bearer ${token}`],
    ['a trailing space', `Bearer ${token} `],
    ['something after the token', `Bearer ${token} x`],
    ['a second token', `Bearer ${token} ${other}`],
    ['a parameter', `Bearer ${token};a=b`],
    ['quotes', `Bearer "${token}"`],
    ['padding', `Bearer ${token}=`],
    ['a colon', `Bearer: ${token}`],
    ['another scheme', 'Basic dXNlcjpwYXNz'],
    ['another scheme with a token', `Token ${token}`],
    ['a scheme that only begins alike', `Bearer2 ${token}`],
    ['DPoP', `DPoP ${token}`],
    ['an AWS credential', `AWS4-HMAC-SHA256 Credential=${token}/20260101/us-east-1/s3/aws4_request`],
    ['an AWS credential of version 2', `AWS ${token}:c2lnbmF0dXJl`],
    ['no scheme', token],
    ['a token of two parts', 'Bearer a.b'],
    ['a token of four parts', 'Bearer a.b.c.d'],
    ['an encrypted token', 'Bearer a.b.c.d.e'],
    ['an empty part', 'Bearer a..c'],
    ['an opaque token', 'Bearer ya29.a0AfH6SM'],
    ['a text', 'Bearer blah'],
    ['DEL', `Bearer ${token}\x7f`],
    ['a control character', `Bearer \x01${token}`],
  ])('that is %s is malformed, also where anonymous requests pass', (_, value) => {
    for (const policy of [bearer, anonymous, browser]) expect(findIn([value], policy)).toBe('credential_malformed')
  })

  it.each([
    ['two tokens in two headers', [`Bearer ${token}`, `Bearer ${other}`]],
    ['the same token twice', [`Bearer ${token}`, `Bearer ${token}`]],
    ['a token and an empty header', [`Bearer ${token}`, '']],
    ['an empty header and a token', ['', `Bearer ${token}`]],
    ['a token and another scheme', ['Basic x', `Bearer ${token}`]],
    ['two tokens joined by a comma', [`Bearer ${token},Bearer ${other}`]],
    ['a trailing comma', [`Bearer ${token},`]],
    ['a leading comma', [`,Bearer ${token}`]],
    ['a comma alone', [',']],
    ['a comma in another scheme', ['Digest a=1, b=2']],
  ])('that is %s is ambiguous', (_, values) => {
    for (const policy of [bearer, anonymous, browser]) expect(findIn(values, policy)).toBe('credential_ambiguous')
  })

  it('larger than 8 KiB is too large, by its own name', () => {
    expect(findIn([`Bearer ${'a'.repeat(8189)}.b.c`])).toBe('token_too_large')
    expect(findIn([`Bearer ${'a'.repeat(100_000)}`])).toBe('token_too_large')
    expect(findIn([`Bearer ${'.'.repeat(1_000_000)}`])).toBe('token_too_large')
  })

  it('missing is missing, or anonymous where that may be', () => {
    expect(findIn([])).toBe('credential_missing')
    expect(findIn([], anonymous)).toBe('anonymous')
  })

  it('is no credential where a policy does not take it, however good, and hides none that it takes', () => {
    const cookiesOnly = cookiePolicy({ credentials: new Set(['cookie']) })
    expect(findIn([`Bearer ${token}`], cookiesOnly)).toBe('credential_malformed')
    const both: RequestPlan = {
      encoding,
      headers: [
        ['authorization', `Bearer ${token}`],
        ['cookie', `access_token=${token}`],
      ],
    }
    expect(find(both, cookiesOnly)).toBe('credential_malformed')
  })
})

describe('Authorization of bytes', () => {
  it.each([
    ['a NUL', [0x00]],
    ['a byte beyond ASCII', [0xa0]],
    ['a byte that is no UTF-8', [0xff]],
    ['a letter of UTF-8', [0xc3, 0xa9]],
    ['a zero-width space', [0xe2, 0x80, 0x8b]],
  ])('with %s is ambiguous: readers differ in what they make of it', (_, bytes) => {
    for (const value of [
      Buffer.concat([Buffer.from(`Bearer ${token}`), Buffer.from(bytes)]),
      Buffer.concat([Buffer.from('Bearer '), Buffer.from(bytes), Buffer.from(token)]),
      Buffer.concat([Buffer.from('Bearer'), Buffer.from(bytes), Buffer.from(token)]),
      Buffer.concat([Buffer.from(bytes), Buffer.from(`Bearer ${token}`)]),
    ]) {
      expect(find({ ...authorization(value), encoding: 'header_map' })).toBe('credential_ambiguous')
    }
  })

  it('is never a credential unless it is exactly the scheme, one space and a compact token', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc
        .tuple(
          fc.constantFrom('Bearer ', 'bearer ', 'Bearer', ' Bearer ', ''),
          fc.constantFrom(token, 'a.b.c', 'a.b', ''),
          fc.constantFrom('', ' ', ',', '\0', '.', 'A'),
        )
        .map((parts) => Buffer.from(parts.join(''))),
    )
    fc.assert(
      fc.property(anything, (value) => {
        const found = findCredential(inputOf({ ...authorization(value), encoding: 'header_map' }), anonymous)
        const isExact = /^bearer [\w-]+\.[\w-]+\.[\w-]+$/i.test(value.toString('latin1'))
        expect(found.ok).toBe(isExact)
        if (found.ok) expect(found.value?.token).toBe(value.toString('latin1').slice('bearer '.length))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a cookie', () => {
  const cookie = (value: string | Buffer, more: RequestPlan = {}): RequestPlan => ({
    ...more,
    headers: [['cookie', value], ...(more.headers ?? [])],
  })

  it('with the token is the credential where the policy takes cookies', () => {
    expect(find(cookie(`access_token=${token}`), browser)).toBe('cookie')
    expect(find(cookie(`a=1; access_token=${token}; b=2`), browser)).toBe('cookie')
    expect(find(cookie(`access_token="${token}"`), browser)).toBe('cookie')
    expect(find(cookie(`access_token=${token}`), bearer)).toBe('credential_missing')
    expect(find(cookie(`access_token=${token}`), anonymous)).toBe('anonymous')
  })

  it('of another name, or in another case, is none', () => {
    expect(find(cookie(`token=${token}; Access_Token=${token}`), browser)).toBe('credential_missing')
  })

  it('that is empty is as good as absent', () => {
    expect(find(cookie('access_token='), browser)).toBe('credential_missing')
    expect(find(cookie('access_token='), cookiePolicy({ anonymous: true }))).toBe('anonymous')
  })

  it.each([
    ['a text', 'blah', 'credential_malformed'],
    ['a token and more', `${token} x`, 'credential_malformed'],
    ['a token with the scheme', `Bearer ${token}`, 'credential_malformed'],
    ['a token and a comma', `${token},x`, 'credential_malformed'],
    ['larger than 8 KiB', 'a'.repeat(8193), 'token_too_large'],
  ])('that is %s is never anonymous', (_, value, reason) => {
    expect(find(cookie(`access_token=${value}`), cookiePolicy({ anonymous: true }))).toBe(reason)
  })

  it.each([
    ['twice in one line', [`access_token=${token}; access_token=${other}`]],
    ['twice with the same value', [`access_token=${token}; access_token=${token}`]],
    ['twice, once empty', [`access_token=; access_token=${token}`]],
    ['in two lines', [`access_token=${token}`, `access_token=${other}`]],
    ['hidden behind the comma of another', [`access_token=${token}; a=1,access_token=${other}`]],
    ['behind a comma only', [`a=1,access_token=${token}`]],
    ['behind a comma and white space', [`a=1, access_token=${token}`]],
    ['behind a comma and empty', [`access_token=${token}; a=1,access_token=`]],
  ])('that comes %s is ambiguous', (_, values) => {
    const headers = values.map((value) => ['cookie', value] as const)
    for (const policy of [browser, cookiePolicy({ anonymous: true })]) {
      expect(find({ headers, encoding: 'header_map' }, policy)).toBe('credential_ambiguous')
    }
  })

  it('in one of several lines is found, as HTTP/2 sends them and as HTTP/1.1 lines are joined', () => {
    const lines = [
      ['cookie', 'a=1'],
      ['cookie', `access_token=${token}`],
    ] as const
    expect(find({ headers: lines, encoding: 'header_map' }, browser)).toBe('cookie')
    expect(find(cookie(`a=1; access_token=${token}`), browser)).toBe('cookie')
    // Joined by a comma it cannot be told from a value with a comma in it.
    expect(find({ headers: lines, encoding: 'headers' }, browser)).toBe('credential_ambiguous')
  })

  it('loses to a header, good or bad', () => {
    const both = (value: string) => cookie(`access_token=${other}`, authorization(value))
    expect(find(both(`Bearer ${token}`), browser)).toBe('bearer')
    expect(find(both('Basic x'), browser)).toBe('credential_malformed')
    expect(find(both(''), browser)).toBe('credential_malformed')
  })
})

describe('forged requests', () => {
  interface Attempt {
    readonly method?: string
    readonly csrf?: string
    readonly header?: string
    readonly headers?: RequestPlan['headers']
    readonly encoding?: HeaderEncoding
  }

  function attempt({ method = 'POST', csrf, header, headers = [], encoding = 'header_map' }: Attempt): string {
    const cookies = csrf === undefined ? [] : [`csrftoken=${csrf}`]
    return find(
      {
        method,
        encoding,
        headers: [
          ['cookie', [`access_token=${token}`, ...cookies].join('; ')],
          ...(header === undefined ? [] : [['x-csrf-token', header] as const]),
          ...headers,
        ],
      },
      browser,
    )
  }

  it.each(['GET', 'HEAD', 'OPTIONS'])('%s needs no CSRF token', (method) => {
    expect(attempt({ method })).toBe('cookie')
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'TRACE', 'PROPFIND', 'get', 'Post', 'X', ''])(
    '%j needs one: unlike at the gateway we replace, every method does that is not known to be safe',
    (method) => {
      expect(attempt({ method })).toBe('csrf_failed')
      expect(attempt({ method, csrf: 'ab12', header: 'ab12' })).toBe('cookie')
    },
  )

  it.each([
    ['no cookie', { header: 'ab12' }],
    ['no header', { csrf: 'ab12' }],
    ['another value', { csrf: 'ab12', header: 'ab13' }],
    ['another case', { csrf: 'ab12', header: 'AB12' }],
    ['a longer value', { csrf: 'ab12', header: 'ab123' }],
    ['a shorter value', { csrf: 'ab12', header: 'ab1' }],
    ['a value of one character, as at the gateway', { csrf: 'a', header: 'a' }],
    ['an empty value', { csrf: '', header: '' }],
    ['two headers', { csrf: 'ab12', header: 'ab12', headers: [['x-csrf-token', 'ab12']] }],
    ['two headers joined', { csrf: 'ab12', header: 'ab12', headers: [['x-csrf-token', 'ab12']], encoding: 'headers' }],
    ['two cookies', { csrf: 'ab12; csrftoken=ab13', header: 'ab12' }],
    ['two cookies of one value', { csrf: 'ab12; csrftoken=ab12', header: 'ab12' }],
    ['the value in another header', { csrf: 'ab12', headers: [['x-xsrf-token', 'ab12']] }],
  ] as const)('%s is no proof', (_, attempted) => {
    expect(attempt(attempted)).toBe('csrf_failed')
  })

  it('two characters are enough', () => {
    expect(attempt({ csrf: 'ab', header: 'ab' })).toBe('cookie')
  })

  it.each([
    ['https://portal.example', 'cookie'],
    ['https://portal.example.evil.example', 'csrf_failed'],
    ['https://evil.example', 'csrf_failed'],
    ['http://portal.example', 'csrf_failed'],
    ['https://portal.example:443', 'csrf_failed'],
    ['https://portal.example/', 'csrf_failed'],
    ['https://PORTAL.example', 'csrf_failed'],
    ['null', 'csrf_failed'],
    ['', 'csrf_failed'],
    ['https://portal.example, https://evil.example', 'csrf_failed'],
  ])('the origin %j → %s', (origin, result) => {
    expect(attempt({ headers: [['origin', origin]] })).toBe(result)
  })

  it('two origins are none, and the Referer is none', () => {
    const origin = ['origin', 'https://portal.example'] as const
    expect(attempt({ headers: [origin, origin] })).toBe('csrf_failed')
    expect(attempt({ headers: [origin, origin], encoding: 'headers' })).toBe('csrf_failed')
    expect(attempt({ headers: [['referer', 'https://portal.example/page']] })).toBe('csrf_failed')
  })

  it('a matching CSRF token is enough from an origin that is not listed', () => {
    expect(attempt({ csrf: 'ab12', header: 'ab12', headers: [['origin', 'https://elsewhere.example']] })).toBe('cookie')
  })

  it.each(['websocket', 'WebSocket', 'h2c', ''])('an upgrade (%j) is a GET that changes state', (protocol) => {
    const upgrade = ['upgrade', protocol] as const
    expect(attempt({ method: 'GET', headers: [upgrade] })).toBe('csrf_failed')
    expect(attempt({ method: 'GET', headers: [upgrade, ['origin', 'https://evil.example']] })).toBe('csrf_failed')
    expect(attempt({ method: 'GET', headers: [upgrade, ['origin', 'https://portal.example']] })).toBe('cookie')
  })

  it('are asked about before the token is looked at', () => {
    const forged = { method: 'POST', headers: [['cookie', 'access_token=blah']] } as const
    expect(find(forged, browser)).toBe('csrf_failed')
  })

  // The matrix measured at the gateway we replace, with our resolutions where we are stricter or kinder.
  it.each([
    ['cookie, POST, no token', 'POST', 'cookie', {}, 'csrf_failed'],
    ['cookie, POST, matching token', 'POST', 'cookie', { csrf: 'ab', header: 'ab' }, 'cookie'],
    ['cookie, POST, token of one character', 'POST', 'cookie', { csrf: 'a', header: 'a' }, 'csrf_failed'],
    ['cookie, DELETE, no token (passed there)', 'DELETE', 'cookie', {}, 'csrf_failed'],
    ['cookie, PUT, no token (passed there)', 'PUT', 'cookie', {}, 'csrf_failed'],
    ['cookie, PATCH, no token (passed there)', 'PATCH', 'cookie', {}, 'csrf_failed'],
    ['cookie and header, POST (refused there)', 'POST', 'both', {}, 'bearer'],
    ['no cookie, POST', 'POST', 'header', {}, 'bearer'],
    ['cookie, GET, no token', 'GET', 'cookie', {}, 'cookie'],
  ] as const)('%s', (_, method, carrier, { csrf, header }: { csrf?: string; header?: string }, result) => {
    const headers = [
      ...(carrier === 'header'
        ? []
        : [['cookie', `access_token=${token}${csrf ? `; csrftoken=${csrf}` : ''}`] as const]),
      ...(carrier === 'cookie' ? [] : [['authorization', `Bearer ${token}`] as const]),
      ...(header ? [['x-csrf-token', header] as const] : []),
    ]
    expect(find({ method, headers }, browser)).toBe(result)
  })

  it('do not concern a token in a header: no page of another site can send one', () => {
    expect(find({ method: 'POST', ...authorization(`Bearer ${token}`) }, browser)).toBe('bearer')
    const upgrade = {
      headers: [
        ['authorization', `Bearer ${token}`],
        ['upgrade', 'websocket'],
      ],
    } as const
    expect(find(upgrade, browser)).toBe('bearer')
  })
})
