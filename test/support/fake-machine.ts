// A fake machine for tests of the finders: a folder that is its whole PATH, and programs whose answers a test writes
// down. Nothing is run.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Outcome, Run } from '../../tools/commands.mjs'

/** The name of the program (without its folder) and its arguments, joined by spaces. */
interface Call {
  readonly program: string
  readonly path: string
  readonly args: readonly string[]
  readonly line: string
}

/** What a program prints; `undefined` is a program that fails. */
export type Answer = (call: Call) => string | undefined

export interface FakeMachine {
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  /** Every program that was run, as one line each. */
  readonly calls: readonly string[]
  readonly run: Run
  /** Puts a program on PATH and returns its path. */
  install(program: string, answer: Answer): string
  /** Programs of this name answer so wherever they lie; puts none on PATH. */
  answer(program: string, answer: Answer): void
  close(): void
}

export function createFakeMachine(): FakeMachine {
  const folder = mkdtempSync(join(tmpdir(), 'postern-machine-'))
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const answers = new Map<string, Answer>()
  const calls: string[] = []

  return {
    folder,
    env: { PATH: bin },
    calls,
    run(path, args) {
      const program = basename(path)
      const call = { program, path, args, line: [program, ...args].join(' ') }
      calls.push(call.line)
      const answer = answers.get(program)?.(call)
      return outcome(answer)
    },
    install(program, answer) {
      const path = join(bin, program)
      writeFileSync(path, '')
      chmodSync(path, 0o755)
      answers.set(program, answer)
      return path
    },
    answer: (program, answer) => answers.set(program, answer),
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function outcome(printed: string | undefined): Outcome {
  const ok = printed !== undefined
  return { ok, status: ok ? 0 : 1, stdout: printed ?? '', stderr: '' }
}
