// The stage of an e2e test: client → real Envoy → real Postern, with an upstream that tells what reached it. One of each,
// started together and closed together; every output is searched for secrets at the end.
import { join } from 'node:path'
import { type EnvoyServer, startEnvoy } from '../support/envoy.ts'
import { type HttpAnswer, type HttpRequest, http1 } from '../support/http-client.ts'
import {
  baseConfig,
  clientsOf,
  type Place,
  type Postern,
  type PosternOptions,
  posternIssuer,
  startPostern,
} from '../support/postern.ts'
import { expectNoSecrets, rememberSecret } from '../support/secrets.ts'
import type { TokenClient } from '../support/token-client.ts'
import { createTokenMaker, type TokenMaker } from '../support/token-maker.ts'
import { jwkSetText, keyFor, publicJwk } from '../support/tokens.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

export const partnerIssuer = 'https://partner.example'

const partnerKey = () => keyFor('ES256', 'partner')

/** A policy of each name that envoy/envoy.yaml gives its routes. */
function stageConfig(place: Place, checkPort?: number) {
  const both = { issuers: ['commons', 'partner'], audiences: ['gen3'] }
  const { listen, ...base } = baseConfig(place)
  const check = checkPort === undefined ? listen.check : { address: `127.0.0.1:${checkPort}` }
  return {
    ...base,
    listen: { ...listen, check },
    issuers: [...base.issuers, { name: 'partner', issuer: partnerIssuer, keys: { file: partnerFile(place) } }],
    policies: {
      default: both,
      workflow: { ...both, task_types: ['WORKFLOW'] },
      browser: { ...both, credentials: ['bearer', 'cookie'], cookie: { name: 'access_token' }, preflight: 'allow' },
      open: { ...both, anonymous: 'allow' },
      leash: { ...both, stream_leash: { token_expiry: true, at_most: '15m' } },
    },
  }
}

function partnerFile({ folder }: Place): string {
  return join(folder, 'partner.jwks.json')
}

export interface StageOptions {
  readonly config?: (base: ReturnType<typeof stageConfig>, place: Place) => Readonly<Record<string, unknown>>
  readonly until?: PosternOptions['until']
  /** Names of keys that the partner publishes besides its own. */
  readonly partnerKeys?: readonly string[]
  /** Check over TCP instead of a unix socket: this port. */
  readonly checkPort?: number
  readonly failureModeAllow?: boolean
  readonly editEnvoy?: (config: string, postern: Postern) => string
}

export interface Stage {
  readonly upstream: Upstream
  readonly postern: Postern
  readonly envoy: EnvoyServer
  readonly tokenService: TokenClient
  /** Signs as Postern itself would, whatever it is told to. */
  readonly own: TokenMaker
  /** A trusted issuer whose keys Postern reads from a file. */
  readonly partner: TokenMaker
  /** HTTP/1.1 through Envoy; `token` is sent as a bearer token. */
  get(path: string, request?: StageRequest): Promise<HttpAnswer>
  /** Minted by the token service, for alice. */
  mint(options?: MintOptions): Promise<string>
  close(): Promise<void>
}

interface StageRequest extends HttpRequest {
  readonly token?: string
}

interface MintOptions {
  readonly kind?: 'access' | 'api_key'
  readonly scopes?: readonly string[]
  readonly expiresIn?: number
}

export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const closing: (() => Promise<void> | void)[] = []
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step()
  }
  try {
    return { ...(await open(options, (step) => closing.push(step))), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function open(
  options: StageOptions,
  onClose: (step: () => Promise<void> | void) => void,
): Promise<Omit<Stage, 'close'>> {
  const { checkPort, editEnvoy, failureModeAllow = false } = options
  const partnerKeys = (options.partnerKeys ?? []).map((name) => keyFor('ES256', name))
  const upstream = await startUpstream()
  onClose(() => upstream.close())
  const postern = await startPostern({
    ...(options.until === undefined ? {} : { until: options.until }),
    files: { 'partner.jwks.json': jwkSetText(...[partnerKey(), ...partnerKeys].map(publicJwk)) },
    config(_, place) {
      const base = stageConfig(place, checkPort)
      return options.config?.(base, place) ?? base
    },
  })
  onClose(() => postern.close())
  const envoy = await startEnvoy({
    check:
      checkPort === undefined ? { unix: join(postern.folder, 'check.sock') } : { host: '127.0.0.1', port: checkPort },
    upstreamPort: upstream.port,
    upstreamGrpcPort: upstream.grpcPort,
    failureModeAllow,
    ...(editEnvoy === undefined ? {} : { edit: (config) => editEnvoy(config, postern) }),
  })
  onClose(async () => {
    await envoy.stop()
    expectNoSecrets('the output of Envoy', envoy.output())
  })
  const { tokenService, close: closeClients } = clientsOf(postern)
  onClose(closeClients)

  return {
    upstream,
    postern,
    envoy,
    tokenService,
    own: createTokenMaker(posternIssuer, postern.key),
    partner: createTokenMaker(partnerIssuer, partnerKey()),
    get: (path, { token, ...request } = {}) =>
      http1(envoy.port, { ...request, path, headers: withToken(token, request.headers) }),
    async mint({ kind = 'access', scopes = ['fence', 'openid', 'user'], expiresIn } = {}) {
      const subject = {
        kind: kind === 'access' ? ('TOKEN_KIND_ACCESS' as const) : ('TOKEN_KIND_API_KEY' as const),
        ...{ subject: 'alice', scopes, user: { name: 'alice@example.org', is_admin: false } },
      }
      const { token } = await tokenService.issue({
        subject,
        ...(expiresIn === undefined ? {} : { expires_in: String(expiresIn) }),
      })
      return token
    },
  }
}

/** A list keeps what a test wants to send twice. */
function withToken(
  token: string | undefined,
  headers: HttpRequest['headers'] = [],
): NonNullable<HttpRequest['headers']> {
  const lines = Symbol.iterator in headers ? [...headers] : Object.entries(headers)
  return token === undefined ? lines : [['authorization', `Bearer ${rememberSecret(token)}`] as const, ...lines]
}
