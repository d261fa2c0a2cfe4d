// Waits until a server answers a Check with a token that nobody has seen before: then its keys and its denylist are there.
import { setTimeout as sleep } from 'node:timers/promises'
import { checkBytes, connectCheck, framed, isAllow } from '../load/grpc.ts'
import { mintToken } from './tokens.ts'

const POLL_MS = 2
const PATIENCE_MS = 60_000

export async function untilAnswering(socket: string): Promise<void> {
  const body = framed(checkBytes(mintToken('EdDSA')))
  const deadlineMs = performance.now() + PATIENCE_MS
  while (!(await allows(socket, body))) {
    if (performance.now() > deadlineMs) throw new Error('No Check was ever allowed')
    await sleep(POLL_MS)
  }
}

async function allows(socket: string, body: Buffer): Promise<boolean> {
  // Nobody listens there yet.
  const connection = await connectCheck(socket).catch(() => undefined)
  if (connection === undefined) return false
  const answer = await new Promise<Buffer | Error>((resolve) => connection.send(body, resolve))
  connection.close()
  return !(answer instanceof Error) && isAllow(answer)
}
