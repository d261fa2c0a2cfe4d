// A store inside this process, over anything that can keep entries durably: one writer at a time, many additions per
// write, the feed and the registry in memory. What "durable" means is the keep's business (memory.ts, level.ts).
import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { type Addition, type Entry, resolveAddition, type Space } from './entries.ts'
import { countOf, createFeed, type Feed } from './feed.ts'
import { StoreUnavailableError } from './port.ts'
import type { Added, DataSet, Position, RevocationStore } from './store-port.ts'
import { pause } from './timing.ts'

/** Entries per beat: what a mirror applies without a pause. */
const FEED_PER_BEAT = 1000
/** How often the mirrors' reports are looked at by somebody who waits for them. */
const POLL_MS = 5
/** How long a tail waits for news. */
const TAIL_MS = 5000

/** Where an embedded store keeps its entries. */
export interface Keep {
  /** In the order asked; 0 where there is none. */
  scores(questions: readonly Pick<Entry, 'space' | 'member'>[]): Promise<readonly number[]>
  /** Resolves once they are durable, all of them. */
  write(entries: readonly Entry[]): Promise<void>
  pages(): AsyncIterable<readonly Entry[]>
  /** Removes some of the entries with a score below their space's threshold. */
  removeBelow(thresholds: Readonly<Record<Space, number>>): Promise<number>
  size(): number
  close(): Promise<void>
}

/** What the mirrors of one process share. */
export interface EmbeddedData {
  readonly keep: Keep
  readonly feed: Feed
  readonly dataSet: DataSet
  /** The last report of each mirror. */
  readonly mirrors: Map<string, { readonly after: Position | undefined; readonly goodUntil: number }>
  readonly writer: Writer
  readonly clock: Clock
  readonly epochRetentionSeconds: number
}

export function createEmbeddedData(deps: {
  keep: Keep
  epoch: string
  clock: Clock
  epochRetentionSeconds: number
}): EmbeddedData {
  const { keep, epoch, clock, epochRetentionSeconds } = deps
  const feed = createFeed()
  // Nobody else can hold a copy of an embedded data set, so there is nothing to wait for when it is new.
  const dataSet: DataSet = { epoch, state: 'live' }
  const writer = createWriter(keep, feed, clock)
  return { keep, feed, dataSet, mirrors: new Map(), writer, clock, epochRetentionSeconds }
}

/** One mirror's view of it. */
export function connectEmbedded(data: EmbeddedData, onClose: () => Promise<void>): RevocationStore {
  const { keep, feed, dataSet, mirrors, writer, clock, epochRetentionSeconds } = data
  const mirror = randomUUID()

  return {
    add: (additions) => writer.add(additions),
    async beat({ after, maxStalenessMs }) {
      mirrors.set(mirror, { after, goodUntil: clock.monotonicMs() + maxStalenessMs })
      const entries = after === undefined ? [] : feed.after(after, FEED_PER_BEAT)
      return { dataSet, entries, last: feed.last, timeMs: clock.wallMs(), size: keep.size() }
    },
    async snapshot() {
      return { dataSet, position: feed.last, pages: keep.pages() }
    },
    async tail(after, signal) {
      if (feed.last.id !== after.id) return true
      return waitForNews(feed, signal)
    },
    async lookup(questions) {
      return { dataSet, scores: await keep.scores(questions) }
    },
    async applied(revision) {
      const known = [...mirrors.keys()]
      const has = (id: string) => {
        const report = mirrors.get(id)
        return report !== undefined && (report.after === undefined || countOf(report.after.id) >= countOf(revision))
      }
      const couldAnswer = (id: string) => (mirrors.get(id)?.goodUntil ?? 0) >= clock.monotonicMs()
      while (known.some((id) => !has(id) && couldAnswer(id))) await pause(POLL_MS)
      return { sidecarsApplied: known.filter(has).length, sidecarsKnown: known.length }
    },
    async purge() {
      const seconds = Math.floor(clock.wallMs() / 1000)
      const thresholds = { revoked: seconds, not_before: seconds - epochRetentionSeconds }
      return writer.exclusive(() => keep.removeBelow(thresholds))
    },
    async initialise() {
      return dataSet
    },
    async close() {
      mirrors.delete(mirror)
      await writer.exclusive(onClose)
    },
  }
}

interface Writer {
  add(additions: readonly Addition[]): Promise<Added>
  /** Runs the task while nothing is being written. */
  exclusive<T>(task: () => Promise<T>): Promise<T>
}

interface Waiting {
  readonly additions: readonly Addition[]
  readonly resolve: (added: Added) => void
  readonly reject: (error: unknown) => void
}

/** Additions that come while one write is under way share the next: one sync to disk for all of them. */
function createWriter(keep: Keep, feed: Feed, clock: Clock): Writer {
  let waiting: Waiting[] = []
  let last: Promise<unknown> = Promise.resolve()

  function exclusive<T>(task: () => Promise<T>): Promise<T> {
    const result = last.then(task)
    last = result.catch(() => {})
    return result
  }

  async function writeWaiting(): Promise<void> {
    const batch = waiting
    waiting = []
    const nowMs = clock.wallMs()
    const seconds = Math.floor(nowMs / 1000)
    try {
      const entries = batch.flatMap(({ additions }) => additions).map((addition) => resolveAddition(addition, seconds))
      const present = await keep.scores(entries)
      const higher = highestOnly(entries.filter(({ score }, i) => score > (present[i] ?? 0)))
      if (higher.length > 0) await keep.write(higher)
      for (const entry of higher) feed.append(entry, nowMs)
      for (const { resolve } of batch) resolve({ revision: feed.last.id, seconds })
    } catch (cause) {
      const error = new StoreUnavailableError('The embedded store could not write', { possiblyApplied: true, cause })
      for (const { reject } of batch) reject(error)
    }
  }

  return {
    exclusive,
    add: (additions) =>
      new Promise((resolve, reject) => {
        waiting.push({ additions, resolve, reject })
        if (waiting.length === 1) exclusive(writeWaiting)
      }),
  }
}

/** A member named twice in one write keeps its highest score, whatever the order. */
function highestOnly(entries: readonly Entry[]): readonly Entry[] {
  const byMember = new Map<string, Entry>()
  for (const entry of entries) {
    const key = `${entry.space} ${entry.member.toString('hex')}`
    const other = byMember.get(key)
    if (other === undefined || other.score < entry.score) byMember.set(key, entry)
  }
  return [...byMember.values()]
}

function waitForNews(feed: Feed, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (news: boolean) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve(news)
    }
    const end = () => finish(false)
    const timer = setTimeout(end, TAIL_MS)
    signal.addEventListener('abort', end)
    feed.next().then(() => finish(true))
    if (signal.aborted) end()
  })
}
