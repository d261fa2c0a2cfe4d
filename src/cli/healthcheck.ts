// `postern healthcheck`: asks grpc.health.v1 of a running process; for container probes and scripts.
import { readFile } from 'node:fs/promises'
import { Client, credentials } from '@grpc/grpc-js'
import { systemClock } from '../clock.ts'
import { CommandError, type Runtime } from './runtime.ts'

export interface HealthcheckOptions {
  readonly address: string
  readonly service: string
  readonly tlsCa?: string
  readonly timeout: number
}

/** grpc.health.v1.HealthCheckResponse.ServingStatus */
const servingStatus: Readonly<Record<number, string>> = { 1: 'SERVING', 2: 'NOT_SERVING', 3: 'SERVICE_UNKNOWN' }
const SERVING = 1

export async function healthcheck(options: HealthcheckOptions, runtime: Runtime): Promise<void> {
  const status = await ask(options)
  if (status !== SERVING) throw new CommandError(servingStatus[status] ?? 'UNKNOWN')
  runtime.out('SERVING\n')
}

async function ask({ address, service, tlsCa, timeout }: HealthcheckOptions): Promise<number> {
  const channel = tlsCa === undefined ? credentials.createInsecure() : credentials.createSsl(await readFile(tlsCa))
  const client = new Client(address, channel)
  try {
    return await new Promise<number>((resolve, reject) => {
      client.makeUnaryRequest(
        '/grpc.health.v1.Health/Check',
        encodeRequest,
        decodeResponse,
        service,
        { deadline: systemClock.wallMs() + timeout },
        (error, value) => {
          if (error === null && value !== undefined) resolve(value)
          else reject(new CommandError(`No answer from ${address}`, { cause: error }))
        },
      )
    })
  } finally {
    client.close()
  }
}

/** HealthCheckRequest{ string service = 1 } and HealthCheckResponse{ enum status = 1 }: one field each. */
function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service, 'utf8')
  return name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name])
}

function decodeResponse(bytes: Buffer): number {
  return bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0
}
