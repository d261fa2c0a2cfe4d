// Writes the generated pages, or with --check says which of them is not what would be written.
// Run by `npm run docs` and `npm run docs:check`. To add a page, add a row.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { configSchemaFile } from './docs/config-schema.ts'
import { configurationPage } from './docs/configuration.ts'
import { conformancePage } from './docs/conformance.ts'
import { denialsPage } from './docs/denials.ts'
import { metricsPage } from './docs/metrics.ts'
import { type GeneratedFiles, syncFiles } from './docs/sync.ts'

const files: GeneratedFiles = {
  'docs/configuration.md': configurationPage,
  'docs/config.schema.json': configSchemaFile,
  'docs/denials.md': denialsPage,
  'test/conformance/README.md': conformancePage,
  'docs/metrics.md': metricsPage,
}

const root = new URL('../', import.meta.url)
const pathOf = (file: string): string => fileURLToPath(new URL(file, root))

process.exitCode = syncFiles(files, {
  check: process.argv.includes('--check'),
  read: (file) => readFileSync(pathOf(file), 'utf8'),
  write: (file, text) => writeFileSync(pathOf(file), text),
  print: (line) => console.log(line),
})
