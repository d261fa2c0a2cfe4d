// Secrets of the configuration: written as { file: … } or { env: … }, never as text, and never printed.
// Reading the file or the environment is the loader's business (see load.ts); this file only holds the value.
import { z } from 'zod'
import { exactlyOneOf, filePath, section, shownAs } from './values.ts'

const REDACTED = '[redacted]'

/** Where a secret comes from. This may be printed; what it leads to may not. */
export type SecretSource = { readonly file: string } | { readonly env: string }

/** A secret whose value only `reveal()` gives: JSON, string conversion and inspection all say `[redacted]`. */
export class Secret {
  readonly #source: SecretSource
  #value: string | undefined

  constructor(source: SecretSource) {
    this.#source = source
  }

  get source(): SecretSource {
    return this.#source
  }

  /** Called once by the loader, before anybody else sees the configuration. */
  fill(value: string): void {
    this.#value = value
  }

  reveal(): string {
    if (this.#value === undefined) throw new Error('A secret was used before it was read')
    return this.#value
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED
  }
}

const environmentName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
  .describe('Name of the environment variable that holds the secret')

const sources = z.union(
  [
    section({ file: filePath.describe('File that holds the secret; one line break at its end is not part of it') }),
    section({ env: environmentName }),
  ],
  exactlyOneOf('file', 'env'),
)

export const secret = z
  .codec(
    sources,
    z.custom<Secret>((value) => value instanceof Secret),
    { decode: (source) => new Secret(source), encode: (held) => held.source },
  )
  .meta(shownAs('secret'))
