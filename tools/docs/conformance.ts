// test/conformance/README.md: every case of the systems we replace with its test, its expectation and, where our answer
// is another one, the reason. From the data that the tests run.
import { type Bug, bugs } from '../../test/conformance/bugs.ts'
import { suites } from '../../test/conformance/suites.ts'
import { outcomeOf, type Tally, tally } from '../../test/conformance/tally.ts'
import { type Case, type ExecutedCase, isExecuted, type Suite } from '../../test/support/conformance/case.ts'
import { describeSteps, describeTokens } from '../../test/support/conformance/words.ts'
import { code, generatedFrom, table } from './markdown.ts'

const TEST_FILE = 'test/conformance/conformance.test.ts'

const introduction = `# Conformance

What Fence, authutils and the gen3-helm gateway answer, and what Postern answers to the same question. Every case is data
in \`cases/\`; [conformance.test.ts](conformance.test.ts) opens a house for each (the real services over the memory store,
in the fixture that the upstream tests use: [fixture.ts](../support/conformance/fixture.ts)) and takes its steps. A Check
goes through as bytes, in both header encodings. No token may be found in the log, in a denial or in an error.

- **same**: our answer is theirs, in our words (200 is OK, 400 INVALID_ARGUMENT or FAILED_PRECONDITION, 401
  UNAUTHENTICATED, 403 PERMISSION_DENIED). The test proves it.
- **differs**: our answer is another one, for the reason that follows. The test proves ours.
- **not applicable**: there is nothing here that could be asked, for the reason that follows. There is no test.
- ◐ marks an upstream test that passes for another reason than its name says, ✘ one that asserts nothing. What is listed
  as theirs is what was meant.

The test of a case is called by its number and question; \`npx vitest run --project conformance -t "A4.1 "\` runs one of
them. Numbers are those of the reference, or our own where it has none. \`{name}\` is a token.`

const bugsIntroduction = `## §11 Bugs that are not repeated

What shows it: cases above, or other tests.`

export function conformancePage(): string {
  return [
    generatedFrom('test/conformance/cases/'),
    introduction,
    `## Summary\n\n${summary()}`,
    ...suites.map(suitePart),
    `${bugsIntroduction}\n\n${table(['bug', 'what', 'shown by'], bugs.map(bugRow))}`,
  ]
    .join('\n\n')
    .concat('\n')
}

function summary(): string {
  const total = tally(suites.flatMap(({ cases }) => cases))
  const rows = [
    ...suites.map((suite) => [suite.title, ...numbersOf(tally(suite.cases))]),
    ['**all**', ...numbersOf(total)],
  ]
  return table(['suite', 'cases', 'same', 'differs', 'not applicable'], rows)
}

function numbersOf({ cases, same, differs, notApplicable }: Tally): string[] {
  return [cases, same, differs, notApplicable].map(String)
}

function suitePart({ title, file, about, cases }: Suite): string {
  const head = ['case', 'upstream', 'asked', 'theirs', 'ours', 'result']
  return `## ${title}\n\n[${file}](cases/${file}), run by \`${TEST_FILE}\` as "${title}". ${about}\n\n${table(head, cases.map(row))}`
}

const marks = { weak: ' ◐', vacuous: ' ✘' } as const

function row(one: Case): string[] {
  const { id, upstream, mark, asks, theirs } = one
  const ours = isExecuted(one) ? oursOf(one) : '–'
  return [
    id,
    `${plain(upstream)}${mark === undefined ? '' : marks[mark]}`,
    plain(asks),
    plain(theirs),
    ours,
    result(one),
  ]
}

function oursOf({ tokens = {}, steps }: ExecutedCase): string {
  const lines = [...folded(describeTokens(tokens)), ...folded(describeSteps(steps))]
  return lines.map(code).join('<br>')
}

function result(one: Case): string {
  const { outcome, reason } = outcomeOf(one)
  return reason === undefined ? outcome : `**${outcome}**: ${plain(reason)}`
}

/** Of more than two steps in a row that differ by a number only, the first and the last. */
function folded(lines: readonly string[]): string[] {
  const shape = (line: string | undefined): string | undefined =>
    line?.replaceAll(/\{(\w*?)\d+\}|(respelt) \d+/g, '$1$2')
  return lines.flatMap((line, index) => {
    const inside = shape(lines[index - 1]) === shape(line) && shape(lines[index + 1]) === shape(line)
    if (!inside) return [line]
    return shape(lines[index - 2]) === shape(line) ? [] : ['…']
  })
}

function bugRow(bug: Bug): string[] {
  const { id, what } = bug
  if ('notApplicable' in bug) return [id, plain(what), `**not applicable**: ${plain(bug.notApplicable)}`]
  const cases = 'shownBy' in bug ? bug.shownBy : []
  const files = (bug.files ?? []).map((file) => `[${file}](../../${file})`)
  return [id, plain(what), [...cases, ...files].join(', ')]
}

/** Text in which nothing is markup. */
function plain(text: string): string {
  return text.replaceAll(/[\\*<]|__/g, (special) => [...special].map((char) => `\\${char}`).join(''))
}
