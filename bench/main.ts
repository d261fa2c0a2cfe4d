// `npm run bench [-- --only NAME --rounds N --quick --save]`: measures, prints one page, and keeps it where asked to.
import { readOptions } from './options.ts'
import { describeMachine, machineLines } from './report/machine.ts'
import { page, type Section } from './report/page.ts'
import { saveResults } from './report/results.ts'
import { suites } from './suites/index.ts'
import type { Settings } from './suites/suite.ts'

const options = readOptions(
  process.argv.slice(2),
  suites.map(({ name }) => name),
)
const progress = (text: string): void => void process.stderr.write(`… ${text}\n`)
const settings: Settings = { rounds: options.rounds, quick: options.quick, progress }
const machine = describeMachine()
const sections: Section[] = []
for (const suite of suites) {
  if (options.only.length > 0 && !options.only.includes(suite.name)) continue
  progress(suite.title)
  sections.push({ name: suite.name, title: suite.title, rows: await suite.run(settings) })
  // After each, so that a run that is cut short leaves what it has.
  if (options.save) await saveResults({ machine, rounds: options.rounds, sections })
}
console.log(
  page(sections, [...machineLines(machine), `medians of ${options.rounds} interleaved rounds, with quartiles`]),
)
process.exit(0)
