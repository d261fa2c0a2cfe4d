// `listen`: where the process answers. Each listener is switched on by being there.
// Which listeners need TLS is decided in rules/, since it depends on who calls.
import { z } from 'zod'
import { type Address, address } from './address.ts'
import { filePath, section } from './values.ts'

/** An address to listen on; a unix socket has the file mode it is created with. */
export type ListenAddress =
  | (Extract<Address, { kind: 'unix' }> & { readonly mode: number })
  | Extract<Address, { kind: 'tcp' }>

const serverTls = section({
  cert: filePath.describe('Certificate chain, PEM'),
  key: filePath.describe('Private key of the certificate, PEM'),
  client_ca: filePath
    .optional()
    .describe(
      'Certificate authorities of clients, PEM. Where given, every client must present a certificate of theirs',
    ),
})

export type ServerTlsConfig = z.output<typeof serverTls>

export interface Listener {
  readonly address: ListenAddress
  readonly tls?: ServerTlsConfig | undefined
}

const MODE_MESSAGE = 'must be a quoted octal file mode such as "0660"'
const MODE_DIGITS = 4

const mode = z.codec(z.string(MODE_MESSAGE).regex(/^0[0-7]{3}$/, MODE_MESSAGE), z.int(), {
  decode: (text) => Number.parseInt(text, 8),
  encode: (value) => value.toString(8).padStart(MODE_DIGITS, '0'),
})

function listener(defaultMode: string, tls: string) {
  const written = section({
    address: address.describe('`unix:/path`, or `host:port` with an IPv6 host in brackets'),
    mode: mode.optional().describe(`File mode of a unix socket, quoted octal. Where absent, "${defaultMode}"`),
    tls: serverTls.optional().describe(tls),
  })
  return z.codec(
    written,
    z.custom<Listener>(() => true),
    {
      decode: (value, context) => {
        if (value.address.kind === 'unix') {
          return { address: { ...value.address, mode: value.mode ?? Number.parseInt(defaultMode, 8) }, tls: value.tls }
        }
        if (value.mode !== undefined) {
          context.issues.push({ code: 'custom', path: ['mode'], message: 'applies to unix sockets only', input: value })
        }
        return { address: value.address, tls: value.tls }
      },
      encode: ({ address: at, tls: secured }) => ({
        address: at.kind === 'unix' ? { kind: at.kind, path: at.path } : at,
        mode: at.kind === 'unix' ? at.mode : undefined,
        tls: secured,
      }),
    },
  )
}

const OFF_LOOPBACK = 'TLS 1.2 or newer. Needed wherever the address is not on loopback'

export const listen = section({
  check: listener('0660', OFF_LOOPBACK).optional().describe('The `ext_authz` service that Envoy asks'),
  tokens: listener('0600', 'TLS 1.2 or newer. Needed on every TCP address')
    .optional()
    .describe('The token service. Callers of kind `local` need a unix socket of mode "0600"'),
  http: listener('0660', OFF_LOOPBACK).optional().describe('Public HTTP: the JWKS and the OAuth endpoints'),
  admin: listener('0660', OFF_LOOPBACK).optional().describe('HTTP for operators only: health, metrics, console'),
})
