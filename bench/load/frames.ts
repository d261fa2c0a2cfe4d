// HTTP/2 frames and header blocks (RFC 9113, RFC 7541), as much of them as a load generator needs: it costs a fraction
// of the server that it loads, which no client library does.

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')
export const FRAME_HEADER_BYTES = 9
/** The window both sides start with, for the connection and for each stream. */
export const INITIAL_WINDOW_BYTES = 65_535
const LARGEST_WINDOW_BYTES = 2 ** 31 - 1

export const frameType = {
  data: 0x0,
  headers: 0x1,
  rstStream: 0x3,
  settings: 0x4,
  ping: 0x6,
  goAway: 0x7,
  windowUpdate: 0x8,
} as const
export const flag = { ack: 0x1, endStream: 0x1, endHeaders: 0x4 } as const

const INITIAL_WINDOW_SETTING = 0x4

export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length)
  bytes.writeUIntBE(payload.length, 0, 3)
  bytes[3] = type
  bytes[4] = flags
  bytes.writeUInt32BE(stream, 5)
  bytes.set(payload, FRAME_HEADER_BYTES)
  return bytes
}

/** What a client sends first: from then on the server may send as much as it likes. */
export function opening(): Buffer {
  const settings = Buffer.alloc(6)
  settings.writeUInt16BE(INITIAL_WINDOW_SETTING, 0)
  settings.writeUInt32BE(LARGEST_WINDOW_BYTES, 2)
  const window = Buffer.alloc(4)
  window.writeUInt32BE(LARGEST_WINDOW_BYTES - INITIAL_WINDOW_BYTES)
  return Buffer.concat([
    PREFACE,
    frame(frameType.settings, 0, 0, settings),
    frame(frameType.windowUpdate, 0, 0, window),
  ])
}

export type Headers = readonly (readonly [name: string, value: string])[]

/** The headers of a connection's first request, remembered by the peer (incremental indexing). */
export function firstHeaderBlock(headers: Headers): Buffer {
  return Buffer.concat(headers.flatMap(([name, value]) => [Buffer.from([0x40]), literal(name), literal(value)]))
}

/** The same headers again, by their places in the peer's table: what any client sends for a header that repeats. */
export function repeatedHeaderBlock(headers: Headers): Buffer {
  const FIRST_DYNAMIC = 62
  return Buffer.from(headers.map((_, at) => 0x80 | (FIRST_DYNAMIC + headers.length - 1 - at)))
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  return Buffer.concat([prefixed(bytes.length), bytes])
}

/** An integer with a prefix of seven bits (RFC 7541, section 5.1). */
function prefixed(value: number): Buffer {
  if (value < 0x7f) return Buffer.from([value])
  const bytes = [0x7f]
  let rest = value - 0x7f
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.from([...bytes, rest])
}
