// The memory store keeps the promises of the store port.
import { systemClock } from '../../../src/clock.ts'
import { connectMemoryStore, createMemoryData } from '../../../src/denylist/memory.ts'
import { describeStore } from '../../support/denylist/store-suite.ts'

describeStore('the memory store', async () => {
  const data = createMemoryData({ clock: systemClock, epochRetentionSeconds: 100 })
  return { connect: async () => connectMemoryStore(data), close: async () => {} }
})
