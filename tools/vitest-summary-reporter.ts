// Prints, after everything else, which tests were skipped and why, and one line that scripts can rely on: "N passed, N
// failed, N skipped". Where skips are not accepted (CI) one of them fails the run: what was not checked is not kept.

/** The part of vitest's TestModule, TestSuite and TestCase that is read here. */
export interface ReportedModule extends ReportedSuite {
  readonly children: { allTests(): Iterable<ReportedTest>; allSuites(): Iterable<ReportedSuite> }
}

interface ReportedSuite {
  /** Errors of its own, in loading or in hooks: no test of theirs says so. */
  errors(): readonly unknown[]
}

export interface ReportedTest {
  readonly fullName: string
  readonly module: { readonly relativeModuleId: string }
  result(): { readonly state: 'passed' | 'failed' | 'skipped' | 'pending'; readonly note?: string | undefined }
}

export interface SummaryReporterOptions {
  readonly acceptSkipped: boolean
  readonly print: (line: string) => void
  readonly failRun: () => void
}

/** A vitest `Reporter`. */
export function createSummaryReporter({ acceptSkipped, print, failRun }: SummaryReporterOptions) {
  let filtered = false
  return {
    onInit({ config }: { readonly config: { readonly testNamePattern?: RegExp | undefined } }): void {
      filtered = config.testNamePattern !== undefined
    },
    onTestRunEnd(modules: readonly ReportedModule[], unhandledErrors: readonly unknown[]): void {
      const tests = modules.flatMap((module) => [...module.children.allTests()])
      const passed = tests.filter((test) => test.result().state === 'passed')
      const failed = tests.filter((test) => test.result().state === 'failed')
      // A test that never got a result did not run: that is a skip, never a pass.
      const skipped = tests.filter((test) => !passed.includes(test) && !failed.includes(test))
      const broken = modules
        .flatMap((module) => [module, ...module.children.allSuites()])
        .filter((part) => part.errors().length > 0)

      // Who asked for some tests by name knows that the others were left out.
      const named = filtered ? [] : skipped
      if (named.length > 0) print(acceptSkipped ? 'Skipped:' : 'Skipped, which fails this run (CI=true):')
      for (const test of named) print(`  ${describeSkip(test)}`)
      if (skipped.length > 0 && !acceptSkipped) failRun()
      const failures = failed.length + broken.length + unhandledErrors.length
      print(`${passed.length} passed, ${failures} failed, ${skipped.length} skipped`)
    },
  }
}

function describeSkip(test: ReportedTest): string {
  const { note } = test.result()
  return `${test.module.relativeModuleId} > ${test.fullName}${note ? `: ${note}` : ''}`
}
