// The slot of a key in a Redis Cluster: CRC16 (XMODEM) of its hash tag, modulo 16384, as the Cluster specification says.

const SLOTS = 16_384
const POLYNOMIAL = 0x1021

export function clusterSlot(key: string): number {
  const open = key.indexOf('{')
  const close = key.indexOf('}', open + 1)
  const tag = open >= 0 && close > open + 1 ? key.slice(open + 1, close) : key
  return crc16(Buffer.from(tag, 'utf8')) % SLOTS
}

function crc16(data: Buffer): number {
  let crc = 0
  for (const byte of data) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000 ? (crc << 1) ^ POLYNOMIAL : crc << 1) & 0xffff
  }
  return crc
}
