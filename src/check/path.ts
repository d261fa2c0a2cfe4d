// Request target → the path that routes are matched against, or nothing where two readers could disagree about it.
// Envoy, configured as in envoy/envoy.yaml, never sends such a target; proxies that do not normalise might.

/** Dots alone, or before what some servers drop from a segment: `;parameters`, white space, an escape escaped again. */
const dotSegment = /^\.{1,2}(;|%0|%20|%25|$)/

/** What may stand in a path unescaped (RFC 3986, section 3.3) or does so in browsers (`[]^|`), and escapes. */
const plainPath = /^\/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/[\]^|]|%[0-9A-Fa-f]{2})*$/

/** Has no meaning of its own within a segment, but for `;`: escaped or not, it is the same path. */
const plainCharacter = /[A-Za-z0-9\-._~!$&'()*+,;=:@]/

/** Slash, backslash and NUL, or dots and these escaped again, are read differently by the next hop. */
const deceptiveEscape = /%(?:25)*(?:2e|2f|5c|00)/i

/** `undefined`: ambiguous. The query is never part of the path. All spellings of one path come to the same text. */
export function normalisePath(target: string): string | undefined {
  const queryAt = target.indexOf('?')
  const raw = queryAt === -1 ? target : target.slice(0, queryAt)
  if (!plainPath.test(raw) || target.includes('#')) return undefined
  const path = raw.replace(/%[0-9A-Fa-f]{2}/g, unescapePlain).replace(/[[\]^|]/g, encodeURIComponent)
  // After decoding: an escape may have been put together from others.
  if (deceptiveEscape.test(path)) return undefined
  const segments = path.slice(1).split('/')
  const isAmbiguous = segments.some(
    (segment, at) => dotSegment.test(segment) || (at < segments.length - 1 && isNameless(segment)),
  )
  return isAmbiguous ? undefined : path
}

/** The last segment may be empty: a trailing slash. An empty one elsewhere is `//`, at the latest without parameters. */
function isNameless(segment: string): boolean {
  return segment === '' || segment.startsWith(';')
}

/** `%61` and `a`, `%40` and `@` are the same path to whoever serves it; other escapes are kept, in upper case. */
function unescapePlain(triplet: string): string {
  const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16))
  return plainCharacter.test(character) ? character : triplet.toUpperCase()
}

/** What servlet containers make of a normal path: `/admin;x=1/y` is `/admin/y` to them, and another path to others. */
export function withoutParameters(path: string): string {
  return path.replace(/;[^/]*/g, '')
}

/** Host without port, in lower case, without the root's trailing dot. `[::1]:80` → `[::1]`. */
export function normaliseHost(host: string): string {
  const withoutPort = host.replace(/:\d*$/, (port, at: number) => (isInsideBrackets(host, at) ? port : ''))
  return withoutPort.toLowerCase().replace(/\.$/, '')
}

function isInsideBrackets(host: string, at: number): boolean {
  return host.startsWith('[') && host.indexOf(']') > at
}
