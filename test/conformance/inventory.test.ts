// Nothing is missing: every number of the reference has its cases, every case its reason and its row in the README, and
// the README is what the data says.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { conformancePage } from '../../tools/docs/conformance.ts'
import { isExecuted, testNameOf } from '../support/conformance/case.ts'
import { describeSteps } from '../support/conformance/words.ts'
import { bugs } from './bugs.ts'
import { authutils, core, elsewhere, families, idsOf, marked, weaknesses } from './inventory.ts'
import { suites } from './suites.ts'
import { outcomeOf } from './tally.ts'

const root = join(import.meta.dirname, '../..')
const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
const cases = suites.flatMap((suite) => suite.cases)
const ids = cases.map(({ id }) => id)

describe('the cases of the reference', () => {
  it.each(Object.entries(core))('are all in %s, and no others', (file, { count, parts }) => {
    const suite = suites.find((one) => one.file === file)
    expect(suite?.cases.map(({ id }) => id)).toEqual(idsOf(parts))
    expect(suite?.cases).toHaveLength(count)
  })

  it('are 57 in §6.1 to §6.4', () => {
    expect(Object.values(core).flatMap(({ parts }) => idsOf(parts))).toHaveLength(57)
  })

  it.each([
    ['§6.6', authutils],
    ['§6.5 and §6.7', elsewhere],
  ])('are all there of %s', (_section, parts) => {
    expect(idsOf(parts).filter((id) => !ids.includes(id))).toEqual([])
  })

  it('are all there of the tables, by at least one case for each number', () => {
    const missing = families.filter((family) => !ids.some((id) => id === family || id.startsWith(`${family}.`)))
    expect(missing).toEqual([])
  })

  it.each(Object.entries(marked))('that are marked as %s upstream say so', (mark, expected) => {
    expect(cases.filter((one) => one.mark === mark).map(({ id }) => id)).toEqual(expected)
  })
})

describe('every case', () => {
  it('has a number and a test name of its own', () => {
    expect(new Set(ids).size).toBe(ids.length)
    expect(new Set(cases.map(testNameOf)).size).toBe(cases.length)
  })

  it('that differs or does not apply has a reason in a sentence', () => {
    const reasons = cases.flatMap((one) => outcomeOf(one).reason ?? [])
    for (const reason of reasons) expect(reason).toMatch(/^\S.{15,}\.$/)
  })

  it('that is run expects something', () => {
    const blind = cases.filter(isExecuted).filter(({ steps }) => !steps.some((step) => 'gives' in step))
    expect(blind).toEqual([])
  })

  it('uses every token that it describes', () => {
    const unused = cases.filter(isExecuted).flatMap(({ id, tokens = {}, steps }) => {
      const altered = Object.values(tokens).flatMap((spec) => ('of' in spec ? [`{${spec.of}}`] : []))
      const words = [...describeSteps(steps), ...altered].join('\n')
      return Object.keys(tokens).flatMap((name) => (words.includes(`{${name}}`) ? [] : [`${id} ${name}`]))
    })
    expect(unused).toEqual([])
  })

  it('has a row in the README', () => {
    const rows = readme.split('\n').map((line) => line.split(' | ')[0])
    expect(ids.filter((id) => !rows.includes(`| ${id}`))).toEqual([])
  })
})

describe('every weakness of the reference', () => {
  it('has its row', () => {
    expect(bugs.map(({ id }) => id)).toEqual(weaknesses)
  })

  it('is shown by cases that are run and by files that exist', () => {
    const run = cases.filter(isExecuted).map(({ id }) => id)
    const shownBy = bugs.flatMap((bug) => ('shownBy' in bug ? bug.shownBy : []))
    const files = bugs.flatMap((bug) => ('files' in bug ? (bug.files ?? []) : []))
    expect(shownBy.filter((id) => !run.includes(id))).toEqual([])
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([])
  })
})

describe('the README', () => {
  it('is what "npm run docs" writes', () => {
    expect(readme).toBe(conformancePage())
  })

  it('names files that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, path]) => path ?? '')
    expect(links.filter((path) => !existsSync(join(import.meta.dirname, path)))).toEqual([])
  })
})
