// Config → YAML, the reverse of loading: every default filled in, durations and addresses as they are written, secrets
// by their source. What it prints loads again to the same configuration.
import { stringify } from 'yaml'
import { z } from 'zod'
import { type Config, configSchema } from './schema.ts'

/** Wide enough that no text is folded: a folded path or URL cannot be searched for. */
const LINE_WIDTH = 0

export function printableConfig(config: Config): string {
  return stringify(z.encode(configSchema, config), { lineWidth: LINE_WIDTH })
}
