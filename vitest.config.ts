// The test projects, one per folder of test/, with the time each kind of test may take. No retries: a test that needs
// one hides a fault.
import { defineConfig } from 'vitest/config'
import { createSummaryReporter } from './tools/vitest-summary-reporter.ts'

/** Unit tests touch no socket and no process. The others start real servers, on machines that may be busy. */
const timeoutsMs = {
  unit: { testTimeout: 5_000, hookTimeout: 5_000 },
  // Tens of thousands of histories.
  simulation: { testTimeout: 600_000, hookTimeout: 60_000 },
  conformance: { testTimeout: 10_000, hookTimeout: 20_000 },
  integration: { testTimeout: 30_000, hookTimeout: 30_000 },
  e2e: { testTimeout: 60_000, hookTimeout: 60_000 },
  security: { testTimeout: 60_000, hookTimeout: 60_000 },
}

export default defineConfig({
  test: {
    pool: 'forks',
    retry: 0,
    passWithNoTests: false,
    reporters: [
      'default',
      createSummaryReporter({
        acceptSkipped: process.env['CI'] !== 'true',
        print: (line) => process.stdout.write(`${line}\n`),
        failRun: () => {
          process.exitCode = 1
        },
      }),
    ],
    coverage: { provider: 'v8', include: ['src/**/*.ts'], exclude: ['src/gen/**'] },
    projects: Object.entries(timeoutsMs).map(([name, timeouts]) => ({
      extends: true as const,
      test: { name, include: [`test/${name}/**/*.test.ts`], ...timeouts },
    })),
  },
})
