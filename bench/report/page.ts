// The rows of all suites as one page of text.
import type { Spread } from '../measure/stats.ts'
import type { Row, Unit } from '../suites/suite.ts'

export interface Section {
  readonly name: string
  readonly title: string
  readonly rows: readonly Row[]
}

const digits: Readonly<Record<Unit, number>> = { x: 2, µs: 1, ns: 0, ms: 2, s: 2, MiB: 1, B: 1 }

export function valueText(value: number, unit: Unit): string {
  return unit === 'x' ? `${value.toFixed(digits.x)}×` : `${value.toFixed(digits[unit])} ${unit}`
}

export function spreadText({ low, high, rounds }: Spread, unit: Unit): string {
  return rounds === 1 ? '' : `${low.toFixed(digits[unit])} – ${high.toFixed(digits[unit])}`
}

export function barText({ value, unit, bar }: Row): string {
  return bar === undefined
    ? ''
    : `≤ ${bar} ${value.median <= bar ? 'met' : 'NOT MET'}${unit === 'x' ? '' : ` (${unit})`}`
}

export function page(sections: readonly Section[], about: readonly string[]): string {
  const blocks = sections.map(({ name, title, rows }) => [`${title} (${name})`, ...rows.map(line)].join('\n'))
  return `${about.join('\n')}\n\n${blocks.join('\n\n')}\n`
}

const WIDTH = { what: 62, value: 12, spread: 17 } as const

function line(row: Row): string {
  const { what, value, unit, note = '' } = row
  return [
    `  ${what.padEnd(WIDTH.what)}`,
    valueText(value.median, unit).padStart(WIDTH.value),
    `  ${spreadText(value, unit).padEnd(WIDTH.spread)}`,
    barText(row),
    note,
  ]
    .join(' ')
    .trimEnd()
}
