// Ends the processes a test started when the test's own process is gone, however it went: a small shell reads their
// pids from a pipe, and the kernel closes that pipe for us. Asks nothing and polls nothing meanwhile.
import { type ChildProcess, spawn } from 'node:child_process'

// Ctrl-C reaches the whole process group; the watchdog has to outlive it, so it leaves the group (`detached`).
const script = `
pids=' '
while read -r op pid; do
  case $op in
    +) pids="$pids$pid " ;;
    -) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
  esac
done
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
`

let watchdog: ChildProcess | undefined

export function guard(pid: number): void {
  watchdog ??= start()
  watchdog.stdin?.write(`+ ${pid}\n`)
}

/** Must follow the process's end at once: its number may be given to somebody else. */
export function unguard(pid: number): void {
  watchdog?.stdin?.write(`- ${pid}\n`)
}

function start(): ChildProcess {
  const shell = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  shell.on('error', () => {})
  // Neither the shell nor its pipe may keep the test's process alive.
  shell.unref()
  const { stdin } = shell
  stdin.on('error', () => {})
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
  return shell
}
