// `postern redis init`: says that an empty data set really is new, so that nobody waits for one that was lost.
import { systemClock } from '../clock.ts'
import { openStore } from '../denylist/create.ts'
import { denylistOptions } from '../denylist/from-config.ts'
import { createLog } from '../telemetry/log.ts'
import { CommandError, type Runtime } from './runtime.ts'
import { readConfig } from './serve.ts'

export async function initialise(options: { readonly config: string }, runtime: Runtime): Promise<void> {
  const config = await readConfig(options.config, runtime, { dev: false })
  if (config.denylist.store !== 'redis') throw new CommandError('The store of this configuration is not Redis')
  const log = createLog({ level: 'warn', destination: { write: runtime.err } })
  const store = await openStore({
    options: { ...(await denylistOptions(config)), mayWrite: true },
    clock: systemClock,
    log,
  })
  try {
    const { state } = await store.initialise()
    runtime.out(`the data set is ${state}\n`)
  } catch (cause) {
    throw new CommandError(cause instanceof Error ? cause.message : 'The store did not answer', { cause })
  } finally {
    await store.close()
  }
}
