// The helpers that start real processes: what they promise when a program is ready, silent, broken or left behind.
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { freePort, isListening } from '../../support/ports.ts'
import { runToEnd, startProcess } from '../../support/processes.ts'

const node = process.execPath

/** A program of one line that stays alive until it is ended. */
function staying(script: string) {
  return { command: node, args: ['-e', `${script}; setInterval(() => {}, 1000)`] }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('startProcess', () => {
  it('resolves once the output matches, and keeps both streams', async () => {
    const running = await startProcess({
      ...staying('console.error("warming"); console.log("ready 42")'),
      readyWhen: /ready \d+/,
    })
    onTestFinished(() => running.stop().then(() => {}))
    expect(running.stdout()).toBe('ready 42\n')
    await running.waitFor(/warming/)
    expect(running.stderr()).toBe('warming\n')
  })

  it('resolves once the question is answered with yes', async () => {
    const port = await freePort()
    const running = await startProcess({
      ...staying(`require("http").createServer().listen(${port}, "127.0.0.1")`),
      readyWhen: () => isListening(port),
    })
    expect(await isListening(port)).toBe(true)
    await running.stop()
    expect(await isListening(port)).toBe(false)
  })

  it('says what was printed when the program ends before it is ready', async () => {
    const starting = startProcess({
      command: node,
      args: ['-e', 'console.log("no config"); process.exit(3)'],
      readyWhen: /ready/,
    })
    await expect(starting).rejects.toThrow(/exit code 3[\s\S]*no config/)
  })

  it('stops waiting for an answer when the program has ended', async () => {
    const starting = startProcess({
      command: node,
      args: ['-e', 'console.log("gone"); process.exit(4)'],
      readyWhen: () => false,
    })
    await expect(starting).rejects.toThrow(/exit code 4[\s\S]*gone/)
  })

  it('ends a program that is not ready in time', async () => {
    const starting = startProcess({
      ...staying('console.log("pid", process.pid)'),
      readyWhen: async (running) => {
        await running.waitFor(/pid \d+/)
        return false
      },
      readyWithinMs: 100,
    })
    const message = await starting.then(
      () => '',
      (error: unknown) => String(error),
    )
    expect(message).toContain('was not ready within 100 ms')
    const pid = Number(/pid (\d+)/.exec(message)?.[1])
    expect(isAlive(pid)).toBe(false)
  })

  it('rejects when the program cannot be started at all', async () => {
    await expect(startProcess({ command: '/nonexistent/program' })).rejects.toThrow(/ENOENT/)
  })

  it('kills a program that ignores SIGTERM after the grace time', async () => {
    const running = await startProcess({
      ...staying('process.on("SIGTERM", () => {}); console.log("ready")'),
      readyWhen: /ready/,
    })
    expect(await running.stop({ graceMs: 50 })).toEqual({ code: null, signal: 'SIGKILL' })
    expect(await running.stop()).toEqual({ code: null, signal: 'SIGKILL' })
  })

  it('leaves nothing behind when its own process is killed', async () => {
    const script = `
      import { startProcess } from './test/support/processes.ts'
      const child = await startProcess({ command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] })
      const gone = await startProcess({ command: process.execPath, args: ['-e', ''] })
      await gone.exited
      console.log('child', child.pid)
      setInterval(() => {}, 1000)
    `
    const parent = await startProcess({
      command: node,
      args: ['--import', 'tsx', '--input-type=module', '-e', script],
      readyWhen: /child \d+\n/,
    })
    const pid = Number(/child (\d+)/.exec(parent.output())?.[1])
    expect(isAlive(pid)).toBe(true)
    await parent.kill9()
    await eventually('the child is gone', () => !isAlive(pid))
  })
})

describe('runToEnd', () => {
  it('gives the input, and returns the exit code and both streams', async () => {
    const script =
      'process.stdin.on("data", (d) => console.log("got " + d)); process.stdin.on("end", () => process.exit(7))'
    const result = await runToEnd({ command: node, args: ['-e', script], input: 'hello' })
    expect(result).toEqual({ code: 7, signal: null, stdout: 'got hello\n', stderr: '' })
  })
})

describe('freePort', () => {
  it('never gives the same port twice to one process', async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()))
    expect(new Set(ports).size).toBe(50)
  })
})
