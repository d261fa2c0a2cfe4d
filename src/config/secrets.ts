// Reads the secrets of a parsed configuration through a reader that is handed in, and reports each that cannot be had.
import type { Finding, Path } from './problem.ts'
import { Secret, type SecretSource } from './secret.ts'

/** `undefined`: there is no such file or variable, or it cannot be read. */
export type SecretReader = (source: SecretSource) => string | undefined

const NOT_IN_ENVIRONMENT = 'the environment variable is not set, or empty'
const NOT_IN_FILE = 'the file cannot be read, or is empty'

/** Where secrets come from in a running process; `main.ts` hands in the file system and the environment. */
export function secretReader(deps: {
  readonly readFile: (path: string) => string
  readonly env: Readonly<Record<string, string | undefined>>
}): SecretReader {
  return (source) => {
    if ('env' in source) return deps.env[source.env]
    try {
      return deps.readFile(source.file)
    } catch {
      return undefined
    }
  }
}

/** Fills every secret of the configuration. Editors end files with a line break, which is not part of the secret. */
export function fillSecrets(config: unknown, read: SecretReader): Finding[] {
  return secretsIn(config, []).flatMap(({ secret, path }) => {
    const value = read(secret.source)?.replace(/\r?\n$/, '')
    if (!value) return [{ path, message: 'env' in secret.source ? NOT_IN_ENVIRONMENT : NOT_IN_FILE }]
    secret.fill(value)
    return []
  })
}

function secretsIn(value: unknown, path: Path): { secret: Secret; path: Path }[] {
  if (value instanceof Secret) return [{ secret: value, path }]
  if (Array.isArray(value)) return value.flatMap((item, index) => secretsIn(item, [...path, index]))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => secretsIn(item, [...path, key]))
}
