// `postern issue`: mints one token and prints it alone on standard output, so that it can be piped or assigned.
import { type IssueRequest, type IssueResponse, TokenKind } from '../gen/postern/token/v1/token.ts'
import { CommandError, type Runtime, readSecret } from './runtime.ts'
import { callTokenService, type TokenServiceOptions } from './token-client.ts'

export interface IssueOptions extends TokenServiceOptions {
  readonly apiKeyFile?: string
  readonly taskType?: string
  readonly subject?: string
  readonly kind: 'access' | 'api_key'
  readonly scope?: readonly string[]
  readonly clientId?: string
  readonly user?: string
  readonly expiresIn?: bigint
}

export async function issue(options: IssueOptions, runtime: Runtime): Promise<void> {
  const request: IssueRequest = { grant: await grantOf(options, runtime), expiresIn: options.expiresIn }
  const response = await callTokenService<IssueResponse>(options, runtime, (client, metadata, callOptions, callback) =>
    client.issue(request, metadata, callOptions, callback),
  )
  runtime.err(`issued ${response.jti}, expires ${response.expiresAt?.toISOString()}\n`)
  runtime.out(`${response.token}\n`)
}

async function grantOf(options: IssueOptions, runtime: Runtime): Promise<IssueRequest['grant']> {
  if (options.subject === undefined) {
    const apiKey = await readSecret(runtime, options.apiKeyFile, 'API key')
    return { $case: 'apiKey', apiKey: { apiKey, taskType: options.taskType ?? '' } }
  }
  return {
    $case: 'subject',
    subject: {
      kind: options.kind === 'api_key' ? TokenKind.TOKEN_KIND_API_KEY : TokenKind.TOKEN_KIND_ACCESS,
      subject: options.subject,
      scopes: [...(options.scope ?? [])],
      clientId: options.clientId ?? '',
      user: options.user === undefined ? undefined : parseUser(options.user),
    },
  }
}

function parseUser(text: string): Record<string, unknown> {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CommandError('--user must be a JSON object', { exitCode: 2 })
  }
  return { ...value }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new CommandError('--user is not JSON', { exitCode: 2, cause })
  }
}
