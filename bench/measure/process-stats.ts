// CPU and memory of another process as the kernel counts them (Linux).
import { readdirSync, readFileSync } from 'node:fs'

const NS_PER_US = 1000
const KIB_PER_MIB = 1024

/** Microseconds of CPU of all threads so far. By the scheduler's own clock: `stat` counts in steps of 10 ms. */
export function cpuMicroseconds(pid: number): number {
  const tasks = `/proc/${pid}/task`
  return readdirSync(tasks).reduce((sum, task) => sum + taskNanoseconds(`${tasks}/${task}/schedstat`), 0) / NS_PER_US
}

function taskNanoseconds(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8').split(' ')[0])
  } catch {
    // The thread has ended since it was listed.
    return 0
  }
}

export function residentMib(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1]) / KIB_PER_MIB
}
