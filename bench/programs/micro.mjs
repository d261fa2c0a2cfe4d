// @ts-check
// Own code alone, in one process: µs of CPU from request bytes to reply bytes for each kind of answer, and what a hit
// allocates and where. Usage: node micro.mjs <dist folder> <file with the plan>; prints one line of JSON a round.
import { readFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { createWorld, tick } from './world.mjs'

/**
 * @typedef {{ issuer: string, jwks: string, jti: string, rounds: number, calls: number,
 *   hit: string, revoked: string, missing: string, fresh: string[], until: number }} Plan
 */

const [, , dist = '', planFile = ''] = process.argv
/** @type {Plan} */
const plan = JSON.parse(readFileSync(planFile, 'utf8'))
const { authorization, revocations, close } = await createWorld(dist, plan.jwks, plan.issuer)
await revocations.record([{ dimension: 'jti', issuer: plan.issuer, id: plan.jti, until: plan.until }])

/** @param {string} base64 */
const bytes = (base64) => Buffer.from(base64, 'base64')
const BATCH = 500
const ALLOW = 0x00

/** @param {Buffer} request */
function check(request) {
  const answer = authorization.check(request, Number.POSITIVE_INFINITY)
  if (answer instanceof Promise) throw new Error('A Check of the micro-benchmark waits')
  return answer
}

/** @param {number} calls @param {() => Buffer} next @param {boolean} allows */
async function cost(calls, next, allows) {
  let cpu = 0
  for (let done = 0; done < calls; done += BATCH) {
    const before = process.cpuUsage()
    for (let call = 0; call < BATCH; call += 1) {
      if ((check(next())[1] === ALLOW) !== allows) throw new Error('A Check of the micro-benchmark is answered wrongly')
    }
    const { user, system } = process.cpuUsage(before)
    cpu += user + system
    await tick()
  }
  return cpu / calls
}

const [hit, revoked, missing] = [bytes(plan.hit), bytes(plan.revoked), bytes(plan.missing)]
const fresh = plan.fresh.map(bytes)
let used = 0
const nextFresh = () => fresh[used++] ?? hit

const WARM_UP_CALLS = 20_000
await cost(WARM_UP_CALLS, () => hit, true)
await cost(WARM_UP_CALLS, () => revoked, false)
await cost(WARM_UP_CALLS, () => missing, false)
const freshPerRound = Math.floor(fresh.length / (plan.rounds + 1) / BATCH) * BATCH
await cost(freshPerRound, nextFresh, true)

for (let round = 0; round < plan.rounds; round += 1) {
  print({
    hit: await cost(plan.calls, () => hit, true),
    revoked: await cost(plan.calls, () => revoked, false),
    missing: await cost(plan.calls, () => missing, false),
    fresh: await cost(freshPerRound, nextFresh, true),
  })
}
print(await allocations())
await close()

/** @typedef {{ selfSize: number, callFrame: { functionName: string, url: string }, children: Node[] }} Node */

async function allocations() {
  const SAMPLING_INTERVAL_BYTES = 512
  const session = new Session()
  session.connect()
  await session.post('HeapProfiler.enable')
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: SAMPLING_INTERVAL_BYTES,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  })
  for (let done = 0; done < plan.calls; done += BATCH) {
    for (let call = 0; call < BATCH; call += 1) check(hit)
    await tick()
  }
  const { profile } = await session.post('HeapProfiler.stopSampling')
  session.disconnect()
  /** @type {Map<string, number>} */
  const bySource = new Map()
  collect(profile.head, bySource)
  const sources = [...bySource].sort(([, a], [, b]) => b - a)
  const total = sources.reduce((sum, [, size]) => sum + size, 0)
  return {
    bytesPerHit: total / plan.calls,
    sources: sources.slice(0, 8).map(([name, size]) => ({ name, bytes: size / plan.calls })),
  }
}

/** @param {Node} node @param {Map<string, number>} bySource */
function collect(node, bySource) {
  const { functionName, url } = node.callFrame
  const file = url.split('/').slice(-2).join('/').replace(/\.js$/, '')
  const name = `${functionName || '(anonymous)'} ${file}`.trim()
  if (node.selfSize > 0) bySource.set(name, (bySource.get(name) ?? 0) + node.selfSize)
  for (const child of node.children) collect(child, bySource)
}

/** @param {unknown} line */
function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
