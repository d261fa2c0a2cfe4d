// `postern keys …`: the signing keys of a directory. The rules are in issuing/key-commands.ts; this prints, and tells the
// token service of a key that leaked.
import { systemClock } from '../clock.ts'
import {
  createKeyCommands,
  forceRisks,
  type KeyCommandError,
  type KeyRow,
  keyCommandErrors,
} from '../issuing/key-commands.ts'
import type { SigningAlgorithm } from '../issuing/key-set.ts'
import { longestCheckedLifetimeMs } from '../issuing/lifetime.ts'
import type { Result } from '../result.ts'
import { reportRevokeAll, sendRevokeAll } from './revoke-all.ts'
import { CommandError, type Runtime } from './runtime.ts'
import { readConfig } from './serve.ts'
import type { TokenServiceOptions } from './token-client.ts'

interface DirectoryOptions {
  readonly directory: string
}

interface ForceOptions extends DirectoryOptions {
  readonly force?: true
  readonly config?: string
}

interface RevokeKeyOptions extends DirectoryOptions, TokenServiceOptions {
  readonly promote?: string
  readonly wait?: true
}

/** Where no configuration says otherwise: the defaults of `issuers[].keys.refresh` and `signing.jwks_max_age`. */
const DEFAULT_REFRESH_MS = 5 * 60_000
const DEFAULT_JWKS_MAX_AGE_MS = 5 * 60_000
/** The longest `max_ttl` that there can be. */
const DEFAULT_LONGEST_TOKEN_MS = 30 * 24 * 3_600_000
/** A running process sees new states within two seconds, and what it signs meanwhile may wait out another. */
const RELOAD_MS = 5000

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

/** The states first, so that another key signs; then the revocation. Either can be repeated with the same command. */
export async function revokeKey(kid: string, options: RevokeKeyOptions, runtime: Runtime): Promise<void> {
  const { promote } = options
  const revoked = await commands(options).revoke({ kid, ...(promote !== undefined && { promote }) })
  if (!revoked.ok) throw new CommandError(explain(revoked.reason))
  const request = {
    target: { $case: 'keyId' as const, keyId: kid },
    issuer: '',
    revokerToken: '',
    waitUntilApplied: options.wait === true,
    keepApiKeys: false,
  }
  const response = await sendRevokeAll(request, options, runtime).catch((cause: unknown) => {
    const why = cause instanceof CommandError ? cause.message : 'no answer'
    throw new CommandError(`The key signs no more, but its tokens may still be accepted: repeat the command. ${why}`, {
      cause,
    })
  })
  reportRevokeAll(response, options, runtime)
}

function commands({ directory }: DirectoryOptions): ReturnType<typeof createKeyCommands> {
  return createKeyCommands(directory, { clock: systemClock })
}

/** At worst a verifier asks just before its next refresh is due, and gets what a cache has kept for `jwks_max_age`. */
async function publishedFor({ config }: ForceOptions, runtime: Runtime): Promise<number> {
  if (config === undefined) return DEFAULT_REFRESH_MS + DEFAULT_JWKS_MAX_AGE_MS
  const { signing, issuers } = await readConfig(config, runtime, { dev: false })
  const refreshes = issuers.flatMap(({ keys }) => ('url' in keys ? [keys.refresh] : []))
  return Math.max(DEFAULT_REFRESH_MS, ...refreshes) + (signing?.jwks_max_age ?? DEFAULT_JWKS_MAX_AGE_MS)
}

/** API keys do not count: a retired key still verifies them. */
async function longestToken({ config }: ForceOptions, runtime: Runtime): Promise<number> {
  if (config === undefined) return DEFAULT_LONGEST_TOKEN_MS + RELOAD_MS
  const { signing } = await readConfig(config, runtime, { dev: false })
  return (signing === undefined ? DEFAULT_LONGEST_TOKEN_MS : longestCheckedLifetimeMs(signing)) + RELOAD_MS
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
