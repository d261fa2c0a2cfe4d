// From what Redis answers to our types, with a guard at every step: an answer of another shape is an error, never a
// guess. The shapes are those of scripts.ts.
import type { Entry, Space } from '../entries.ts'
import { StoreUnavailableError } from '../port.ts'
import type { Beat, DataSet, FeedEntry, Position } from '../store-port.ts'
import { MEMBER_BYTES } from '../vocabulary.ts'

function unexpected(): StoreUnavailableError {
  return new StoreUnavailableError('Redis gave an unexpected answer', { possiblyApplied: true })
}

export function list(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw unexpected()
  return reply
}

export function bytes(reply: unknown): Buffer {
  if (!Buffer.isBuffer(reply)) throw unexpected()
  return reply
}

export function text(reply: unknown): string {
  return bytes(reply).toString('latin1')
}

export function count(reply: unknown): number {
  if (typeof reply === 'number') return reply
  const value = Number(text(reply))
  if (!Number.isFinite(value)) throw unexpected()
  return value
}

/** `inf` is for ever; an absent score is 0. */
export function score(reply: unknown): number {
  if (reply === null) return 0
  const words = text(reply)
  const value = words === 'inf' || words === '+inf' ? Number.POSITIVE_INFINITY : Number(words)
  if (Number.isNaN(value)) throw unexpected()
  return value
}

export function dataSetOf(epoch: unknown, state: unknown): DataSet {
  return { epoch: text(epoch), state: text(state) === 'live' ? 'live' : 'recovering' }
}

export function positionOf(id: unknown, nonce: unknown): Position {
  return { id: text(id), nonce: text(nonce) }
}

export function beatOf(reply: unknown): Beat {
  const [epoch, state, ms, id, nonce, size, entries] = list(reply)
  return {
    dataSet: dataSetOf(epoch, state),
    entries: list(entries).map(feedEntryOf),
    last: positionOf(id, nonce),
    timeMs: count(ms),
    size: count(size),
  }
}

const spaceOf: Readonly<Record<string, Space>> = { r: 'revoked', n: 'not_before' }

function feedEntryOf(reply: unknown): FeedEntry {
  const [id, fields] = list(reply)
  // By position: the script is the only writer, and a stream that somebody else wrote to is refused below.
  const [, space, , member, , value, , previousId, , previousNonce, , nonce] = list(fields)
  return {
    position: positionOf(id, nonce),
    previous: positionOf(previousId, previousNonce),
    entry: entryOf(spaceOf[text(space)], member, value),
    writtenMs: Number.parseInt(text(id), 10),
  }
}

function entryOf(space: Space | undefined, member: unknown, value: unknown): Entry {
  const raw = bytes(member)
  if (space === undefined || raw.length !== MEMBER_BYTES) throw unexpected()
  return { space, member: raw, score: score(value) }
}

/** A page of ZSCAN: the next cursor and the entries. Members that are not ours are left out: they can match nothing. */
export function pageOf(reply: unknown, space: Space): { readonly cursor: string; readonly entries: readonly Entry[] } {
  const [cursor, flat] = list(reply)
  const pairs = list(flat)
  const entries: Entry[] = []
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const member = bytes(pairs[i])
    if (member.length === MEMBER_BYTES) entries.push({ space, member, score: score(pairs[i + 1]) })
  }
  return { cursor: text(cursor), entries }
}
