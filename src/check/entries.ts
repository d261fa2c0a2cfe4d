// Headers and extensions of a CheckRequest stay encoded: a decision looks at few of them. Envoy writes each in one
// canonical form, which is read in place; any other legal form is brought into it by the generated code first.
import { EntryView } from '../gen/postern/check/v1/view.ts'
import { joinFields } from './wire.ts'

/** An encoded entry in canonical form: the key, then its value or nothing, and nothing after it. */
export type Entry = Uint8Array

/** How the value of an entry is chosen: a map has `value` alone, a HeaderValue may have `raw_value` instead. */
export type EntryForm = 'map' | 'header_value'

/** Tags of the fields of EntryView: number × 8 + 2 (length-delimited). */
const KEY = 0x0a
const VALUE = 0x12
const RAW_VALUE = 0x1a
const CONTINUED = 0x80

/** Throws where the bytes are no such message. */
export function toEntry(bytes: Uint8Array, form: EntryForm): Entry {
  if (isCanonical(bytes, form)) return bytes
  const { key, value, rawValue } = EntryView.decode(bytes)
  const chosen = form === 'header_value' && rawValue.length > 0 ? rawValue : value
  return joinFields([
    [1, [key]],
    [2, [chosen]],
  ])
}

/** Names of headers have no case (RFC 9110, section 5.1). `name`: in lower case. */
export function isNamed(entry: Entry, name: string): boolean {
  return hasKey(entry, name, lowerCase)
}

/** Compared byte by byte, without making a string of the key. */
export function hasKey(entry: Entry, name: string, fold: (byte: number) => number = asIs): boolean {
  if (name.length >= CONTINUED) return hasLongKey(entry, name, fold)
  if (entry[1] !== name.length) return false
  for (let at = 0; at < name.length; at += 1) {
    if (fold(entry[at + 2] ?? 0) !== name.charCodeAt(at)) return false
  }
  return true
}

function hasLongKey(entry: Entry, name: string, fold: (byte: number) => number): boolean {
  const { key } = EntryView.decode(entry)
  return key.length === name.length && key.every((byte, at) => fold(byte) === name.charCodeAt(at))
}

export function entryValue(entry: Entry): Buffer {
  const start = contentStart(entry, contentStart(entry, 0) + lengthAt(entry, 1))
  return Buffer.from(entry.buffer, entry.byteOffset + start, entry.length - start)
}

function asIs(byte: number): number {
  return byte
}

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
}

function isCanonical(entry: Uint8Array, form: EntryForm): boolean {
  const keyLength = entry[1] ?? CONTINUED
  if (entry[0] !== KEY || keyLength >= CONTINUED) return false
  const tagAt = 2 + keyLength
  if (tagAt === entry.length) return true
  const tag = entry[tagAt]
  if (tag !== VALUE && !(tag === RAW_VALUE && form === 'header_value')) return false
  return contentStart(entry, tagAt) + lengthAt(entry, tagAt + 1) === entry.length
}

/** Of a field: past its tag and its length, a varint. */
function contentStart(entry: Uint8Array, tagAt: number): number {
  if (tagAt >= entry.length) return entry.length
  let at = tagAt + 1
  while ((entry[at] ?? 0) >= CONTINUED) at += 1
  return at + 1
}

function lengthAt(entry: Uint8Array, start: number): number {
  let length = 0
  for (let at = start, factor = 1; ; at += 1, factor *= CONTINUED) {
    const byte = entry[at] ?? 0
    length += (byte & 0x7f) * factor
    if (byte < CONTINUED) return length
  }
}
