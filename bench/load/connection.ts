// One HTTP/2 connection on which the same headers are sent with ever new bodies. Every answer has to be a 200; what its
// body says is for whoever asked.
import { connect } from 'node:net'
import {
  FRAME_HEADER_BYTES,
  firstHeaderBlock,
  flag,
  frame,
  frameType,
  type Headers,
  INITIAL_WINDOW_BYTES,
  opening,
  repeatedHeaderBlock,
} from './frames.ts'

export type Target = { readonly path: string } | { readonly host: string; readonly port: number }

export interface Connection {
  /** `undefined`: a request without a body. The answer's body, or why there is none. */
  send(body: Buffer | undefined, answered: (body: Buffer | Error) => void): void
  close(): void
}

/** `:status: 200` in the static table; what any server sends for it. */
const STATUS_OK = 0x88

interface Stream {
  readonly answered: (body: Buffer | Error) => void
  status: number | undefined
  body: Buffer
}

const nothing = Buffer.alloc(0)

export function openConnection(target: Target, headers: Headers): Promise<Connection> {
  const streams = new Map<number, Stream>()
  const repeated = repeatedHeaderBlock(headers)
  let block = firstHeaderBlock(headers)
  let nextStream = 1
  let window = INITIAL_WINDOW_BYTES
  const waiting: (() => void)[] = []
  let unread: Buffer = nothing

  const socket = connect(target)
  socket.setNoDelay(true)
  socket.write(opening())

  function begin(body: Buffer | undefined, answered: Stream['answered']): void {
    const id = nextStream
    nextStream += 2
    streams.set(id, { answered, status: undefined, body: nothing })
    const end = body === undefined ? flag.endStream : 0
    const head = frame(frameType.headers, flag.endHeaders | end, id, block)
    block = repeated
    window -= body?.length ?? 0
    socket.write(body === undefined ? head : Buffer.concat([head, frame(frameType.data, flag.endStream, id, body)]))
  }

  function finish(id: number, result?: Error): void {
    const stream = streams.get(id)
    streams.delete(id)
    if (stream === undefined) return
    const isOk = result === undefined && stream.status === STATUS_OK
    stream.answered(isOk ? stream.body : (result ?? new Error('The answer is not a 200')))
  }

  const onFrame: Readonly<Record<number, (flags: number, id: number, payload: Buffer) => void>> = {
    [frameType.data](_flags, id, payload) {
      const stream = streams.get(id)
      if (stream !== undefined) stream.body = stream.body.length === 0 ? payload : Buffer.concat([stream.body, payload])
    },
    [frameType.headers](_flags, id, payload) {
      const stream = streams.get(id)
      if (stream !== undefined) stream.status ??= payload[0]
    },
    [frameType.rstStream]: (_flags, id) => finish(id, new Error('The stream was reset')),
    [frameType.settings](flags) {
      if ((flags & flag.ack) === 0) socket.write(frame(frameType.settings, flag.ack, 0, nothing))
    },
    [frameType.ping](flags, _id, payload) {
      if ((flags & flag.ack) === 0) socket.write(frame(frameType.ping, flag.ack, 0, payload))
    },
    [frameType.goAway]: () => socket.destroy(new Error('The server closes the connection')),
    [frameType.windowUpdate](_flags, id, payload) {
      if (id === 0) window += payload.readUInt32BE(0)
      while (window > 0 && waiting.length > 0) waiting.shift()?.()
    },
  }

  socket.on('data', (chunk: Buffer) => {
    const bytes = unread.length === 0 ? chunk : Buffer.concat([unread, chunk])
    let at = 0
    while (bytes.length - at >= FRAME_HEADER_BYTES) {
      const end = at + FRAME_HEADER_BYTES + bytes.readUIntBE(at, 3)
      if (end > bytes.length) break
      const [type = 0, flags = 0] = bytes.subarray(at + 3, at + 5)
      const id = bytes.readUInt32BE(at + 5)
      onFrame[type]?.(flags, id, bytes.subarray(at + FRAME_HEADER_BYTES, end))
      if (type <= frameType.headers && (flags & flag.endStream) !== 0) finish(id)
      at = end
    }
    unread = bytes.subarray(at)
  })
  socket.on('close', () => {
    for (const id of [...streams.keys()]) finish(id, new Error('The connection was closed'))
  })

  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.once('connect', () =>
      resolve({
        send(body, answered) {
          if (body === undefined || window >= body.length) begin(body, answered)
          else waiting.push(() => begin(body, answered))
        },
        close: () => socket.destroy(),
      }),
    )
  })
}
