// Real processes for tests: starts one, waits until it is ready, keeps its output, ends it by its pid. Whatever a test
// leaves behind ends with the test's own process, also when that is killed (see watchdog.ts).
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { eventually } from './eventually.ts'
import { guard, unguard } from './watchdog.ts'

/** A loaded two-core machine starts a Node process in about a second; many times that is a hang. */
const defaultReadyMs = 15_000
/** How long a process may take to end in its own way before it is killed. */
const defaultGraceMs = 5_000
/** After the end, how long to wait for the rest of the output: a grandchild may hold the pipe for ever. */
const lastOutputMs = 200
/** As much of the output as helps in an error message. */
const tailLength = 4_000

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface RunningProcess {
  readonly pid: number
  /** Everything printed so far, stdout and stderr as they came. */
  output(): string
  stdout(): string
  stderr(): string
  /** Resolves when the output matches, what is already there included; rejects when the process ends without. */
  waitFor(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray>
  /** Writes to the program's input; `endInput` closes it. */
  write(text: string): void
  endInput(): void
  signal(signal: NodeJS.Signals): void
  readonly exited: Promise<Exit>
  /** SIGTERM (or another), and SIGKILL after the grace time. Ending what has ended is fine. */
  stop(options?: { signal?: NodeJS.Signals; graceMs?: number }): Promise<Exit>
  kill9(): Promise<Exit>
}

export interface CommandOptions {
  readonly command: string
  readonly args?: readonly string[]
  /** Added to the environment of the test; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
}

export interface ProcessOptions extends CommandOptions {
  /** A pattern in the output, or a question asked again and again. Absent: ready once started. */
  readonly readyWhen?: RegExp | ((running: RunningProcess) => boolean | Promise<boolean>)
  readonly readyWithinMs?: number
}

export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { command, args = [], readyWhen, readyWithinMs = defaultReadyMs } = options
  const child = spawn(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
  })
  const running = follow(child, command)
  // A program that cannot be started at all is a rejection here, not an unhandled error.
  await once(child, 'spawn')
  try {
    if (readyWhen instanceof RegExp) await running.waitFor(readyWhen, readyWithinMs)
    else if (readyWhen) await answersReady(running, readyWhen, command, readyWithinMs)
  } catch (error) {
    await running.kill9()
    throw error
  }
  return running
}

/** Runs a command to its end, with `input` as its whole input. A server belongs in startProcess. */
export async function runToEnd(
  options: CommandOptions & { readonly input?: string; readonly withinMs?: number },
): Promise<Exit & { readonly stdout: string; readonly stderr: string }> {
  const running = await startProcess(options)
  if (options.input !== undefined) running.write(options.input)
  running.endInput()
  const timer = setTimeout(() => running.signal('SIGKILL'), options.withinMs ?? defaultReadyMs)
  const exit = await running.exited
  clearTimeout(timer)
  return { ...exit, stdout: running.stdout(), stderr: running.stderr() }
}

function follow(child: ChildProcessWithoutNullStreams, command: string): RunningProcess {
  const pid = child.pid ?? 0
  if (pid !== 0) guard(pid)
  const printed = { all: '', stdout: '', stderr: '' }
  const changes = new EventEmitter().setMaxListeners(0)
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      printed.all += text
      printed[name] += text
      changes.emit('change')
    })
  }
  // A program that never reads its input, or has ended, must not fail the test through this pipe.
  child.stdin.on('error', () => {})

  let ended: Exit | undefined
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      unguard(pid)
      const finish = () => {
        ended = { code, signal }
        resolve(ended)
        changes.emit('change')
      }
      const timer = setTimeout(finish, lastOutputMs)
      child.once('close', () => {
        clearTimeout(timer)
        finish()
      })
    })
  })

  function waitFor(pattern: RegExp, withinMs = defaultReadyMs): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        changes.off('change', look)
      }
      const fail = (why: string) => {
        leave()
        reject(new Error(`${command}: ${why}; its output ends with:\n${printed.all.slice(-tailLength)}`))
      }
      const look = () => {
        const match = pattern.exec(printed.all)
        if (match) {
          leave()
          resolve(match)
        } else if (ended) fail(`ended (${describeExit(ended)}) without printing ${pattern}`)
      }
      const timer = setTimeout(() => fail(`did not print ${pattern} within ${withinMs} ms`), withinMs)
      changes.on('change', look)
      look()
    })
  }

  async function stop(options: { signal?: NodeJS.Signals; graceMs?: number } = {}): Promise<Exit> {
    child.kill(options.signal ?? 'SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), options.graceMs ?? defaultGraceMs)
    const exit = await exited
    clearTimeout(timer)
    return exit
  }

  return {
    pid,
    output: () => printed.all,
    stdout: () => printed.stdout,
    stderr: () => printed.stderr,
    waitFor,
    write: (text) => child.stdin.write(text),
    endInput: () => child.stdin.end(),
    signal: (signal) => child.kill(signal),
    exited,
    stop,
    kill9: () => stop({ signal: 'SIGKILL' }),
  }
}

async function answersReady(
  running: RunningProcess,
  isReady: (running: RunningProcess) => boolean | Promise<boolean>,
  command: string,
  withinMs: number,
): Promise<void> {
  let ended: Exit | undefined
  running.exited.then((exit) => {
    ended = exit
  })
  const failure = (why: string, cause?: unknown) =>
    new Error(`${command}: ${why}; its output ends with:\n${running.output().slice(-tailLength)}`, { cause })
  // An end is an answer too, so that waiting stops at once and the message says what happened.
  const answer = await eventually('ready', async () => ended ?? (await isReady(running)), withinMs).catch((error) => {
    throw failure(`was not ready within ${withinMs} ms`, error)
  })
  if (answer !== true) throw failure(`ended (${describeExit(answer)}) before it was ready`)
}

function describeExit({ code, signal }: Exit): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`
}
