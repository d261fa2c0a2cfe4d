// `providers` and `token_service`: upstream identity providers, and how a sidecar reaches the token service for them.
import { z } from 'zod'
import { address } from './address.ts'
import { duration } from './duration.ts'
import { secret } from './secret.ts'
import { filePath, list, name, scope, section, shownAs, text, webUrl } from './values.ts'

const provider = section({
  name: name.describe('What policies and callers call it'),
  issuer: webUrl.describe('OpenID issuer; its discovery document is read'),
  client_id: text.describe('Client id at the provider'),
  client_secret: secret.describe('Client secret at the provider'),
  redirect_uris: list(z.url({ error: 'must be a URL' }).meta(shownAs('URL')))
    .prefault([])
    .describe('Redirect URIs that `Enroll` accepts'),
  scopes: list(scope).prefault(['openid', 'email']).describe('Scopes asked for'),
  recheck: duration({ min: '1s', max: '1h' })
    .prefault('60s')
    .describe("How long the provider's word on an access token is believed"),
  early_refresh: duration({ min: '0s', max: '1h' })
    .prefault('60s')
    .describe('How long before its expiry an access token is refreshed'),
  storage_key: secret.describe('Key that encrypts stored refresh tokens: 32 bytes, base64'),
})

export const providers = list(provider).prefault([])

export const tokenService = section({
  address: address.describe('`host:port`, or `unix:/path`'),
  tls: section({
    ca: filePath.describe('Certificate authorities of the token service, PEM'),
    cert: filePath.optional().describe('Client certificate, PEM'),
    key: filePath.optional().describe('Private key of the client certificate, PEM'),
  })
    .optional()
    .describe('TLS to the token service'),
  workload_jwt: section({ file: filePath.describe('File with the token; read again when it changes') })
    .optional()
    .describe('A workload JWT to authenticate with, instead of a client certificate'),
})

export type ProviderConfig = z.output<typeof provider>
export type TokenServiceConfig = z.output<typeof tokenService>
