// Protobuf messages put together from parts that are encoded already. The bytes of a message's fields may stand in any
// order and number, so two encoded parts of one message, one behind the other, are the encoding of both together.

export type Parts = readonly Uint8Array[]

/** Fields of one message, each length-delimited: its number and the parts of the submessage it holds. */
export function joinFields(fields: readonly (readonly [field: number, parts: Parts])[]): Uint8Array {
  let size = 0
  for (const [, parts] of fields) size += 1 + varintSize(sizeOf(parts)) + sizeOf(parts)
  const message = Buffer.allocUnsafe(size)
  let at = 0
  for (const [field, parts] of fields) {
    message[at++] = (field << 3) | 2
    at = writeVarint(message, at, sizeOf(parts))
    for (const part of parts) {
      message.set(part, at)
      at += part.length
    }
  }
  return message
}

function sizeOf(parts: Parts): number {
  let size = 0
  for (const part of parts) size += part.length
  return size
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest >>>= 7) size += 1
  return size
}

function writeVarint(message: Buffer, start: number, value: number): number {
  let at = start
  let rest = value
  for (; rest >= 0x80; rest >>>= 7) message[at++] = (rest & 0x7f) | 0x80
  message[at++] = rest
  return at
}
