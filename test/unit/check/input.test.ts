// CheckRequest bytes → CheckInput: both encodings of headers, whatever bytes a client sent, and bytes that are nothing.
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CheckInput, readCheckInput } from '../../../src/check/input.ts'
import { CheckRequestView, type HttpRequestView } from '../../../src/gen/postern/check/v1/view.ts'
import { checkRequest, headerEncodings, inputOf, tcpCheckRequest } from '../../support/check-request.ts'

const refusal = { ok: false, reason: 'request_malformed' }
const texts = (input: CheckInput, name: string) => input.headers(name).map((value) => value.toString('latin1'))

/** What no Envoy would send: the narrow view lets a test write any bytes and any number of entries. */
function viewOf(
  http: Partial<HttpRequestView>,
  contextExtensions: readonly (readonly [string, string])[] = [],
): Uint8Array {
  const entry = ([key, value]: readonly [string, string]) => ({ key: Buffer.from(key), value: Buffer.from(value) })
  const empty = { id: Buffer.alloc(0), method: Buffer.alloc(0), path: Buffer.alloc(0), host: Buffer.alloc(0) }
  return CheckRequestView.encode({
    attributes: {
      request: { http: { ...empty, headers: [], headerMap: undefined, ...http } },
      contextExtensions: contextExtensions.map(entry),
    },
  }).finish()
}

function inputFrom(bytes: Uint8Array): CheckInput {
  const input = readCheckInput(bytes)
  if (!input.ok) throw new Error(input.reason)
  return input.value
}

const header = (key: string, value: string | Buffer, rawValue: string | Buffer = '') => ({
  key: Buffer.from(key),
  value: Buffer.from(value),
  rawValue: Buffer.from(rawValue),
})

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
    const headers = [header('authorization', 'from headers'), header('cookie', 'a=1')]
    const both = viewOf({ headers, headerMap: { headers: [header('authorization', 'from header_map')] } })
    expect(texts(inputFrom(both), 'authorization')).toEqual(['from header_map'])
    expect(texts(inputFrom(both), 'cookie')).toEqual([])
    expect(texts(inputFrom(viewOf({ headers, headerMap: { headers: [] } })), 'authorization')).toEqual([])
  })

  it('of `header_map` may have their value in `value`, as proxyless gRPC sends them, or in `raw_value`', () => {
    const headers = [header('a', 'value'), header('b', '', 'raw'), header('c', '', ''), header('d', 'value', 'raw')]
    const input = inputFrom(viewOf({ headerMap: { headers } }))
    expect(['a', 'b', 'c', 'd'].map((name) => texts(input, name))).toEqual([['value'], ['raw'], [''], ['raw']])
  })

  it('that come twice in the map `headers` are both given: no reader of it decides which counts', () => {
    const input = inputFrom(viewOf({ headers: [header('Authorization', 'one'), header('authorization', 'two')] }))
    expect(texts(input, 'authorization')).toEqual(['one', 'two'])
  })

  it('are compared by ASCII names: a letter that lower-cases to one of ASCII is another name', () => {
    const input = inputFrom(
      viewOf({ headers: [header('COO\u212aIE', 'a'), header('cookıe', 'b'), header('ｃookie', 'c')] }),
    )
    expect(texts(input, 'cookie')).toEqual([])
  })

  it('with another separator in their name are other headers', () => {
    const input = inputFrom(
      viewOf({ headers: [header('txn_token', 'a'), header('txn-token ', 'b'), header('txn-token\0', 'c')] }),
    )
    expect(texts(input, 'txn-token')).toEqual([])
  })
})

describe('what proxyless gRPC sends', () => {
  it('has no id, no scheme and no context extensions, and is read all the same', () => {
    const http = { method: Buffer.from('POST'), path: Buffer.from('/pkg.Service/Method'), host: Buffer.from('svc') }
    const input = inputFrom(viewOf({ ...http, headerMap: { headers: [header('authorization', 'Bearer x')] } }))
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
    const entries = [
      ['postern.policy', 'first'],
      ['other', 'x'],
      ['postern.policy', 'last'],
    ] as const
    expect(inputFrom(viewOf({}, entries)).policyName).toBe('last')
  })
})

describe('what is no HTTP request', () => {
  it('is refused: a TCP connection', () => {
    expect(readCheckInput(tcpCheckRequest())).toEqual(refusal)
  })

  it.each([
    ['no bytes', Buffer.alloc(0)],
    ['a zero byte', Buffer.alloc(1)],
    ['an empty message within', CheckRequestView.encode({ attributes: undefined }).finish()],
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
