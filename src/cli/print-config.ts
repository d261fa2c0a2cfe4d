// `postern print-config`: the configuration as the program understands it, with every default filled in. Secrets are
// shown by their source, never by value.

import { printableConfig } from '../config/print.ts'
import { type ConfigCommandDeps, loadFile } from './check-config.ts'

/** The exit code: 0 printed, 1 the file cannot be read, 2 it has problems. Only the configuration goes to `write`. */
export async function printConfig(deps: ConfigCommandDeps): Promise<number> {
  const loaded = await loadFile(deps)
  if (!loaded.ok) return loaded.reason
  deps.write(printableConfig(loaded.value))
  return 0
}
