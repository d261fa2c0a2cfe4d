// CheckRequest bytes → CheckInput: both encodings of headers, whatever bytes a client sent, and bytes that are nothing.
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CheckInput, readCheckInput } from '../../../src/check/input.ts'
import {
  checkRequest,
  headerEncodings,
  inputOf,
  type RawEntry,
  rawCheckRequest,
  tcpCheckRequest,
} from '../../support/check-request.ts'

const refusal = { ok: false, reason: 'request_malformed' }
const texts = (input: CheckInput, name: string) => input.headers(name).map((value) => value.toString('latin1'))

function inputFrom(bytes: Uint8Array): CheckInput {
  const input = readCheckInput(bytes)
  if (!input.ok) throw new Error(input.reason)
  return input.value
}

describe.each(headerEncodings)('a CheckRequest of Envoy with `%s`', (encoding) => {
  it('gives what the request is', () => {
    const plan = { method: 'PUT', path: '/a/b?c=d', host: 'Host.Example:8443', policy: 'strict', encoding }
    expect(inputOf(plan)).toMatchObject({
      id: '1234567890',
      method: 'PUT',
      target: '/a/b?c=d',
      host: 'Host.Example:8443',
      policyName: 'strict',
    })
  })

  it('gives headers by name, whatever case the client wrote it in', () => {
    const input = inputOf({ encoding, headers: [['AuthoriZation', 'Bearer a.b.c']] })
    expect(texts(input, 'authorization')).toEqual(['Bearer a.b.c'])
    expect(texts(input, 'cookie')).toEqual([])
    expect(texts(input, 'uthorization')).toEqual([])
    expect(texts(input, 'authorization2')).toEqual([])
  })

  it('tells an empty header from an absent one', () => {
    expect(texts(inputOf({ encoding, headers: [['authorization', '']] }), 'authorization')).toEqual([''])
    expect(texts(inputOf({ encoding }), 'authorization')).toEqual([])
  })

  it('has no policy where Envoy named none, and none of a client: a header is no context extension', () => {
    const input = inputOf({ encoding, headers: [['postern.policy', 'lax']], contextExtensions: { 'x.policy': 'lax' } })
    expect(input.policyName).toBeUndefined()
  })

  it('can be read where any header is no UTF-8', () => {
    const input = inputOf({
      encoding,
      headers: [
        ['x-name', Buffer.from([0x61, 0xff, 0xc0, 0x80])],
        ['cookie', 'a=1'],
      ],
    })
    expect(texts(input, 'cookie')).toEqual(['a=1'])
    expect(texts(input, 'x-name')).toHaveLength(1)
  })
})

describe('headers', () => {
  it('twice sent arrive joined in `headers` and one by one in `header_map`', () => {
    const headers = [
      ['authorization', 'Bearer a'],
      ['authorization', 'Bearer b'],
    ] as const
    expect(texts(inputOf({ headers, encoding: 'headers' }), 'authorization')).toEqual(['Bearer a,Bearer b'])
    expect(texts(inputOf({ headers, encoding: 'header_map' }), 'authorization')).toEqual(['Bearer a', 'Bearer b'])
  })

  it('that are no UTF-8 arrive exactly in `header_map`', () => {
    const bytes = Buffer.from([0x61, 0xff, 0xc0, 0x80, 0x00])
    expect(inputOf({ headers: [['x-name', bytes]], encoding: 'header_map' }).headers('x-name')).toEqual([bytes])
  })

  it('come from `header_map` alone where it is present, even an empty one', () => {
    const headers: RawEntry[] = [
      ['authorization', 'from headers'],
      ['cookie', 'a=1'],
    ]
    const both = inputFrom(rawCheckRequest({ headers, headerMap: [['authorization', 'from header_map']] }))
    expect(texts(both, 'authorization')).toEqual(['from header_map'])
    expect(texts(both, 'cookie')).toEqual([])
    expect(texts(inputFrom(rawCheckRequest({ headers, headerMap: [] })), 'authorization')).toEqual([])
  })

  it('of `header_map` may have their value in `value`, as proxyless gRPC sends them, or in `raw_value`', () => {
    const headerMap: RawEntry[] = [
      ['a', 'value'],
      ['b', '', 'raw'],
      ['c', '', ''],
      ['d', 'value', 'raw'],
    ]
    const input = inputFrom(rawCheckRequest({ headerMap }))
    expect(['a', 'b', 'c', 'd'].map((name) => texts(input, name))).toEqual([['value'], ['raw'], [''], ['raw']])
  })

  it('of `headers` have their value in `value` alone: a map has no third field', () => {
    const input = inputFrom(rawCheckRequest({ headers: [['a', 'value', 'raw']] }))
    expect(texts(input, 'a')).toEqual(['value'])
    const rawAlone = new BinaryWriter().uint32(10).string('a').uint32(26).string('raw').finish()
    expect(texts(inputFrom(rawCheckRequest({ headers: [rawAlone] })), 'a')).toEqual([''])
    expect(texts(inputFrom(rawCheckRequest({ headerMap: [rawAlone] })), 'a')).toEqual(['raw'])
  })

  it('that come twice in the map `headers` are both given: no reader of it decides which counts', () => {
    const headers: RawEntry[] = [
      ['Authorization', 'one'],
      ['authorization', 'two'],
    ]
    expect(texts(inputFrom(rawCheckRequest({ headers })), 'authorization')).toEqual(['one', 'two'])
  })

  it('are compared by ASCII names: a letter that lower-cases to one of ASCII is another name', () => {
    const headers: RawEntry[] = [
      ['COO\u212aIE', 'a'],
      ['cook\u0131e', 'b'],
      ['\uff43ookie', 'c'],
    ]
    expect(texts(inputFrom(rawCheckRequest({ headers })), 'cookie')).toEqual([])
  })

  it('with another separator in their name are other headers', () => {
    const headers: RawEntry[] = [
      ['txn_token', 'a'],
      ['txn-token ', 'b'],
      ['txn-token\0', 'c'],
    ]
    expect(texts(inputFrom(rawCheckRequest({ headers })), 'txn-token')).toEqual([])
  })

  it('with values of every length are read to their last byte', () => {
    for (const length of [0, 1, 126, 127, 128, 129, 300, 8192, 16_383, 16_384, 70_000]) {
      const value = 'v'.repeat(length)
      for (const encoding of headerEncodings) {
        expect(texts(inputOf({ encoding, headers: [['x-long', value]] }), 'x-long')).toEqual([value])
      }
    }
  })

  it('with names of every length are found', () => {
    for (const length of [1, 126, 127, 128, 129, 300]) {
      const name = 'n'.repeat(length)
      for (const encoding of headerEncodings) {
        expect(texts(inputOf({ encoding, headers: [[name, 'v']] }), name)).toEqual(['v'])
      }
    }
  })
})

describe('what proxyless gRPC sends', () => {
  it('has no id, no scheme and no context extensions, and is read all the same', () => {
    const http = { method: 'POST', path: '/pkg.Service/Method', host: 'svc' }
    const input = inputFrom(rawCheckRequest({ ...http, headerMap: [['authorization', 'Bearer x']] }))
    expect(input).toMatchObject({ id: '', method: 'POST', target: '/pkg.Service/Method', policyName: undefined })
    expect(texts(input, 'authorization')).toEqual(['Bearer x'])
  })
})

describe('context extensions', () => {
  it('name the policy exactly, even by an empty name', () => {
    expect(inputOf({ policy: '' }).policyName).toBe('')
    expect(inputOf({ policy: 'ümlaut' }).policyName).toBe('ümlaut')
    expect(inputOf({ contextExtensions: { 'Postern.Policy': 'a', 'postern.policy ': 'b' } }).policyName).toBeUndefined()
  })

  it('that come twice count as protobuf has it: the last one', () => {
    const entries: RawEntry[] = [
      ['postern.policy', 'first'],
      ['other', 'x'],
      ['postern.policy', 'last'],
    ]
    expect(inputFrom(rawCheckRequest({}, entries)).policyName).toBe('last')
  })
})

describe('an entry in any form that protobuf allows', () => {
  const writer = () => new BinaryWriter()
  const forms: Readonly<Record<string, Uint8Array>> = {
    'the value before the name': writer().uint32(18).string('v').uint32(10).string('x').finish(),
    'a name that comes twice: the last counts': writer()
      .uint32(10)
      .string('y')
      .uint32(10)
      .string('x')
      .uint32(18)
      .string('v')
      .finish(),
    'a value that comes twice: the last counts': writer()
      .uint32(10)
      .string('x')
      .uint32(18)
      .string('u')
      .uint32(18)
      .string('v')
      .finish(),
    'an unknown field in front': writer().uint32(72).uint32(7).uint32(10).string('x').uint32(18).string('v').finish(),
    'an unknown field behind': writer().uint32(10).string('x').uint32(18).string('v').uint32(72).uint32(7).finish(),
    'a length in more bytes than needed': Buffer.from([10, 1, 0x78, 18, 0x81, 0x80, 0x00, 0x76]),
    'a length of the name in more bytes than needed': Buffer.from([10, 0x81, 0x00, 0x78, 18, 1, 0x76]),
    'a tag in more bytes than needed': Buffer.from([0x8a, 0x00, 1, 0x78, 18, 1, 0x76]),
  }

  it.each(Object.entries(forms))('is read: %s', (_, entry) => {
    expect(texts(inputFrom(rawCheckRequest({ headers: [entry] })), 'x')).toEqual(['v'])
    expect(texts(inputFrom(rawCheckRequest({ headerMap: [entry] })), 'x')).toEqual(['v'])
  })

  it('without a value has an empty one', () => {
    expect(texts(inputFrom(rawCheckRequest({ headerMap: [writer().uint32(10).string('x').finish()] })), 'x')).toEqual([
      '',
    ])
  })

  it.each([
    ['a name longer than the entry', [10, 9, 0x78]],
    ['a value longer than the entry', [10, 1, 0x78, 18, 9, 0x76]],
    ['a value that ends after the entry', [10, 1, 0x78, 18, 0x80]],
    ['a tag and no more', [10]],
    ['a tag of field zero with a length', [2, 0xff]],
  ])('makes the whole request malformed where it is none: %s', (_, bytes) => {
    expect(readCheckInput(rawCheckRequest({ headers: [Buffer.from(bytes)] }))).toEqual(refusal)
    expect(readCheckInput(rawCheckRequest({ headerMap: [Buffer.from(bytes)] }))).toEqual(refusal)
    expect(readCheckInput(rawCheckRequest({}, [Buffer.from(bytes)]))).toEqual(refusal)
  })

  it('is read as Envoy wrote it, by its own protos, whatever is in it', () => {
    const anyHeader = fc.tuple(
      fc.string({ unit: fc.constantFrom(...'abc-:'), minLength: 1, maxLength: 140 }),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    )
    fc.assert(
      fc.property(fc.array(anyHeader, { maxLength: 5 }), (headers) => {
        const input = inputOf({ headers, encoding: 'header_map' })
        for (const [name] of headers) {
          const sent = headers.filter((other) => other[0] === name).map(([, value]) => value)
          expect(input.headers(name).map((value) => value.toString('hex'))).toEqual(
            sent.map((value) => value.toString('hex')),
          )
        }
      }),
    )
  })
})

describe('what is no HTTP request', () => {
  it('is refused: a TCP connection', () => {
    expect(readCheckInput(tcpCheckRequest())).toEqual(refusal)
  })

  it.each([
    ['no bytes', Buffer.alloc(0)],
    ['a zero byte', Buffer.alloc(1)],
    ['attributes without a request', Buffer.from('0a00', 'hex')],
    ['a request without http', Buffer.from('0a022200', 'hex')],
    ['a field that ends beyond the bytes', Buffer.from('0aff7f22', 'hex')],
    ['a length that never ends', Buffer.from('0affffffffffffffffffff', 'hex')],
    ['a tag that never ends', Buffer.alloc(20, 0xff)],
    ['JSON', Buffer.from('{"attributes":{}}')],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('is refused: %s', (_, bytes) => {
    expect(readCheckInput(bytes)).toEqual(refusal)
  })

  it('never throws, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        readCheckInput(bytes)
      }),
      { numRuns: 2000 },
    )
  })

  it('never throws, however a real request is cut, changed or repeated', () => {
    const whole = checkRequest({ encoding: 'header_map', policy: 'p', headers: [['authorization', 'Bearer a.b.c']] })
    for (let length = 0; length < whole.length; length += 1) readCheckInput(whole.subarray(0, length))
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, from) => {
        const changed = Buffer.concat([whole, whole.subarray(from)])
        changed.writeUInt8(byte, at)
        const input = readCheckInput(changed)
        if (input.ok) input.value.headers('authorization')
      }),
      { numRuns: 1000 },
    )
  })

  it('skips fields that it does not know, of every wire type', () => {
    const unknown = new BinaryWriter()
    unknown.uint32((99 << 3) | 0).uint64('18446744073709551615')
    unknown.uint32((98 << 3) | 1).fixed64(7n)
    unknown.uint32((97 << 3) | 2).string('later')
    unknown.uint32((96 << 3) | 5).fixed32(7)
    const bytes = Buffer.concat([unknown.finish(), checkRequest({ path: '/known' }), unknown.finish()])
    expect(inputFrom(bytes).target).toBe('/known')
  })
})
