// Prints, after everything else, one line that scripts can rely on: "N passed, N failed, N skipped". Under CI a skipped
// test fails the run: a promise that was not checked is not kept.
import type { Reporter, TestModule } from 'vitest/node'

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export interface SummaryReporterOptions {
  readonly acceptSkipped: boolean
  readonly print: (line: string) => void
  readonly failRun: () => void
}

export function createSummaryReporter({ acceptSkipped, print, failRun }: SummaryReporterOptions): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const { counts, skippedNames } = summarise(modules)
      const failed = counts.failed + unhandledErrors.length
      if (!acceptSkipped && skippedNames.length > 0) {
        print('Skipped tests fail this run (CI=true):')
        for (const name of skippedNames) print(`  ${name}`)
        failRun()
      }
      print(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped`)
    },
  }
}

function summarise(modules: readonly TestModule[]): { counts: Counts; skippedNames: string[] } {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const skippedNames: string[] = []
  for (const module of modules) {
    const before = counts.failed
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      // A test that never got a result did not run: that is a skip, never a pass.
      const outcome = state === 'pending' ? 'skipped' : state
      counts[outcome] += 1
      if (outcome === 'skipped') skippedNames.push(`${module.relativeModuleId} > ${test.fullName}`)
    }
    // A file that could not be loaded, or whose hooks failed, has no failed test of its own but failed all the same.
    if (module.state() === 'failed' && counts.failed === before) counts.failed += 1
  }
  return { counts, skippedNames }
}
