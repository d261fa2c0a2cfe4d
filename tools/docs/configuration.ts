// docs/configuration.md: the reference of the configuration, from the zod schema and the tables of rules, around an
// example that is loaded before it is printed.
import { readFileSync } from 'node:fs'
import { formatProblem, loadConfig } from '../../src/config/load.ts'
import { notBuilt } from '../../src/config/not-built.ts'
import { rules } from '../../src/config/rules.ts'
import { annotatedSchema, type JsonSchema } from './config-schema.ts'
import { code, generatedFrom, table } from './markdown.ts'
import { rowsBelow, typeOf } from './schema-rows.ts'

const EXAMPLE = new URL('./example.yaml', import.meta.url)

const introduction = `# Configuration

One YAML file. It is strict: an unknown key is an error, and so is a shadowed, contradictory or dangerous configuration.
Every problem is reported in one run, with its line and column, and for a misspelt name the one that was probably meant:

\`\`\`text
postern.yaml:14:41 policies.default.audience: unknown key (did you mean "audiences"?)
\`\`\`

- \`postern check-config FILE\` reports the problems of a file and starts nothing.
- \`postern print-config FILE\` prints it with every default filled in, secrets by their source.
- \`docs/config.schema.json\` is the same reference for editors. In VS Code with the YAML extension, begin the file with
  \`# yaml-language-server: $schema=<path to config.schema.json>\`.

What is written how:

- **Durations** are a whole number and a unit: \`500ms\`, \`30s\`, \`15m\`, \`1h\`, \`4d\`.
- **Addresses** are \`unix:/path\`, or \`host:port\` with an IPv6 host in brackets.
- **Secrets** are never in the file, but referred to: \`{ file: /run/secrets/redis }\` or \`{ env: REDIS_PASSWORD }\`.
- **Paths** that are relative start at the working directory of the process.
- **Names** of issuers, callers, policies and the like are up to 64 letters, digits, \`_\`, \`.\` and \`-\`: they become labels
  of metrics.
- **Lists** never say the same thing twice. Anchors and aliases work; tags and several documents do not.`

export function configurationPage(): string {
  const { properties = {}, required = [] } = annotatedSchema()
  const sections = Object.entries(properties)
  return [
    generatedFrom('src/config/'),
    introduction,
    `## A complete example\n\n\`\`\`yaml\n${example().trimEnd()}\n\`\`\``,
    `## Sections\n\n${overview(sections, required)}`,
    ...sections.flatMap(([name, schema]) => sectionPart(name, schema)),
    refused(),
    unavailable(),
  ]
    .join('\n\n')
    .concat('\n')
}

/** Nobody should copy an example that does not load. */
function example(): string {
  const text = readFileSync(EXAMPLE, 'utf8')
  const loaded = loadConfig(text)
  if (loaded.ok) return text
  throw new Error(loaded.reason.map((problem) => formatProblem('example.yaml', problem)).join('\n'))
}

function overview(sections: readonly [string, JsonSchema][], required: readonly string[]): string {
  return table(
    ['section', 'type', 'default', 'meaning'],
    sections.map(([name, schema]) => [
      hasTable(schema) ? `[${code(name)}](#${name})` : code(name),
      typeOf(schema),
      required.includes(name) ? '**required**' : single(schema),
      schema.description ?? '',
    ]),
  )
}

function hasTable(schema: JsonSchema): boolean {
  return rowsBelow(schema).length > 0
}

function single(schema: JsonSchema): string {
  return typeof schema.default === 'object' || schema.default === undefined ? '' : code(String(schema.default))
}

function sectionPart(name: string, schema: JsonSchema): string[] {
  const rows = rowsBelow(schema)
  if (rows.length === 0) return []
  const head = `### ${name}\n\n${schema.description}.`
  return [
    `${head}\n\n${table(
      ['key', 'type', 'default', 'meaning'],
      rows.map((row) => [code(row.key), row.type, row.default, row.meaning]),
    )}`,
  ]
}

function refused(): string {
  const rows = rules.map(({ name, message }) => [code(name), message])
  return `## What else is refused

Each of these is an error although every single key is right. The message follows the path it is about.

${table(['mistake', 'message'], rows)}`
}

function unavailable(): string {
  const keys = Object.entries(notBuilt).map(([path, { what }]) => [code(path), what === '' ? 'anything' : what])
  return keys.length === 0
    ? '## Not available in this version\n\nNothing: every key above works.'
    : `## Not available in this version

The reference above is complete, so that a file written today stays valid. Some of it is refused until it is built, with
"is not available in this version" (\`*\` is any name or item):

${table(['key', 'values'], keys)}`
}
