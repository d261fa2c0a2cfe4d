// Before the tests: gets the programs they run against, and says what it found. Under CI a missing one fails here;
// elsewhere it says which tests will be skipped and how to get it.
// @ts-check
import { findEnvoy } from './find-envoy.mjs'
import { findRedis } from './find-redis.mjs'
import { mayInstall } from './system-packages.mjs'

/** @param {string} line */
const log = (line) => console.error(`prerequisites: ${line}`)
const allowInstall = mayInstall()

const parts = [
  {
    name: 'Envoy',
    found: findEnvoy({ allowDownload: true, allowInstall, log }),
    skipped: 'the end-to-end tests (test/e2e) and those of envoy/envoy.yaml',
  },
  {
    name: 'Redis',
    found: findRedis({ allowInstall, log }),
    skipped: 'the tests with a real Redis (test/integration, parts of test/e2e)',
  },
]

for (const { name, found, skipped } of parts) {
  if ('missing' in found) log(`${name} is missing: ${found.missing}. Skipped without it: ${skipped}`)
  else log(`${name} ${found.version} (${found.source}): ${found.path}`)
}
if (process.env['CI'] === 'true' && parts.some(({ found }) => 'missing' in found)) process.exitCode = 1
