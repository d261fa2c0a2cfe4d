// Keeps a run: as JSON with its date, and as the table in bench/README.md.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Machine, machineLines } from './machine.ts'
import { barText, type Section, spreadText, valueText } from './page.ts'

const folder = join(import.meta.dirname, '..')
const MARK = { begin: '<!-- results -->', end: '<!-- /results -->' } as const

interface Run {
  readonly machine: Machine
  readonly rounds: number
  readonly sections: readonly Section[]
}

export async function saveResults(run: Run): Promise<void> {
  const [date = ''] = new Date().toISOString().split('T')
  await mkdir(join(folder, 'results'), { recursive: true })
  await writeFile(join(folder, 'results', `${date}.json`), `${JSON.stringify({ date, ...run }, null, 2)}\n`)
  const file = join(folder, 'README.md')
  const readme = await readFile(file, 'utf8')
  const [before = ''] = readme.split(MARK.begin)
  const [, after = ''] = readme.split(MARK.end)
  await writeFile(file, `${before}${MARK.begin}\n${table(date, run)}\n${MARK.end}${after}`)
}

function table(date: string, { machine, rounds, sections }: Run): string {
  const heading = `${date}. ${machineLines(machine).join('. ')}. Medians of ${rounds} interleaved rounds, with quartiles.`
  const rows = sections.flatMap(({ title, rows }) => [
    `| **${title}** | | | |`,
    ...rows.map((row) => {
      const { what, value, unit, note } = row
      const cells = [
        what + (note === undefined ? '' : ` (${note})`),
        valueText(value.median, unit),
        spreadText(value, unit),
      ]
      return `| ${[...cells, barText(row)].join(' | ')} |`
    }),
  ])
  return [heading, '', '| what | median | quartiles | bar |', '|---|---:|---|---|', ...rows].join('\n')
}
