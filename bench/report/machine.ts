// On what a run was made: without it no figure means anything.
import { execFileSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGib: number
  readonly kernel: string
  readonly node: string
  readonly openssl: string
  readonly commit: string
  /** Of the last minute before the run: what else was going on. */
  readonly loadBefore: number
}

const BYTES_PER_GIB = 2 ** 30

export function describeMachine(): Machine {
  const [first] = cpus()
  return {
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / BYTES_PER_GIB),
    kernel: release(),
    node: process.version,
    openssl: process.versions.openssl,
    commit: commit(),
    loadBefore: loadavg()[0] ?? Number.NaN,
  }
}

/** Marked where the program that was measured differs from the commit. */
function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: join(import.meta.dirname, '../..'), encoding: 'utf8' }).trim()
  try {
    return (
      git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', 'src') === '' ? '' : ' with changes')
    )
  } catch {
    return 'unknown'
  }
}

export function machineLines(machine: Machine): readonly string[] {
  const { cpu, cores, memoryGib, kernel, node, openssl, loadBefore } = machine
  return [
    `${cores} × ${cpu}, ${memoryGib} GiB, Linux ${kernel}`,
    `Node.js ${node}, OpenSSL ${openssl}, commit ${machine.commit}, load before ${loadBefore.toFixed(1)}`,
  ]
}
