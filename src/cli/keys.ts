// `postern keys …`: the signing keys of a directory. The rules are in issuing/key-commands.ts; this prints.
import { systemClock } from '../clock.ts'
import {
  createKeyCommands,
  forceRisks,
  type KeyCommandError,
  type KeyRow,
  keyCommandErrors,
} from '../issuing/key-commands.ts'
import type { SigningAlgorithm } from '../issuing/key-set.ts'
import type { Result } from '../result.ts'
import { CommandError, type Runtime } from './runtime.ts'
import { readConfig } from './serve.ts'

interface DirectoryOptions {
  readonly directory: string
}

interface ForceOptions extends DirectoryOptions {
  readonly force?: true
  readonly config?: string
}

/** Where no configuration says otherwise: the defaults of `issuers[].keys.refresh` and of the longest lifetime. */
const DEFAULT_REFRESH_MS = 5 * 60_000
const DEFAULT_LONGEST_TOKEN_MS = 30 * 24 * 3_600_000

export async function newKey(
  options: DirectoryOptions & { algorithm: SigningAlgorithm },
  runtime: Runtime,
): Promise<void> {
  show(await commands(options).create({ algorithm: options.algorithm }), runtime)
}

export async function listKeys(options: DirectoryOptions, runtime: Runtime): Promise<void> {
  show(await commands(options).list(), runtime)
}

export async function promoteKey(kid: string, options: ForceOptions, runtime: Runtime): Promise<void> {
  const publishedForMs = await publishedFor(options, runtime)
  show(await commands(options).promote({ kid, publishedForMs, force: options.force === true }), runtime)
}

export async function retireKey(kid: string, options: ForceOptions, runtime: Runtime): Promise<void> {
  const longestTokenMs = await longestToken(options, runtime)
  show(await commands(options).retire({ kid, longestTokenMs, force: options.force === true }), runtime)
}

function commands({ directory }: DirectoryOptions): ReturnType<typeof createKeyCommands> {
  return createKeyCommands(directory, { clock: systemClock })
}

/** Others keep a JWKS for `jwks_max_age`, and refresh it on their own schedule besides. */
async function publishedFor({ config }: ForceOptions, runtime: Runtime): Promise<number> {
  if (config === undefined) return DEFAULT_REFRESH_MS
  const { signing } = await readConfig(config, runtime, { dev: false })
  return Math.max(DEFAULT_REFRESH_MS, signing?.jwks_max_age ?? 0)
}

async function longestToken({ config }: ForceOptions, runtime: Runtime): Promise<number> {
  if (config === undefined) return DEFAULT_LONGEST_TOKEN_MS
  const { signing, issuers } = await readConfig(config, runtime, { dev: false })
  const own = issuers.filter(({ keys }) => 'own' in keys).map(({ max_lifetime }) => max_lifetime)
  return Math.max(signing?.api_key.max_ttl ?? 0, signing?.access.max_ttl ?? 0, ...own)
}

function show(outcome: Result<readonly KeyRow[], KeyCommandError>, runtime: Runtime): void {
  if (!outcome.ok) throw new CommandError(explain(outcome.reason))
  for (const { kid, state, algorithm, since } of outcome.value) {
    const when = since === undefined ? '-' : new Date(since).toISOString()
    runtime.out(`${kid}  ${state.padEnd('previous'.length)}  ${algorithm.padEnd('RS256'.length)}  ${when}\n`)
  }
}

function explain({ error, mistake, allowedFrom }: KeyCommandError): string {
  const what = mistake === undefined ? keyCommandErrors[error] : `${keyCommandErrors[error]}: ${mistake.message}`
  if (error !== 'published_too_short' && error !== 'tokens_may_exist') return what
  const from = allowedFrom === undefined ? '' : ` Allowed from ${new Date(allowedFrom).toISOString()}.`
  return `${what}.${from} With --force: ${forceRisks[error].toLowerCase()}`
}
