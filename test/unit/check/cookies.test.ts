// Cookie lines: what is read of them, and what is left of them when some are taken out.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hidesCookie, readCookies, withoutCookies } from '../../../src/check/cookies.ts'

const lines = (...texts: readonly (string | Buffer)[]) => texts.map((text) => Buffer.from(text))
const read = (...texts: readonly (string | Buffer)[]) =>
  readCookies(lines(...texts)).map(({ name, value }) => `${name}=${value}`)
const without = (names: readonly string[], ...texts: readonly (string | Buffer)[]) =>
  withoutCookies(lines(...texts), new Set(names))

describe('readCookies', () => {
  it.each([
    ['a=1', ['a=1']],
    ['a=1; b=2', ['a=1', 'b=2']],
    ['a=1;b=2', ['a=1', 'b=2']],
    [' a = 1 ; b = 2 ', ['a=1', 'b=2']],
    ['a=', ['a=']],
    ['a="1"', ['a=1']],
    ['a="', ['a="']],
    ['a=b=c', ['a=b=c']],
    ['a=1; a=2', ['a=1', 'a=2']],
    ['A=1', ['A=1']],
    ['nameless', ['=nameless']],
  ])('%j', (line, pairs) => {
    expect(read(line)).toEqual(pairs)
  })

  it('reads several lines one after the other', () => {
    expect(read('a=1', 'b=2; a=3')).toEqual(['a=1', 'b=2', 'a=3'])
  })

  it('splits at semicolons only: a comma may be part of a value', () => {
    expect(read('a=1,b=2')).toEqual(['a=1,b=2'])
  })
})

describe('withoutCookies', () => {
  it.each([
    ['nothing to take out', ['x'], 'a=1; b=2', undefined],
    ['the first', ['a'], 'a=1; b=2', 'b=2'],
    ['the last', ['b'], 'a=1; b=2', 'a=1'],
    ['the only one', ['a'], 'a=1', ''],
    ['all of one name', ['a'], 'a=1; b=2; a=3', 'b=2'],
    ['several names', ['a', 'c'], 'a=1; b=2; c=3; d=4', 'b=2; d=4'],
    ['one with white space around its name', ['a'], ' a =1;b=2', 'b=2'],
    ['one with a quoted value', ['a'], 'a="1; b=2', 'b=2'],
    ['one without a value', ['a'], 'a=; b=2', 'b=2'],
    ['one that only begins alike', ['a'], 'ab=1; b=2', undefined],
    ['one in another case: another cookie', ['a'], 'A=1; b=2', undefined],
    ['a name that is a value elsewhere', ['a'], 'b=a; c=a=1', undefined],
    ['one behind a comma, as HTTP/1.1 duplicates are joined', ['a'], 'b=2,a=1; c=3', 'c=3'],
    ['one before a comma', ['a'], 'a=1,b=2; c=3', 'c=3'],
  ])('%s', (_, names, line, rest) => {
    expect(without(names, line)).toBe(rest)
  })

  it('makes one line of several when something is taken out', () => {
    expect(without(['a'], 'a=1; b=2', 'c=3')).toBe('b=2; c=3')
    expect(without(['a'], 'b=2', 'a=1')).toBe('b=2')
    expect(without(['x'], 'b=2', 'a=1')).toBeUndefined()
  })

  it('keeps the other cookies byte for byte where they are UTF-8', () => {
    const line = Buffer.from('name=J\u00fcrgen \u20ac; access_token=x; theme="d\u00e4mmrig"')
    expect(Buffer.from(without(['access_token'], line) ?? '')).toEqual(
      Buffer.from('name=J\u00fcrgen \u20ac; theme="d\u00e4mmrig"'),
    )
  })

  it('takes out a credential from among bytes that are no text at all, and gives what can be sent on', () => {
    const line = Buffer.concat([
      Buffer.from('a=\u00ff'),
      Buffer.from([0xff, 0xfe, 0x3b]),
      Buffer.from('access_token=x; b=2'),
    ])
    const rest = without(['access_token'], line) ?? ''
    expect(rest).toMatch(/^a=.*; b=2$/)
    expect(rest).not.toContain('access_token')
  })

  it('leaves none of the named cookies, for any reader that splits at semicolons or commas', () => {
    const piece = fc.constantFrom('a', 'secret', 'b', '=', '=', ';', '; ', ',', ' ', '"', '\t', '\u00a0', '\u00e9', '1')
    const line = fc.array(piece, { maxLength: 16 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 3 }), (texts) => {
        const rest = without(['secret'], ...texts) ?? texts.join('; ')
        const names = rest.split(/[;,]/).map((pair) => pair.replace(/=.*/, '').trim())
        const hasNamed = rest.split(/[;,]/).some((pair, at) => names[at] === 'secret' && pair.includes('='))
        expect(hasNamed).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('hidesCookie', () => {
  it.each([
    ['a=1,secret=2', true],
    ['a=1, secret=2', true],
    ['a=1,b=2,secret=3', true],
    ['a=1,secret=', true],
    ['nameless,secret=1', true],
    ['secret=1; a=1,secret=2', true],
    ['a="1,secret=2"', true],
    ['secret=1', false],
    ['secret=1,a=2', false],
    ['a=1,b=secret', false],
    ['a=1,secrets=2', false],
    ['a=1,secret', false],
    ['a={"x":1,"secret":2}', false],
  ])('%j: %j', (line, hides) => {
    expect(hidesCookie(lines(line), 'secret')).toBe(hides)
  })
})
