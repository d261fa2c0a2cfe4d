// The store for tests: entries in maps, gone when the process ends. Several mirrors may share one data set.
import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { connectEmbedded, createEmbeddedData, type EmbeddedData, type Keep } from './embedded.ts'
import { type Entry, type Space, spaces } from './entries.ts'
import type { RevocationStore } from './store-port.ts'

const PAGE = 1000

export function createMemoryData(options: { clock: Clock; epochRetentionSeconds: number }): EmbeddedData {
  return createEmbeddedData({ ...options, keep: createMemoryKeep(), epoch: randomUUID() })
}

export function connectMemoryStore(data: EmbeddedData): RevocationStore {
  return connectEmbedded(data, async () => {})
}

function createMemoryKeep(): Keep {
  const maps: Readonly<Record<Space, Map<string, Entry>>> = { revoked: new Map(), not_before: new Map() }

  function find({ space, member }: Pick<Entry, 'space' | 'member'>): Entry | undefined {
    return maps[space].get(member.toString('hex'))
  }

  return {
    async scores(questions) {
      return questions.map((question) => find(question)?.score ?? 0)
    },
    async write(entries) {
      for (const entry of entries) maps[entry.space].set(entry.member.toString('hex'), entry)
    },
    async *pages() {
      const all = spaces.flatMap((space) => [...maps[space].values()])
      for (let at = 0; at < all.length; at += PAGE) yield all.slice(at, at + PAGE)
    },
    async removeBelow(thresholds) {
      const over = spaces.flatMap((space) =>
        [...maps[space]].filter(([, { score }]) => score < thresholds[space]).map(([key]) => [space, key] as const),
      )
      for (const [space, key] of over) maps[space].delete(key)
      return over.length
    },
    size: () => maps.revoked.size + maps.not_before.size,
    async close() {},
  }
}
