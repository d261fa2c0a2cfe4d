// Every case of every suite, as its steps against a house of its own; and what they come to, in one line.
import { afterAll, describe, test } from 'vitest'
import { type Case, isExecuted, testNameOf } from '../support/conformance/case.ts'
import { runCase } from '../support/conformance/run.ts'
import { core } from './inventory.ts'
import { suites } from './suites.ts'
import { tally } from './tally.ts'

const passed = new Set<Case>()

describe.each(suites.map((suite) => [suite.title, suite] as const))('%s', (_title, { cases }) => {
  test.each(cases.filter(isExecuted).map((one) => [testNameOf(one), one] as const))('%s', async (_name, one) => {
    await runCase(one)
    passed.add(one)
  })
})

/** Of the cases that were run, those that passed; the others have no test, or were left out by whoever called. */
function line(name: string, cases: readonly Case[]): string {
  const { same, differs, notApplicable } = tally(cases)
  const did = tally(cases.filter((one) => passed.has(one)))
  const share = (part: number, whole: number) => (part === whole ? String(whole) : `${part} of ${whole}`)
  const counts = [
    `${share(did.same, same)} passed as upstream`,
    `${share(did.differs, differs)} passed where ours differs, with the reason`,
    `${notApplicable} not applicable`,
  ]
  return `conformance, ${cases.length} ${name} cases: ${counts.join(', ')}`
}

afterAll(() => {
  const inCore = suites.filter(({ file }) => Object.hasOwn(core, file)).flatMap(({ cases }) => cases)
  const all = suites.flatMap(({ cases }) => cases)
  process.stdout.write(`${line('core', inCore)}\n${line('all', all)}\n`)
})
