// Unix sockets: makes room for one, without taking it away from a living process.
import { lstat, mkdir, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname } from 'node:path'

export class ListenError extends Error {
  override readonly name = 'ListenError'
}

/** A socket file that nobody answers on is left over from a process that was killed; one that answers is in use. */
export async function prepareSocket(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const stats = await lstat(path).catch(() => undefined)
  if (stats === undefined) return
  if (!stats.isSocket()) throw new ListenError(`${path} exists and is not a socket`)
  if (await answers(path)) throw new ListenError(`${path} is in use by another process`)
  await unlink(path)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const settle = (isAnswered: boolean): void => {
      socket.destroy()
      resolve(isAnswered)
    }
    socket.once('connect', () => settle(true)).once('error', () => settle(false))
  })
}
