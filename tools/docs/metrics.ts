// docs/metrics.md: every metric with its labels, from the metric table.
import { type MetricRow, metricTable } from '../../src/telemetry/metrics.ts'
import { code, generatedFrom, table } from './markdown.ts'

const introduction = `# Metrics

Served in the Prometheus text format at \`/metrics\` of \`listen.admin\`, beside those of the Node.js process. Labels take
their values from enums and from names of the configuration only: no request can make a new series.`

export function metricsPage(): string {
  const rows = Object.entries<MetricRow>(metricTable).map(([name, { type, labels, help }]) => [
    code(name),
    type,
    labels.map(code).join(', '),
    help,
  ])
  const head = ['metric', 'type', 'labels', 'meaning']
  return `${generatedFrom('src/telemetry/metrics.ts')}\n\n${introduction}\n\n${table(head, rows)}\n`
}
