// The compact form: one spelling per token, bounded in size and depth, and nothing that two parsers could read apart.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { looksLikeCompactJws, MAX_TOKEN_BYTES, parseCompactJws } from '../../../src/tokens/compact.ts'
import { anyText } from '../../support/arbitraries.ts'
import { encodePart, keyFor, mint, respellings, signCompact } from '../../support/tokens.ts'

const header = encodePart({ alg: 'ES256', kid: 'current' })
const payload = encodePart({ iss: 'somebody' })
const signature = Buffer.alloc(64, 1).toString('base64url')
const token = `${header}.${payload}.${signature}`

/** Headers and payloads of every length, so that all remainders of base64url come up. */
const anyToken = fc
  .record({
    header: fc.dictionary(fc.string(), fc.string(), { maxKeys: 4 }),
    payload: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 }),
    signature: fc.uint8Array({ minLength: 1, maxLength: 512 }),
  })
  .map((parts) => [
    encodePart(parts.header),
    encodePart(parts.payload),
    Buffer.from(parts.signature).toString('base64url'),
  ])

/** A JSON object of exactly this many objects within each other. */
function nested(depth: number): string {
  return `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`
}

describe('parseCompactJws', () => {
  it('gives the parts of a token and what its signature is over', () => {
    expect(parseCompactJws(token)).toEqual({
      ok: true,
      value: {
        header: { alg: 'ES256', kid: 'current' },
        payload: { iss: 'somebody' },
        signingInput: `${header}.${payload}`,
        signature: Buffer.alloc(64, 1),
      },
    })
  })

  it('accepts the canonical spelling of any token, and gives back what was put in', () => {
    fc.assert(
      fc.property(anyToken, (parts) => {
        const parsed = parseCompactJws(parts.join('.'))
        expect(parsed).toMatchObject({ ok: true, value: { signingInput: parts.slice(0, 2).join('.') } })
        if (!parsed.ok) return
        expect(encodePart(parsed.value.signature)).toBe(parts[2])
        expect(encodePart(parsed.value.header)).toBe(parts[0])
      }),
    )
  })

  it('refuses every other spelling of the last character of every part', () => {
    fc.assert(
      fc.property(anyToken, fc.nat(2), (parts, at) => {
        for (const spelling of respellings(parts[at] ?? '')) {
          const text = parts.with(at, spelling).join('.')
          expect(parseCompactJws(text)).toEqual({ ok: false, reason: 'credential_malformed' })
        }
      }),
    )
  })

  it('meets other spellings in the property above: a signature of 64 bytes has 15 of them, one of 256 bytes as well', () => {
    expect(respellings(signature)).toHaveLength(15)
    expect(respellings(Buffer.alloc(256, 1).toString('base64url'))).toHaveLength(15)
    expect(respellings(Buffer.alloc(32, 1).toString('base64url'))).toHaveLength(3)
    expect(respellings(Buffer.alloc(33, 1).toString('base64url'))).toHaveLength(0)
  })

  it.each([
    ['a leading space', ` ${token}`],
    ['a trailing space', `${token} `],
    ['a trailing newline', `${token}\n`],
    ['a newline within the signature', `${header}.${payload}.${signature.slice(0, 9)}\n${signature.slice(9)}`],
    ['a carriage return within the payload', `${header}.${payload.slice(0, 4)}\r${payload.slice(4)}.${signature}`],
    ['padding after the signature', `${token}==`],
    ['padding after the header', `${header}=.${payload}.${signature}`],
    ['base64 instead of base64url', `${header}.${payload}.${'+/'.repeat(32)}`],
    ['a NUL', `${token}\0`],
    ['a letter that only looks like one of the alphabet', `${header}.${payload}.${signature.slice(1)}Ａ`],
    ['a part of one character more than whole bytes', `${header}.${payload}.${'A'.repeat(85)}`],
    ['no signature', `${header}.${payload}.`],
    ['no signature and no dot', `${header}.${payload}`],
    ['no payload', `${header}..${signature}`],
    ['no header', `.${payload}.${signature}`],
    ['an empty text', ''],
    ['two dots', '..'],
    ['a fourth part', `${token}.${signature}`],
    ['a trailing dot', `${token}.`],
    ['an encrypted token of five parts', `${header}.${payload}.${signature}.${signature}.${signature}`],
    ['the JSON serialisation', JSON.stringify({ protected: header, payload, signature })],
    ['the scheme in front', `Bearer ${token}`],
  ])('refuses %s', (_, text) => {
    expect(parseCompactJws(text)).toEqual({ ok: false, reason: 'credential_malformed' })
  })

  it.each([
    ['not JSON', 'blah'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"text"'],
    ['a number', '5'],
    ['nothing but a space', ' '],
    ['two objects', '{}{}'],
    ['a comment', '{}//'],
    ['a byte order mark', Buffer.from('\ufeff{}')],
    ['not UTF-8', Buffer.from('7b2261223a22ff227d', 'hex')],
    ['an overlong UTF-8 form', Buffer.from('7b2261223a22c080227d', 'hex')],
    ['a surrogate in UTF-8', Buffer.from('7b2261223a22eda080227d', 'hex')],
    ['UTF-16', Buffer.from('{}', 'utf16le')],
    ['an unescaped NUL in a text', '{"a":"\0"}'],
    ['a NUL after the end', '{}\0'],
    ['a compressed object', Buffer.from('789cabae050000fe00f7', 'hex')],
  ])('refuses a header or payload that is %s', (_, part) => {
    const refusal = { ok: false, reason: 'credential_malformed' }
    expect(parseCompactJws(`${encodePart(part)}.${payload}.${signature}`)).toEqual(refusal)
    expect(parseCompactJws(`${header}.${encodePart(part)}.${signature}`)).toEqual(refusal)
  })

  it('keeps an escaped NUL in a text: what may become a header is encoded later', () => {
    const parsed = parseCompactJws(`${header}.${encodePart('{"sub":"a\\u0000b"}')}.${signature}`)
    expect(parsed).toMatchObject({ ok: true, value: { payload: { sub: 'a\0b' } } })
  })

  it('takes the last of two members of one name, as RFC 7519 allows, for every reader alike', () => {
    const parsed = parseCompactJws(`${header}.${encodePart('{"sub":"a","sub":"b"}')}.${signature}`)
    expect(parsed).toMatchObject({ ok: true, value: { payload: { sub: 'b' } } })
  })

  it('takes __proto__ for a name like any other', () => {
    const parsed = parseCompactJws(`${header}.${encodePart('{"__proto__":{"admin":true}}')}.${signature}`)
    if (!parsed.ok) throw new Error('refused')
    expect(Object.hasOwn(parsed.value.payload, '__proto__')).toBe(true)
    expect(parsed.value.payload['admin']).toBeUndefined()
  })

  it('accepts 32 objects within each other and refuses 33', () => {
    expect(parseCompactJws(`${header}.${encodePart(nested(32))}.${signature}`).ok).toBe(true)
    const refusal = { ok: false, reason: 'credential_malformed' }
    expect(parseCompactJws(`${header}.${encodePart(nested(33))}.${signature}`)).toEqual(refusal)
    expect(parseCompactJws(`${encodePart(nested(33))}.${payload}.${signature}`)).toEqual(refusal)
    expect(
      parseCompactJws(`${header}.${encodePart(`{"a":${'['.repeat(3000)}${']'.repeat(3000)}}`)}.${signature}`),
    ).toEqual(refusal)
  })

  it('accepts a token of exactly 8192 characters and refuses one more before looking at it', () => {
    const room = MAX_TOKEN_BYTES - `${header}.`.length - `.${signature}`.length
    const filled = encodePart(JSON.stringify({ a: 'x'.repeat((room * 3) / 4 - 9) }))
    const whole = `${header}.${filled}.${signature}`
    const padded = whole.replace(signature, signature + 'A'.repeat(MAX_TOKEN_BYTES - whole.length))
    expect(padded.length).toBe(8192)
    expect(parseCompactJws(padded).ok).toBe(true)
    expect(parseCompactJws(`${padded}A`)).toEqual({ ok: false, reason: 'token_too_large' })
  })

  it('refuses a million dots by their number, before they are split', () => {
    expect(parseCompactJws('.'.repeat(1_000_000))).toEqual({ ok: false, reason: 'token_too_large' })
    expect(parseCompactJws('.'.repeat(MAX_TOKEN_BYTES))).toEqual({ ok: false, reason: 'credential_malformed' })
  })

  it('never throws, whatever it is given', () => {
    const texts = fc.oneof(
      anyText(200),
      fc.array(fc.string({ unit: fc.constantFrom(...'eyJAQ_-.=') }), { maxLength: 6 }).map((parts) => parts.join('.')),
      fc
        .tuple(fc.uint8Array(), fc.uint8Array(), fc.uint8Array())
        .map((parts) => parts.map((part) => encodePart(Buffer.from(part))).join('.')),
    )
    fc.assert(
      fc.property(texts, (text) => {
        parseCompactJws(text)
      }),
    )
  })
})

describe('looksLikeCompactJws', () => {
  it('says nothing about what is in the parts', () => {
    expect(looksLikeCompactJws('a.b.c')).toBe(true)
    expect(looksLikeCompactJws(mint())).toBe(true)
  })

  it('agrees with the parser: what it denies is never parsed', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab.-_=+ \n') }), (text) => {
        if (!looksLikeCompactJws(text)) expect(parseCompactJws(text).ok).toBe(false)
      }),
    )
    expect(looksLikeCompactJws(`${signCompact({}, {}, keyFor('EdDSA'))}\n`)).toBe(false)
  })
})
