// The gRPC part of the test's application, and a client for it: messages are bytes, no proto needed. Unary answers what
// arrived as JSON; Stream sends without end; Chat echoes. The methods' path begins with `/echo.`, as envoy.yaml routes it.
import {
  type ClientDuplexStream,
  credentials,
  type Deadline,
  Metadata,
  type MethodDefinition,
  makeClientConstructor,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js'

const serviceName = 'echo.v1.Echo'
const streamEveryMs = 20

function method(name: string, streams: { request: boolean; response: boolean }): MethodDefinition<Buffer, Buffer> {
  const asIs = (bytes: Buffer) => bytes
  return {
    path: `/${serviceName}/${name}`,
    requestStream: streams.request,
    responseStream: streams.response,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  }
}

const echoService = {
  Unary: method('Unary', { request: false, response: false }),
  Stream: method('Stream', { request: false, response: true }),
  Chat: method('Chat', { request: true, response: true }),
}

interface ReceivedCall {
  readonly metadata: Readonly<Record<string, string>>
  readonly message: string
}

export async function startGrpcUpstream(): Promise<{ readonly port: number; close(): void }> {
  const server = new Server()
  server.addService(echoService, {
    Unary(call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) {
      const received: ReceivedCall = { metadata: textOf(call.metadata), message: call.request.toString() }
      callback(null, Buffer.from(JSON.stringify(received)))
    },
    Stream(call: ServerWritableStream<Buffer, Buffer>) {
      const timer = setInterval(() => call.write(Buffer.from('tick')), streamEveryMs)
      call.on('cancelled', () => clearInterval(timer))
      call.on('close', () => clearInterval(timer))
    },
    Chat(call: ServerDuplexStream<Buffer, Buffer>) {
      call.on('data', (message: Buffer) => call.write(message))
      call.on('end', () => call.end())
      call.on('error', () => {})
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  return { port, close: () => server.forceShutdown() }
}

export interface EchoClient {
  /** Rejects with the ServiceError of grpc-js. `path`: instead of that of the echo service's Unary. */
  unary(message: string, metadata?: Readonly<Record<string, string>>, path?: string): Promise<ReceivedCall>
  chat(metadata?: Readonly<Record<string, string>>): ClientDuplexStream<Buffer, Buffer>
  close(): void
}

const callWithinMs = 10_000

/** A client of the echo service at this port: Envoy's, or the upstream's own. */
export function createEchoClient(port: number): EchoClient {
  const Client = makeClientConstructor(echoService, serviceName)
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  const deadline = (): Deadline => Date.now() + callWithinMs
  const { Unary, Chat } = echoService
  return {
    unary: (message, metadata = {}, path = Unary.path) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          path,
          Unary.requestSerialize,
          Unary.responseDeserialize,
          Buffer.from(message),
          metadataOf(metadata),
          { deadline: deadline() },
          (error, answer) => (error ? reject(error) : resolve(JSON.parse(String(answer)))),
        )
      }),
    chat: (metadata = {}) =>
      client.makeBidiStreamRequest(Chat.path, Chat.requestSerialize, Chat.responseDeserialize, metadataOf(metadata)),
    close: () => client.close(),
  }
}

function metadataOf(entries: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(entries)) metadata.add(name, value)
  return metadata
}

function textOf(metadata: Metadata): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata.toHttp2Headers()).map(([name, value]) => [name, String(value)]))
}
