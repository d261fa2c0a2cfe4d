// Addresses: both kinds, IPv6, what is refused, and which hosts are loopback.
import { expect, test } from 'vitest'
import { formatAddress, isLoopback, parseAddress } from '../../../src/config/address.ts'

test.each([
  ['unix:/run/postern/check.sock', { kind: 'unix', path: '/run/postern/check.sock' }],
  ['unix:.postern/check.sock', { kind: 'unix', path: '.postern/check.sock' }],
  ['127.0.0.1:9192', { kind: 'tcp', host: '127.0.0.1', port: 9192 }],
  ['[::1]:9192', { kind: 'tcp', host: '::1', port: 9192 }],
  ['tokens.svc.cluster.local:443', { kind: 'tcp', host: 'tokens.svc.cluster.local', port: 443 }],
  ['localhost:0', { kind: 'tcp', host: 'localhost', port: 0 }],
])('%s is read, and printed the same', (text, expected) => {
  const address = parseAddress(text)
  expect(address).toEqual(expected)
  expect(address && formatAddress(address)).toBe(text)
})

test('the three slashes of gRPC are an absolute path', () => {
  expect(parseAddress('unix:///run/a.sock')).toEqual({ kind: 'unix', path: '/run/a.sock' })
})

test.each([
  '',
  'unix:',
  'unix:\0abstract',
  'unix:@abstract',
  'unix://host/a.sock',
  `unix:/${'a'.repeat(107)}`,
  '9192',
  ':9192',
  '127.0.0.1',
  '127.0.0.1:65536',
  '127.0.0.1:-1',
  '127.0.0.1:9192 ',
  '::1:9192',
  '[127.0.0.1]:9192',
  '[::1]',
  'a b:1',
  'a..b:1',
  'http://a:1',
  'user@host:1',
])('"%s" is no address', (text) => {
  expect(parseAddress(text)).toBeUndefined()
})

test('a socket path may be as long as the kernel allows', () => {
  expect(parseAddress(`unix:/${'a'.repeat(106)}`)).toBeDefined()
})

test.each(['127.0.0.1', '127.8.8.8', '::1', '0:0:0:0:0:0:0:1', 'localhost', 'LOCALHOST'])('%s is loopback', (host) => {
  expect(isLoopback(host)).toBe(true)
})

test.each([
  '0.0.0.0',
  '::',
  '128.0.0.1',
  '10.0.0.1',
  'localhost.example',
  '127.0.0.1.example',
  '2130706433',
  'fe80::1',
])('%s is not loopback', (host) => {
  expect(isLoopback(host)).toBe(false)
})
