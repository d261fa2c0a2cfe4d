// @ts-check
// The denylist of one process alone, over a real Redis: how long the snapshot takes, what it occupies, what a lookup
// costs. Usage: node --expose-gc denylist.mjs <dist folder> <redis url> <namespace>; prints one line of JSON.
import { randomBytes } from 'node:crypto'
import { pathToFileURL } from 'node:url'

const [, , dist = '', url = '', namespace = ''] = process.argv
/** @param {string} path */
const load = (path) => import(`${pathToFileURL(dist).href}/${path}`)
const { createDenylist } = await load('denylist/create.js')
const { parseRedisUrl } = await load('denylist/options.js')
const { systemClock: clock } = await load('clock.js')
const { refsOf } = await load('denylist/vocabulary.js')
const { createLog } = await load('telemetry/log.js')

const log = createLog({ level: 'warn', destination: { write: () => {} } })
const denylist = await createDenylist({
  clock,
  log,
  options: {
    store: {
      kind: 'redis',
      redis: {
        topology: parseRedisUrl(url).topology,
        namespace,
        connectTimeoutMs: 2000,
        commandTimeoutMs: 500,
        minReplicas: 0,
        strict: false,
      },
    },
    mode: 'mirror',
    maxStalenessMs: 5000,
    maxEntries: 2_000_000,
    epochRetentionSeconds: 35 * 24 * 3600,
    recoveryWindowMs: 30_000,
    mayWrite: false,
  },
})

const before = resident()
const startedMs = performance.now()
await denylist.start()
const snapshotMs = performance.now() - startedMs
const grown = resident() - before
const { entries, state } = denylist.denylist.status()
if (state !== 'live') throw new Error(`The denylist is ${state}`)

const TOKENS = 2000
const tokens = Array.from({ length: TOKENS }, () => randomBytes(16).toString('hex'))
const refs = tokens.map((jti) =>
  refsOf({ issuer: 'https://commons.example/user', jti, keyId: 'key', issuedAt: 1, subject: jti, clientId: 'portal' }),
)
const LOOKUPS = 200_000
lookups(LOOKUPS)
const cpu = process.cpuUsage()
lookups(LOOKUPS)
const { user, system } = process.cpuUsage(cpu)
process.stdout.write(
  `${JSON.stringify({ entries, snapshotMs, bytes: grown, lookupNs: ((user + system) * 1000) / LOOKUPS })}\n`,
)
await denylist.close()
process.exit(0)

/** @param {number} count */
function lookups(count) {
  for (let done = 0; done < count; done += 1) {
    if (denylist.denylist.lookup(refs[done % TOKENS]) !== 'clear') throw new Error('A lookup is not clear')
  }
}

/** What the process occupies outside of anything that a collection would free. */
function resident() {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
