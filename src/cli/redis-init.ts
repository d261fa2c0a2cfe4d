// `postern redis init`: says that an empty data set really is new, so that nobody waits for one that was lost.
import { createLog } from '../telemetry/log.ts'
import type { Runtime } from './runtime.ts'
import { readConfig } from './serve.ts'

export async function initialise(options: { readonly config: string }, runtime: Runtime): Promise<void> {
  const config = await readConfig(options.config, runtime, { dev: false })
}
