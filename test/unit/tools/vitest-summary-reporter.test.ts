// What the last lines of a test run say, and when a skipped test fails it.
import { describe, expect, it } from 'vitest'
import {
  createSummaryReporter,
  type ReportedModule,
  type ReportedTest,
} from '../../../tools/vitest-summary-reporter.ts'

type State = ReturnType<ReportedTest['result']>['state']

interface Part {
  readonly states?: readonly State[]
  readonly note?: string
  readonly errors?: number
  readonly brokenSuites?: number
}

function module({ states = [], note, errors = 0, brokenSuites = 0 }: Part): ReportedModule {
  const tests = states.map((state, index) => ({
    fullName: `test ${index}`,
    module: { relativeModuleId: 'some.test.ts' },
    result: () => ({ state, note }),
  }))
  const suites = [{ errors: () => [] }, ...Array.from({ length: brokenSuites }, () => ({ errors: () => ['hook'] }))]
  return { errors: () => Array(errors).fill('syntax'), children: { allTests: () => tests, allSuites: () => suites } }
}

function report(parts: readonly Part[], { acceptSkipped = true, unhandled = 0, filtered = false } = {}) {
  const lines: string[] = []
  let failed = false
  const reporter = createSummaryReporter({
    acceptSkipped,
    print: (line) => lines.push(line),
    failRun: () => {
      failed = true
    },
  })
  reporter.onInit({ config: filtered ? { testNamePattern: /some/ } : {} })
  reporter.onTestRunEnd(parts.map(module), Array(unhandled).fill('unhandled'))
  return { lines, lastLine: lines.at(-1), failed }
}

describe('the last line', () => {
  const cases: readonly { name: string; parts: readonly Part[]; unhandled?: number; lastLine: string }[] = [
    { name: 'nothing', parts: [], lastLine: '0 passed, 0 failed, 0 skipped' },
    {
      name: 'tests of several files',
      parts: [{ states: ['passed', 'failed'] }, { states: ['passed', 'skipped'] }],
      lastLine: '2 passed, 1 failed, 1 skipped',
    },
    {
      name: 'a test without a result as skipped',
      parts: [{ states: ['pending'] }],
      lastLine: '0 passed, 0 failed, 1 skipped',
    },
    {
      name: 'a file that could not be loaded, once',
      parts: [{ errors: 2 }],
      lastLine: '0 passed, 1 failed, 0 skipped',
    },
    {
      name: 'suites whose hooks failed',
      parts: [{ states: ['passed', 'failed', 'skipped'], brokenSuites: 2 }],
      lastLine: '1 passed, 3 failed, 1 skipped',
    },
    {
      name: 'errors outside of any test',
      parts: [{ states: ['passed'] }],
      unhandled: 2,
      lastLine: '1 passed, 2 failed, 0 skipped',
    },
  ]
  it.each(cases)('counts $name', ({ parts, unhandled = 0, lastLine }) => {
    expect(report(parts, { unhandled }).lastLine).toBe(lastLine)
  })
})

describe('a skipped test', () => {
  const parts = [{ states: ['skipped' as const], note: 'no Redis' }]

  it('is named with its reason', () => {
    expect(report(parts).lines).toEqual([
      'Skipped:',
      '  some.test.ts > test 0: no Redis',
      '0 passed, 0 failed, 1 skipped',
    ])
  })

  it('is not named where tests were asked for by name', () => {
    expect(report(parts, { filtered: true }).lines).toEqual(['0 passed, 0 failed, 1 skipped'])
  })

  it('fails the run only where skips are not accepted', () => {
    expect(report(parts, { acceptSkipped: true }).failed).toBe(false)
    expect(report(parts, { acceptSkipped: false }).failed).toBe(true)
    expect(report([{ states: ['passed'] }], { acceptSkipped: false }).failed).toBe(false)
  })
})
