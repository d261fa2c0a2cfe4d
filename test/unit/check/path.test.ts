// Targets and hosts: which are read in one way only, what they come to, and that nothing ambiguous gets through.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normaliseHost, normalisePath, withoutParameters } from '../../../src/check/path.ts'

describe('normalisePath', () => {
  it.each([
    ['/', '/'],
    ['/a', '/a'],
    ['/a/', '/a/'],
    ['/a/b.txt', '/a/b.txt'],
    ['/pkg.Service/Method', '/pkg.Service/Method'],
    ['/.well-known/jwks', '/.well-known/jwks'],
    ['/...', '/...'],
    ['/a..b/..c/d..', '/a..b/..c/d..'],
    ["/-._~!$&'()*+,=:@", "/-._~!$&'()*+,=:@"],
    ['/a;v=1/b', '/a;v=1/b'],
    ['/.%C3%A9', '/.%C3%A9'],
    ['/;jsessionid=1', '/;jsessionid=1'],
  ])('%s is plain', (target, path) => {
    expect(normalisePath(target)).toBe(path)
  })

  it.each([
    ['/a?b', '/a'],
    ['/?', '/'],
    ['/a?b/../c', '/a'],
    ['/a?b//c', '/a'],
    ['/a?%2e%2e%2f', '/a'],
    ['/a?b?c', '/a'],
    ['/a?.css', '/a'],
    ['/a?next=http://b', '/a'],
    ['/a?\\', '/a'],
    ['/a?\u00e9', '/a'],
  ])('%s: the query is never part of the path', (target, path) => {
    expect(normalisePath(target)).toBe(path)
  })

  it.each([
    ['/%61bc', '/abc'],
    ['/%41%2d%2D%5f%7e', '/A--_~'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/a%20b', '/a%20b'],
    ['/a%3fb', '/a%3Fb'],
    ['/a%23b', '/a%23b'],
    ['/a%25b', '/a%25b'],
    ['/users/%40me', '/users/@me'],
    ['/a%3Bb%2Cc%3D1', '/a;b,c=1'],
    ['/a%2b%26%21%24%27%28%29%2a%3a', "/a+&!$'()*:"],
    ['/a[1]', '/a%5B1%5D'],
    ['/a%5b1%5d', '/a%5B1%5D'],
    ['/a|b^c', '/a%7Cb%5Ec'],
    ['/%2541', '/%2541'],
  ])('%s is another spelling of %s: all spellings meet the same route', (target, path) => {
    expect(normalisePath(target)).toBe(path)
    expect(normalisePath(path)).toBe(path)
  })

  it.each([
    ['a second slash, which some take for a host', '//admin/x'],
    ['a second slash within', '/a//b'],
    ['a second slash at the end', '/a//'],
    ['nothing but slashes', '///'],
    ['a dot segment', '/a/./b'],
    ['a dot segment at the end', '/a/.'],
    ['a dot segment alone', '/.'],
    ['two dots', '/a/../b'],
    ['two dots at the end', '/a/..'],
    ['two dots at the beginning', '/../a'],
    ['encoded dots', '/a/%2e%2e/b'],
    ['encoded dots in upper case', '/a/%2E%2E/b'],
    ['one encoded dot', '/a/.%2e/b'],
    ['one encoded dot alone', '/%2e/a'],
    ['dots and a parameter', '/a/..;/b'],
    ['dots and a long parameter', '/a/..;x=1/b'],
    ['dots and an encoded semicolon', '/a/..%3b/b'],
    ['encoded dots and a parameter', '/a/%2e%2e;x/b'],
    ['a dot and a parameter', '/a/.;x/b'],
    ['a segment that is nothing but a parameter', '/a/;x/b'],
    ['a first segment that is nothing but a parameter', '/;x/admin'],
    ['dots and a semicolon encoded twice', '/a/..%253b/b'],
    ['dots and an encoded space', '/a/..%20/b'],
    ['dots and an encoded tab', '/a/.%09/b'],
    ['an encoded slash', '/a%2fb'],
    ['an encoded slash in upper case', '/a%2Fb'],
    ['an encoded backslash', '/a%5cb'],
    ['an encoded NUL', '/a%00b'],
    ['dots encoded twice', '/a/%252e%252e/b'],
    ['a slash encoded twice', '/a%252fb'],
    ['a backslash encoded twice', '/a%255Cb'],
    ['a NUL encoded twice', '/a%2500'],
    ['a slash encoded three times', '/a%25252fb'],
    ['a slash encoded twice, the second time in pieces', '/a%25%32%66b'],
    ['dots encoded twice, the second time in pieces', '/%25%32%65%25%32%65/b'],
    ['a backslash', '/a\\b'],
    ['backslashes for slashes', '\\\\admin\\x'],
    ['a fragment', '/a#b'],
    ['a fragment within the query', '/a?b#c'],
    ['a fragment that hides a query', '/a#?b'],
    ['a space', '/a b'],
    ['a tab', '/a\tb'],
    ['a newline', '/a\n'],
    ['a NUL', '/a\0'],
    ['a byte beyond ASCII', '/caf\u00e9'],
    ['a quote', '/a"b'],
    ['angle brackets', '/<a>'],
    ['half an escape', '/a%2'],
    ['no escape', '/a%'],
    ['an escape of no digits', '/a%zz'],
    ['an escape of the other kind', '/a%u002f'],
    ['nothing', ''],
    ['nothing but a query', '?a'],
    ['the asterisk form', '*'],
    ['the absolute form', 'http://commons.example/a'],
    ['the authority form', 'commons.example:443'],
    ['no leading slash', 'a/b'],
    ['no leading slash, as gRPC was once fooled', 'pkg.Service/Method'],
  ])('refuses %s: %j', (_, target) => {
    expect(normalisePath(target)).toBeUndefined()
  })

  const targets = fc.oneof(
    fc
      .array(
        fc.constantFrom(
          '/',
          '/',
          '.',
          '..',
          'a',
          'B',
          ';',
          '%2e',
          '%2E',
          '%2f',
          '%5C',
          '%25',
          '%32',
          '%65',
          '%66',
          '%61',
          '%3b',
          '%00',
          '%',
          '?',
          '#',
          '\\',
          '[',
          '@',
          '~',
          '\u00e9',
        ),
        { maxLength: 12 },
      )
      .map((pieces) => `/${pieces.join('')}`),
    fc.string({ maxLength: 30 }),
    fc.webPath(),
  )

  it('never gives a path that could be read in another way', () => {
    fc.assert(
      fc.property(targets, (target) => {
        const path = normalisePath(target)
        if (path === undefined) return
        expect(path).toMatch(/^\/[\x21-\x7e]*$/)
        expect(path).not.toMatch(/\/\/|[?#\\]|%2f|%5c|%00|%2e|%25(25)*(2e|2f|5c|00)/i)
        // Decoded as often as somebody may, without parameters or with them: never a dot segment or a new slash.
        const segments = path.split('/').length
        for (let decoded = path, times = 0; times < 3; times += 1) {
          decoded = decoded.replace(/%[0-9a-f]{2}/gi, (triplet) =>
            String.fromCharCode(Number.parseInt(triplet.slice(1), 16)),
          )
          expect(decoded.split(/[/\\]/)).toHaveLength(segments)
          expect(decoded.split('/').map((segment) => segment.replace(/;.*/, ''))).not.toContain('..')
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('gives a path that is its own normal form', () => {
    fc.assert(
      fc.property(targets, (target) => {
        const path = normalisePath(target)
        if (path !== undefined) expect(normalisePath(path)).toBe(path)
      }),
      { numRuns: 3000 },
    )
  })

  it('gives the same path for every spelling of a character', () => {
    const letters = [..."abyzABYZ059-._~!$&'()*+,;=:@[]|^"]
    const segment = fc
      .array(fc.constantFrom(...letters), { minLength: 1, maxLength: 6 })
      .filter((chosen) => !/^[.;]/.test(chosen.join('')))
    fc.assert(
      fc.property(segment, fc.func(fc.boolean()), (chosen, escapes) => {
        const spelt = chosen.map((letter, at) => (escapes(at) ? `%${letter.charCodeAt(0).toString(16)}` : letter))
        expect(normalisePath(`/${spelt.join('')}`)).toBe(normalisePath(`/${chosen.join('')}`))
      }),
    )
  })

  it('is quick with long and nasty targets', () => {
    for (const piece of ['/', '%2e', ';', '/.', '%25', 'a/', '%41']) {
      const target = `/${piece.repeat(60_000 / piece.length)}`
      const started = performance.now()
      normalisePath(target)
      expect(performance.now() - started).toBeLessThan(1000)
    }
  })
})

describe('withoutParameters', () => {
  it.each([
    ['/a', '/a'],
    ['/a;x', '/a'],
    ['/a;x=1;y=2/b;z/c', '/a/b/c'],
    ['/;x', '/'],
    ['/a/;x', '/a/'],
  ])('%s is read as %s by a servlet container', (path, plain) => {
    expect(withoutParameters(path)).toBe(plain)
  })
})

describe('normaliseHost', () => {
  it.each([
    ['commons.example', 'commons.example'],
    ['commons.example:443', 'commons.example'],
    ['commons.example:', 'commons.example'],
    ['Commons.EXAMPLE', 'commons.example'],
    ['commons.example.', 'commons.example'],
    ['Commons.Example.:8443', 'commons.example'],
    ['127.0.0.1:80', '127.0.0.1'],
    ['[::1]', '[::1]'],
    ['[::1]:80', '[::1]'],
    ['[2001:DB8::A]:8443', '[2001:db8::a]'],
    ['localhost', 'localhost'],
    ['', ''],
  ])('%j is %j', (host, normal) => {
    expect(normaliseHost(host)).toBe(normal)
  })

  it.each([
    ['two ports', 'commons.example:80:443'],
    ['a port of letters', 'commons.example:https'],
    ['a name in front', 'user@commons.example'],
    ['a list of two', 'commons.example,other.example'],
    ['two dots at the end', 'commons.example..'],
    ['a space', 'commons.example '],
    ['a path', 'commons.example/'],
  ])('does not make a known host of one with %s', (_, host) => {
    expect(normaliseHost(host)).not.toBe('commons.example')
  })
})
