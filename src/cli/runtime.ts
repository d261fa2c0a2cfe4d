// What a command may use of the process it runs in. main.ts makes the real one, tests make their own.
import type { Readable } from 'node:stream'

export interface Runtime {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: Readable
  /** Results: what somebody may pipe on. */
  readonly out: (text: string) => void
  /** Everything said to a person. */
  readonly err: (text: string) => void
  /** JSON log lines. */
  readonly log: { write(line: string): void }
  /** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
  readonly stopped: () => Promise<void>
  /** The folder that holds `envoy/` and `package.json`. */
  readonly packageRoot: string
}

/** The command did not do what it was asked to; the message says why, for a person. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: number
  constructor(message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.exitCode = options.exitCode ?? 1
  }
}

/** A token or key is a line; anything larger is a mistake. */
const MAX_INPUT_BYTES = 64 * 1024

/** A secret from a file or standard input, never from an argument: arguments are in the process list and in histories. */
export async function readSecret(runtime: Runtime, file: string | undefined, what: string): Promise<string> {
  const text =
    file === undefined || file === '-' ? await readStream(runtime.stdin, what) : await readSecretFile(file, what)
  const secret = text.trim()
  if (secret === '') throw new CommandError(`There is no ${what}: give it on standard input or name a file`)
  return secret
}

async function readSecretFile(file: string, what: string): Promise<string> {
  const { createReadStream } = await import('node:fs')
  return readStream(createReadStream(file), what)
}

async function readStream(stream: Readable, what: string): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.from(chunk)
      size += bytes.length
      if (size > MAX_INPUT_BYTES) throw new CommandError(`The ${what} is too large`)
      chunks.push(bytes)
    }
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(`Cannot read the ${what}`, { cause: error })
  }
  return Buffer.concat(chunks).toString('utf8')
}
