// `postern revoke`: revokes one token, or one token id, and prints the revision under which that was recorded.
import type { RevokeRequest, RevokeResponse } from '../gen/postern/token/v1/token.ts'
import { CommandError, type Runtime, readSecret } from './runtime.ts'
import { callTokenService, type TokenServiceOptions } from './token-client.ts'

export interface RevokeOptions extends TokenServiceOptions {
  readonly tokenFile?: string
  readonly revokerTokenFile?: string
  readonly logout?: true
  readonly jti?: string
  readonly issuer?: string
  readonly wait?: true
  /** A list of tokens instead: revoke-file.ts. */
  readonly file?: string
  readonly state?: string
  readonly concurrency: number
}

export async function revoke(options: RevokeOptions, runtime: Runtime): Promise<void> {
  const { file } = options
  if (file !== undefined) {
    if (options.jti !== undefined || options.tokenFile !== undefined || options.logout !== undefined)
      throw new CommandError('--file goes without --token-file, --jti and --logout', { exitCode: 2 })
    return (await import('./revoke-file.ts')).revokeFile({ ...options, file }, runtime)
  }
  const request = await requestOf(options, runtime)
  const response = await callTokenService<RevokeResponse>(options, runtime, (client, metadata, callOptions, callback) =>
    client.revoke(request, metadata, callOptions, callback),
  )
  if (response.revision === '') {
    runtime.err('nothing to revoke: the token was unusable already\n')
    return
  }
  const { sidecarsApplied, sidecarsKnown } = response
  runtime.err(options.wait === true ? `applied by ${sidecarsApplied} of ${sidecarsKnown} sidecars\n` : 'revoked\n')
  runtime.out(`${response.revision}\n`)
}

async function requestOf(options: RevokeOptions, runtime: Runtime): Promise<RevokeRequest> {
  if ((options.jti === undefined) !== (options.issuer === undefined)) {
    throw new CommandError('--jti and --issuer go together', { exitCode: 2 })
  }
  const token = options.jti === undefined ? await readSecret(runtime, options.tokenFile, 'token') : ''
  return {
    token,
    tokenTypeHint: '',
    revokerToken: await revokerOf(options, token, runtime),
    waitUntilApplied: options.wait === true,
    jti: options.jti ?? '',
    issuer: options.issuer ?? '',
  }
}

async function revokerOf(options: RevokeOptions, token: string, runtime: Runtime): Promise<string> {
  if (options.logout === true) return token
  const { revokerTokenFile } = options
  return revokerTokenFile === undefined ? '' : readSecret(runtime, revokerTokenFile, 'revoker token')
}
