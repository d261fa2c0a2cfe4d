// A client of the token service for the commands: credentials from files, one call, errors in words.
import { readFile } from 'node:fs/promises'
import { type ChannelCredentials, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { systemClock } from '../clock.ts'
import { ErrorInfo } from '../gen/google/rpc/error_details.ts'
import { Status } from '../gen/google/rpc/status.ts'
import { TokenServiceClient } from '../gen/postern/token/v1/token.ts'
import { CommandError, type Runtime, readSecret } from './runtime.ts'

export interface TokenServiceOptions {
  readonly address: string
  readonly tlsCa?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly jwtFile?: string
  readonly timeout: number
}

type UnaryCall<Response> = (
  client: TokenServiceClient,
  metadata: Metadata,
  options: { readonly deadline: number },
  callback: (error: ServiceError | null, response: Response) => void,
) => void

/** What the service, or the way to it, said no with. */
export class TokenServiceError extends CommandError {
  /** google.rpc.Code */
  readonly status: number
  constructor(error: ServiceError) {
    super(describe(error))
    this.status = error.code
  }
}

export interface TokenServiceConnection {
  /** Rejects with TokenServiceError, which says the reason that the service gave. */
  call<Response>(call: UnaryCall<Response>): Promise<Response>
  close(): void
}

/** Makes one call and closes the connection. */
export async function callTokenService<Response>(
  options: TokenServiceOptions,
  runtime: Runtime,
  call: UnaryCall<Response>,
): Promise<Response> {
  const connection = await openTokenService(options, runtime)
  try {
    return await connection.call(call)
  } finally {
    connection.close()
  }
}

/** For any number of calls. */
export async function openTokenService(
  options: TokenServiceOptions,
  runtime: Runtime,
): Promise<TokenServiceConnection> {
  const metadata = new Metadata()
  if (options.jwtFile !== undefined) {
    metadata.set('authorization', `Bearer ${await readSecret(runtime, options.jwtFile, 'workload token')}`)
  }
  const client = new TokenServiceClient(options.address, await channelCredentials(options))
  return {
    call: (call) =>
      new Promise((resolve, reject) => {
        call(client, metadata, { deadline: systemClock.wallMs() + options.timeout }, (error, response) => {
          if (error === null) resolve(response)
          else reject(new TokenServiceError(error))
        })
      }),
    close: () => client.close(),
  }
}

async function channelCredentials({ tlsCa, tlsCert, tlsKey }: TokenServiceOptions): Promise<ChannelCredentials> {
  if (tlsCa === undefined && tlsCert === undefined) return credentials.createInsecure()
  const [ca, cert, key] = await Promise.all([tlsCa, tlsCert, tlsKey].map(readOptional))
  return credentials.createSsl(ca ?? null, key ?? null, cert ?? null)
}

async function readOptional(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined
  return readFile(file).catch((cause: unknown) => {
    throw new CommandError(`Cannot read ${file}`, { cause })
  })
}

function describe(error: ServiceError): string {
  const reason = reasonOf(error)
  const name = status[error.code] ?? String(error.code)
  return `${error.details} (${name}${reason === undefined ? '' : `, ${reason}`})`
}

const ERROR_INFO = 'type.googleapis.com/google.rpc.ErrorInfo'

/** The reason in google.rpc.ErrorInfo, where the server sent one. */
function reasonOf(error: ServiceError): string | undefined {
  const [encoded] = error.metadata.get('grpc-status-details-bin')
  if (!(encoded instanceof Buffer)) return undefined
  const detail = Status.decode(encoded).details.find(({ typeUrl }) => typeUrl === ERROR_INFO)
  return detail === undefined ? undefined : ErrorInfo.decode(detail.value).reason
}
