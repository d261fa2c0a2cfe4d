// The lines of a file or of standard input, one at a time, with their numbers. What a line means is the command's business.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { CommandError, type Runtime } from './runtime.ts'

export interface Line {
  /** From 1. */
  readonly number: number
  readonly text: string
}

/** Empty lines are left out. `-`: standard input. */
export async function* readLines(runtime: Runtime, file: string): AsyncGenerator<Line> {
  const input = file === '-' ? runtime.stdin : createReadStream(file)
  let number = 0
  try {
    // An error of the stream does not end the iteration over its lines, so it is passed on by hand.
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
    const failed = new Promise<never>((_, reject) => input.once('error', reject))
    failed.catch(() => {})
    const iterator = lines[Symbol.asyncIterator]()
    for (;;) {
      const next = await Promise.race([iterator.next(), failed])
      if (next.done === true) return
      number += 1
      const text = next.value.trim()
      if (text !== '') yield { number, text }
    }
  } catch (cause) {
    throw new CommandError(`Cannot read ${file === '-' ? 'standard input' : file}`, { cause })
  }
}
