// Addresses to listen on or to call: `unix:/run/postern/check.sock`, `127.0.0.1:9192`, `[::1]:9192`, `tokens.svc:9192`.
// Whether an address may be used without TLS is decided in rules/.
import { BlockList, isIP } from 'node:net'
import { z } from 'zod'
import { PRINTABLE, shownAs } from './values.ts'

export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

// The kernel's sockaddr_un holds 108 bytes with the closing NUL.
const MAX_SOCKET_PATH_BYTES = 107
const MAX_PORT = 65_535
const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*$/

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** `undefined` if the text is no address. */
export function parseAddress(text: string): Address | undefined {
  return text.startsWith('unix:') ? parseUnix(text.slice('unix:'.length)) : parseTcp(text)
}

export function formatAddress(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `${host}:${address.port}`
}

/** True only for what cannot leave the machine; any other name than `localhost` may resolve to anything. */
export function isLoopback(host: string): boolean {
  const version = isIP(host)
  if (version === 0) return host.toLowerCase() === 'localhost'
  return loopback.check(host, version === 4 ? 'ipv4' : 'ipv6')
}

function parseUnix(text: string): Address | undefined {
  // unix:///run/x is how gRPC writes an absolute path
  const path = text.startsWith('///') ? text.slice(2) : text
  const fits = Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES
  return PRINTABLE.test(path) && !path.startsWith('@') && !path.startsWith('//') && fits
    ? { kind: 'unix', path }
    : undefined
}

function parseTcp(text: string): Address | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text)
  const [, bracketed, plain, digits] = parts ?? []
  const port = Number(digits)
  const host = bracketed ?? plain
  if (host === undefined || port > MAX_PORT) return undefined
  const valid = bracketed === undefined ? isIP(host) === 4 || HOST_NAME.test(host) : isIP(host) === 6
  return valid ? { kind: 'tcp', host, port } : undefined
}

const ADDRESS_MESSAGE = 'must be unix:/path (at most 107 bytes) or host:port, an IPv6 host in brackets'

/** An address as text in the file, taken apart in the program. */
export const address = z
  .codec(
    z.string(ADDRESS_MESSAGE),
    z.custom<Address>((value) => value !== undefined),
    { decode: (text, context) => parseAddress(text) ?? invalid(context, text, ADDRESS_MESSAGE), encode: formatAddress },
  )
  .meta(shownAs('address'))

const ENDPOINT_MESSAGE = 'must be host:port, an IPv6 host in brackets'

/** host:port only: a Redis node. */
export const endpoint = z
  .string()
  .refine((text) => parseTcp(text) !== undefined, ENDPOINT_MESSAGE)
  .meta(shownAs('`host:port`'))

function invalid(context: z.core.ParsePayload, input: string, message: string): never {
  context.issues.push({ code: 'custom', message, input })
  return z.NEVER
}
