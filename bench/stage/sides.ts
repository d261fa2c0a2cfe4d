// A side of a comparison: Checks driven at one server, with the CPU that each cost that server.
import type { Connection } from '../load/connection.ts'
import { type Drive, type Driven, drive } from '../load/drive.ts'
import { checkBytes, connectCheck, framed, unframed } from '../load/grpc.ts'
import { cpuMicroseconds } from '../measure/process-stats.ts'
import type { Side } from '../measure/rounds.ts'
import type { Settings } from '../suites/suite.ts'
import { type Server, startBare } from './servers.ts'

/** As many as an Envoy with some traffic has in flight on its one connection. */
export const IN_FLIGHT = 16

export interface CheckSide {
  readonly name: string
  readonly pid: number
  readonly connection: Connection
  readonly drive: Drive
}

export function checkSide({ name, pid, connection, drive: plan }: CheckSide): Side {
  return { name, run: () => driveMeasured(connection, pid, plan) }
}

/** `cpu`: µs of the process `pid` for each call. */
export async function driveMeasured(
  connection: Connection,
  pid: number,
  plan: Drive,
): Promise<Record<'cpu' | keyof Driven, number>> {
  const before = cpuMicroseconds(pid)
  const driven = await drive(connection, plan)
  return { ...driven, cpu: (cpuMicroseconds(pid) - before) / driven.calls }
}

/** The bodies in turn, for ever. */
export function inTurn(bodies: readonly Buffer[]): () => Buffer {
  let at = -1
  return () => {
    at = (at + 1) % bodies.length
    return bodies[at] ?? Buffer.alloc(0)
  }
}

export function bodiesFor(tokens: readonly (string | undefined)[]): readonly Buffer[] {
  return tokens.map((token) => framed(checkBytes(token)))
}

/** What the server answers to this request, to be given by a bare server too. */
export function answerTo(connection: Connection, body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    connection.send(body, (answer) => (answer instanceof Error ? reject(answer) : resolve(unframed(answer))))
  })
}

/** After fewer calls the code of neither server is compiled for good. */
const WARM_UP_CALLS = 15_000
const QUICK_WARM_UP_CALLS = 500

export async function warmUp(connection: Connection, next: () => Buffer, { quick }: Settings): Promise<void> {
  const calls = quick ? QUICK_WARM_UP_CALLS : WARM_UP_CALLS
  await drive(connection, { inFlight: IN_FLIGHT, calls, next, isExpected: () => true })
}

/** A bare server that gives the very bytes that Postern gives to this request, and warm connections to both. */
export async function besideBare(postern: Pick<Server, 'pid' | 'socket'>, body: Buffer, settings: Settings) {
  const connection = await connectCheck(postern.socket)
  const bare = await startBare(await answerTo(connection, body))
  const bareConnection = await connectCheck(bare.socket)
  await warmUp(bareConnection, () => body, settings)
  await warmUp(connection, () => body, settings)
  return {
    postern: { pid: postern.pid, connection },
    bare: { pid: bare.pid, connection: bareConnection, socket: bare.socket },
    async stop() {
      connection.close()
      bareConnection.close()
      await bare.stop()
    },
  }
}
