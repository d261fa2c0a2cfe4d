// Text of a configuration file → Config, or every problem in it at once, each with its path, line and column.
// Nothing is read here: secrets come through the reader that is handed in.
import { ok, type Result, refuse } from '../result.ts'
import { type Draft, soundDraft, wholeDraft } from './draft.ts'
import { findingsOf, parsing } from './issues.ts'
import { findNotBuilt } from './not-built.ts'
import { type Finding, formatPath, type Problem } from './problem.ts'
import { repairedDraft } from './repair.ts'
import { breachesOf, rules } from './rules.ts'
import { type Config, configSchema } from './schema.ts'
import { fillSecrets, type SecretReader } from './secrets.ts'
import { readYaml, type YamlSource } from './yaml-source.ts'

export { formatProblem, type Problem } from './problem.ts'
export { type SecretReader, secretReader } from './secrets.ts'

export interface LoadOptions {
  /** Where secrets come from. Absent: they are not read, and using one throws. */
  readonly readSecret?: SecretReader
  /** `postern dev`: the token service may answer in plaintext on loopback, also to callers of kind `local`. */
  readonly dev?: boolean
}

/** Never throws. The problems are in the order of the file. */
export function loadConfig(text: string, options: LoadOptions = {}): Result<Config, readonly Problem[]> {
  const yaml = readYaml(text)
  if (!yaml.ok) return yaml
  const source = yaml.value
  const parsed = configSchema.safeParse(source.value, parsing)
  const faults = parsed.success ? [] : findingsOf(parsed.error.issues, configSchema, source.value)
  const draft = parsed.success ? wholeDraft(parsed.data, source.value) : soundDraft(source.value, faults)
  const findings = [
    ...faults,
    ...findNotBuilt(source.value),
    ...(draft === undefined ? [] : findInDraft(draft, options)),
    ...(parsed.success ? [] : findInRepaired(source.value, faults, options)),
  ]
  return parsed.success && findings.length === 0 ? ok(parsed.data) : refuse(problemsOf(findings, source))
}

function findInDraft(draft: Draft, { readSecret, dev = false }: LoadOptions): Finding[] {
  const unread = readSecret === undefined ? [] : fillSecrets(draft.config, readSecret)
  return [
    ...rules.flatMap((rule) => breachesOf(rule, draft, { dev })),
    ...unread.map((finding) => ({ ...finding, path: draft.original(finding.path) })),
  ]
}

/** What rules say about faulty entries, as far as it does not depend on the faults. */
function findInRepaired(
  source: YamlSource['value'],
  faults: readonly Finding[],
  { dev = false }: LoadOptions,
): readonly Finding[] {
  const repaired = repairedDraft(source, faults)
  return repaired === undefined
    ? []
    : rules.flatMap((rule) => repaired.surely((draft) => breachesOf(rule, draft, { dev })))
}

function problemsOf(findings: readonly Finding[], source: YamlSource): Problem[] {
  const problems = findings.map(({ path, message, hint }) => ({
    path: formatPath(path),
    ...source.locate(path),
    message,
    ...(hint === undefined ? {} : { hint }),
  }))
  const distinct = new Map(problems.map((problem) => [`${problem.path}: ${problem.message}`, problem]))
  return [...distinct.values()].sort((a, b) => a.line - b.line || a.column - b.column)
}
