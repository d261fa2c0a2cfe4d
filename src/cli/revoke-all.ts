// `postern revoke-all`: revokes everything of one target, and prints the revision under which that was recorded.
import type { RevokeAllRequest, RevokeAllResponse } from '../gen/postern/token/v1/token.ts'
import { CommandError, type Runtime, readSecret } from './runtime.ts'
import { callTokenService, type TokenServiceOptions } from './token-client.ts'

export interface RevokeAllOptions extends TokenServiceOptions {
  readonly subject?: string
  readonly clientId?: string
  readonly keyId?: string
  readonly transaction?: string
  readonly issuer?: string
  readonly revokerTokenFile?: string
  readonly keepApiKeys?: true
  readonly wait?: true
}

export async function revokeAll(options: RevokeAllOptions, runtime: Runtime): Promise<void> {
  const { revokerTokenFile } = options
  const request: RevokeAllRequest = {
    target: targetOf(options),
    issuer: options.issuer ?? '',
    revokerToken: revokerTokenFile === undefined ? '' : await readSecret(runtime, revokerTokenFile, 'revoker token'),
    waitUntilApplied: options.wait === true,
    keepApiKeys: options.keepApiKeys === true,
  }
  const response = await sendRevokeAll(request, options, runtime)
  reportRevokeAll(response, options, runtime)
}

export function sendRevokeAll(
  request: RevokeAllRequest,
  options: TokenServiceOptions,
  runtime: Runtime,
): Promise<RevokeAllResponse> {
  return callTokenService<RevokeAllResponse>(options, runtime, (client, metadata, callOptions, callback) =>
    client.revokeAll(request, metadata, callOptions, callback),
  )
}

export function reportRevokeAll(
  { revision, notBefore, sidecarsApplied, sidecarsKnown }: RevokeAllResponse,
  { wait }: { readonly wait?: true },
  runtime: Runtime,
): void {
  const what = notBefore === undefined ? 'revoked for ever' : `revoked what was issued up to ${notBefore.toISOString()}`
  runtime.err(wait === true ? `${what}; applied by ${sidecarsApplied} of ${sidecarsKnown} sidecars\n` : `${what}\n`)
  runtime.out(`${revision}\n`)
}

function targetOf({ subject, clientId, keyId, transaction }: RevokeAllOptions): RevokeAllRequest['target'] {
  const targets = [
    subject !== undefined && { $case: 'subject' as const, subject },
    clientId !== undefined && { $case: 'clientId' as const, clientId },
    keyId !== undefined && { $case: 'keyId' as const, keyId },
    transaction !== undefined && { $case: 'transaction' as const, transaction },
  ].filter((target) => target !== false)
  const [target, ...others] = targets
  if (target === undefined || others.length > 0) {
    throw new CommandError('Give exactly one of --subject, --client-id, --key-id and --transaction', { exitCode: 2 })
  }
  return target
}
