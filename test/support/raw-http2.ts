// HTTP/2 by hand (RFC 9113, RFC 7541), for what no client library would send: duplicates of `authorization`, bytes that are
// no text. One request on a connection of its own; of the answer only that it ended is told, not what it said.
import { connect } from 'node:net'

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

const frame = { headers: 0x1, rstStream: 0x3, settings: 0x4, goAway: 0x7 } as const
const flag = { ack: 0x1, endStream: 0x1, endHeaders: 0x4 } as const
const frameHeaderBytes = 9
const streamId = 1

/** Longer than any answer takes on loopback. */
const answerWithinMs = 10_000

/** Values are latin1: one character is one byte on the wire. Resolves when the server has ended the stream. */
export function sendHttp2(port: number, headers: readonly (readonly [name: string, value: string])[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.setTimeout(answerWithinMs, () => socket.destroy(new Error('no answer in time')))
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the connection was closed without an answer')))
    let buffered = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      buffered = Buffer.concat([buffered, chunk])
      for (let next = takeFrame(buffered); next !== undefined; next = takeFrame(buffered)) {
        buffered = next.rest
        if (next.type === frame.settings && (next.flags & flag.ack) === 0) {
          socket.write(frameOf(frame.settings, flag.ack, 0, Buffer.alloc(0)))
        }
        if (endsStream(next)) {
          resolve()
          socket.destroy()
        }
      }
    })
    socket.write(preface)
    socket.write(frameOf(frame.settings, 0, 0, Buffer.alloc(0)))
    socket.write(frameOf(frame.headers, flag.endHeaders | flag.endStream, streamId, encodeHeaders(headers)))
  })
}

interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly rest: Buffer<ArrayBuffer>
}

function takeFrame(bytes: Buffer<ArrayBuffer>): Frame | undefined {
  if (bytes.length < frameHeaderBytes) return undefined
  const end = frameHeaderBytes + bytes.readUIntBE(0, 3)
  if (bytes.length < end) return undefined
  return {
    type: bytes.readUInt8(3),
    flags: bytes.readUInt8(4),
    stream: bytes.readUInt32BE(5),
    rest: bytes.subarray(end),
  }
}

/** Its end may be on headers or data, or the server gives the stream or the connection up. */
function endsStream({ type, flags, stream }: Frame): boolean {
  if (type === frame.goAway) return true
  if (stream !== streamId) return false
  return type === frame.rstStream || (type <= frame.headers && (flags & flag.endStream) !== 0)
}

function frameOf(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(frameHeaderBytes)
  header.writeUIntBE(payload.length, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt8(flags, 4)
  header.writeUInt32BE(stream, 5)
  return Buffer.concat([header, payload])
}

/** Literal fields without indexing and without Huffman: every line stays a line. */
function encodeHeaders(headers: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(headers.flatMap(([name, value]) => [Buffer.from([0x00]), text(name), text(value)]))
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  return Buffer.concat([integer(bytes.length), bytes])
}

/** RFC 7541, section 5.1, with a prefix of 7 bits. */
function integer(value: number): Buffer {
  const most = 0x7f
  if (value < most) return Buffer.from([value])
  const bytes = [most]
  let rest = value - most
  for (; rest >= 0x80; rest >>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.from([...bytes, rest])
}
