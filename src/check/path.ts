// Request target → the path that routes are matched against, or nothing where two readers could disagree about it.
// Envoy, configured as in envoy/envoy.yaml, never sends such a target; proxies that do not normalise might.

/** A segment of only dots, or dots before `;` parameters: some servers resolve these, others do not. */
const dotSegment = /^\.{1,2}(;|$)/

/** What may stand in a path unescaped (RFC 3986, section 3.3), and `%` with two digits. */
const plainPath = /^\/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/

const unreserved = /[A-Za-z0-9\-._~]/

/** Slash, backslash and NUL, or such an escape escaped again, are read differently by the next hop. */
const deceptiveEscape = /%(?:2f|5c|00|25(?:2e|2f|5c))/i

/** `undefined`: ambiguous. The query is never part of the path. */
export function normalisePath(target: string): string | undefined {
  const queryAt = target.indexOf('?')
  const raw = queryAt === -1 ? target : target.slice(0, queryAt)
  if (!plainPath.test(raw) || target.includes('#') || deceptiveEscape.test(raw)) return undefined
  const path = raw.replace(/%[0-9A-Fa-f]{2}/g, decodeUnreserved)
  const segments = path.slice(1).split('/')
  // The last segment may be empty: a trailing slash. An empty one elsewhere is `//`.
  const isAmbiguous = segments.some(
    (segment, at) => dotSegment.test(segment) || (segment === '' && at < segments.length - 1),
  )
  return isAmbiguous ? undefined : path
}

/** `%61` and `a` are the same path (RFC 3986, section 6.2.2.2); other escapes are kept, in upper case. */
function decodeUnreserved(triplet: string): string {
  const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16))
  return unreserved.test(character) ? character : triplet.toUpperCase()
}

/** Host without port, in lower case, without the root's trailing dot. `[::1]:80` → `[::1]`. */
export function normaliseHost(host: string): string {
  const withoutPort = host.replace(/:\d*$/, (port, at: number) => (isInsideBrackets(host, at) ? port : ''))
  return withoutPort.toLowerCase().replace(/\.$/, '')
}

function isInsideBrackets(host: string, at: number): boolean {
  return host.startsWith('[') && host.indexOf(']') > at
}
