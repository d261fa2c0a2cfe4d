// Where the master is that holds our keys: a fixed address, what a majority of Sentinels says, or the owner of our slot
// in a Cluster. Opening a connection to it is the business of link.ts.
import type { RedisOptions } from '../options.ts'
import { createClusterDirectory } from './directory-cluster.ts'
import { createSentinelDirectory } from './directory-sentinel.ts'
import type { Directory } from './master.ts'

export function createDirectory(options: RedisOptions): Directory {
  const { topology } = options
  switch (topology.kind) {
    case 'standalone':
      return { find: async () => topology.address, confirm: async () => {}, close() {} }
    case 'sentinel':
      return createSentinelDirectory(topology, options)
    case 'cluster':
      return createClusterDirectory(topology, options)
  }
}
