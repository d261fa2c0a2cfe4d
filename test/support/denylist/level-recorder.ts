// A process that records revocations in an embedded store, one after another, and prints each id once record has
// resolved: for a test that kills it in the middle.
import { systemClock } from '../../../src/clock.ts'
import { createDenylist } from '../../../src/denylist/create.ts'
import { revocation } from './entries.ts'
import { silentLog } from './redis-store.ts'
import { denylistOptions } from './running.ts'

const [path = ''] = process.argv.slice(2)
const options = { ...denylistOptions, store: { kind: 'level' as const, path } }
const running = await createDenylist({ options, clock: systemClock, log: silentLog })
await running.start()
for (let i = 0; ; i += 1) {
  await running.log.record([revocation(`killed${i}`)])
  process.stdout.write(`recorded killed${i}\n`)
}
