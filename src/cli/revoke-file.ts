// `postern revoke --file`: revokes every token of a list, some at a time, and goes on where it stopped when it is called
// again. The state file says which are done by line number and digest; it never holds a token.
import { createHash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import type { RevokeRequest, RevokeResponse } from '../gen/postern/token/v1/token.ts'
import { type Line, readLines } from './lines.ts'
import { CommandError, type Runtime, readSecret } from './runtime.ts'
import {
  openTokenService,
  type TokenServiceConnection,
  TokenServiceError,
  type TokenServiceOptions,
} from './token-client.ts'

export interface RevokeFileOptions extends TokenServiceOptions {
  readonly file: string
  readonly state?: string
  readonly concurrency: number
  readonly revokerTokenFile?: string
  readonly wait?: true
}

const MAX_CONCURRENCY = 256
const PROGRESS_EVERY = 500
const ATTEMPTS = 5
const FIRST_RETRY_MS = 200
/** So many in a row that failed for good: something is wrong with all of them. */
const GIVE_UP_AFTER = 20

/** The service may well say something else in a moment. */
const passing: readonly number[] = [
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
]

interface Counts {
  revoked: number
  nothing: number
  before: number
  failed: number
  failedInARow: number
}

export async function revokeFile(options: RevokeFileOptions, runtime: Runtime): Promise<void> {
  const { file, concurrency } = options
  if (concurrency < 1 || concurrency > MAX_CONCURRENCY)
    throw new CommandError(`--concurrency is from 1 to ${MAX_CONCURRENCY}`, { exitCode: 2 })
  const state = await openState(stateFile(options))
  const service = await openTokenService(options, runtime)
  const counts: Counts = { revoked: 0, nothing: 0, before: 0, failed: 0, failedInARow: 0 }
  try {
    const template = await requestTemplate(options, runtime)
    const lines = readLines(runtime, file)
    const worker = async (): Promise<void> => {
      for (;;) {
        // One generator for all workers: it hands out each line once.
        const next = await lines.next()
        if (next.done === true || counts.failedInARow >= GIVE_UP_AFTER) return
        await revokeLine(next.value)
      }
    }
    const revokeLine = async (line: Line): Promise<void> => {
      const digest = digestOf(line.text)
      if (state.has(digest)) counts.before += 1
      else await revokeOne(line, digest)
      report()
    }
    const revokeOne = async ({ number, text }: Line, digest: string): Promise<void> => {
      try {
        const { revision } = await persistently(service, { ...template, token: text })
        counts[revision === '' ? 'nothing' : 'revoked'] += 1
        counts.failedInARow = 0
        await state.add(number, digest)
      } catch (error) {
        if (!(error instanceof CommandError)) throw error
        counts.failed += 1
        counts.failedInARow += 1
        runtime.err(`line ${number}: ${error.message}\n`)
      }
    }
    const report = (): void => {
      const done = counts.revoked + counts.nothing + counts.before + counts.failed
      if (done % PROGRESS_EVERY === 0) runtime.err(`${describe(counts)}\n`)
    }
    await Promise.all(Array.from({ length: concurrency }, worker))
  } finally {
    service.close()
    await state.close()
  }
  runtime.err(`${describe(counts)}\n`)
  if (counts.failedInARow >= GIVE_UP_AFTER) throw new CommandError('Too many failures in a row; call it again to go on')
  if (counts.failed > 0) throw new CommandError(`${counts.failed} of the tokens could not be revoked`)
}

async function requestTemplate(
  { revokerTokenFile, wait }: RevokeFileOptions,
  runtime: Runtime,
): Promise<RevokeRequest> {
  const revokerToken =
    revokerTokenFile === undefined ? '' : await readSecret(runtime, revokerTokenFile, 'revoker token')
  return { token: '', tokenTypeHint: '', revokerToken, waitUntilApplied: wait === true, jti: '', issuer: '' }
}

/** Tries again for a while where the failure may pass. */
async function persistently(service: TokenServiceConnection, request: RevokeRequest): Promise<RevokeResponse> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await service.call<RevokeResponse>((client, metadata, callOptions, callback) =>
        client.revoke(request, metadata, callOptions, callback),
      )
    } catch (error) {
      const mayPass = error instanceof TokenServiceError && passing.includes(error.status)
      if (!mayPass || attempt === ATTEMPTS) throw error
      await sleep(FIRST_RETRY_MS * 2 ** (attempt - 1))
    }
  }
}

function describe({ revoked, nothing, before, failed }: Counts): string {
  return `${revoked} revoked, ${nothing} unusable already, ${before} done before, ${failed} failed`
}

/** Enough to tell tokens apart, and nothing that one could be guessed from. */
function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 32)
}

/** `undefined`: standard input without a state file cannot be resumed. */
function stateFile({ file, state }: RevokeFileOptions): string | undefined {
  return state ?? (file === '-' ? undefined : `${file}.state`)
}

interface State {
  has(digest: string): boolean
  add(line: number, digest: string): Promise<void>
  close(): Promise<void>
}

/** Lines of `<line number> <digest>`; one that is not whole is a token that is revoked once more. */
async function openState(path: string | undefined): Promise<State> {
  if (path === undefined) return { has: () => false, add: async () => {}, close: async () => {} }
  const fail = (cause: unknown): never => {
    throw new CommandError(`Cannot use the state file ${path}`, { cause })
  }
  const handle = await open(path, 'a', 0o600).catch(fail)
  const text = await readFile(path, 'utf8').catch(fail)
  // An interruption may have left half a line; the next one must not be written behind it.
  if (text !== '' && !text.endsWith('\n')) await handle.write('\n')
  const done = new Set(text.split('\n').map((line) => line.slice(line.indexOf(' ') + 1)))
  return {
    has: (digest) => done.has(digest),
    async add(line, digest) {
      done.add(digest)
      await handle.write(`${line} ${digest}\n`)
    },
    close: () => handle.close(),
  }
}
