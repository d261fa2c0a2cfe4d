// How a run of real vitest ends, with the summary reporter, and what a missing program does to the tests that need it.
// Every run takes seconds, so each shows several things; the reporter's cases are in its unit test.
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runToEnd } from '../../support/processes.ts'

async function runFixtures(names: readonly string[], env: Record<string, string | undefined> = {}) {
  const script = join(import.meta.dirname, 'fixtures/run-vitest.ts')
  const { code, stdout, stderr } = await runToEnd({
    command: process.execPath,
    args: ['--import', 'tsx', script, ...names],
    // The inner run must not take itself for a part of the outer one.
    env: { CI: undefined, VITEST: undefined, VITEST_WORKER_ID: undefined, VITEST_POOL_ID: undefined, ...env },
    withinMs: 50_000,
  })
  return { code, lastLine: stdout.trimEnd().split('\n').at(-1), output: `${stdout}${stderr}` }
}

const runTimeout = { timeout: 60_000 }
const noRedis = { REDIS_SERVER_BIN: '/no/redis-server' }
const reason = 'REDIS_SERVER_BIN is /no/redis-server, which is no Redis'

it('counts failed tests, failed hooks and files that cannot be loaded', runTimeout, async () => {
  const result = await runFixtures(['failing', 'unloadable'])
  expect(result).toMatchObject({ code: 1, lastLine: '1 passed, 3 failed, 1 skipped' })
})

it('skips what needs a missing program, hooks and all, says why, and passes', runTimeout, async () => {
  const result = await runFixtures(['skipping', 'needs-redis'], noRedis)
  expect(result).toMatchObject({ code: 0, lastLine: '1 passed, 0 failed, 3 skipped' })
  expect(result.output).toContain('  skipping.fixture.ts > waits for better times: not today\n')
  expect(result.output).toMatch(new RegExp(`needs-redis.fixture.ts > a suite .*${reason}`))
  expect(result.output).toMatch(new RegExp(`needs-redis.fixture.ts > asks for itself: ${reason}`))
})

it('fails what needs a missing program under CI', runTimeout, async () => {
  const result = await runFixtures(['needs-redis'], { ...noRedis, CI: 'true' })
  expect(result).toMatchObject({ code: 1, lastLine: '0 passed, 2 failed, 0 skipped' })
  expect(result.output).toContain(reason)
})

it('fails a run with a skipped test under CI, though no test failed', runTimeout, async () => {
  const result = await runFixtures(['skipping'], { CI: 'true' })
  expect(result).toMatchObject({ code: 1, lastLine: '1 passed, 0 failed, 1 skipped' })
})
