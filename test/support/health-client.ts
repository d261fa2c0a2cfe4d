// grpc.health.v1 from its own .proto: asks once, or watches and keeps what it is told.
import { join } from 'node:path'
import { z } from 'zod'
import { createUnaryClient, loadProtos } from './grpc-client.ts'

const folder = join(import.meta.dirname, '../../node_modules/grpc-health-check/proto/health/v1')
const service = loadProtos('health.proto', [folder]).service('grpc.health.v1.Health')

const answer = z.object({ status: z.string() })

/** What Postern answers for: the process as a whole, and its services. */
export const healthServices = ['', 'envoy.service.auth.v3.Authorization', 'postern.token.v1.TokenService']

export interface HealthClient {
  /** Name of the status; rejects with GrpcFailure. */
  check(name: string): Promise<string>
  /** Grows with every status that the watcher is told. */
  watch(name: string): readonly string[]
  /** Ends the watches as well. */
  close(): void
}

export function createHealthClient(target: string): HealthClient {
  const { client, call, close } = createUnaryClient(service, { target })
  const streams: { cancel(): void }[] = []
  return {
    check: async (name) => answer.parse(await call('Check', { service: name })).status,
    watch(name) {
      const { Watch } = service
      if (Watch === undefined) throw new Error('Health has no Watch')
      const { path, requestSerialize, responseDeserialize } = Watch
      const seen: string[] = []
      const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service: name })
      stream.on('data', (message: object) => seen.push(answer.parse(message).status))
      stream.on('error', () => {})
      streams.push(stream)
      return seen
    },
    close() {
      for (const stream of streams) stream.cancel()
      close()
    },
  }
}
