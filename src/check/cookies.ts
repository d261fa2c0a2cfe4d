// Cookie header (RFC 6265, section 5.4) → pairs, and the header without some of them. Reads, never validates values.

export interface Cookie {
  readonly name: string
  readonly value: string
}

/** Duplicate Cookie lines arrive joined or apart, by protocol and encoding; all pairs of all lines, in order. */
export function readCookies(lines: readonly Buffer[]): readonly Cookie[] {
  return lines.flatMap((line) => line.toString('latin1').split(';').map(readPair))
}

function readPair(text: string): Cookie {
  const at = text.indexOf('=')
  if (at === -1) return { name: '', value: text.trim() }
  return { name: text.slice(0, at).trim(), value: unquote(text.slice(at + 1).trim()) }
}

function unquote(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}

/**
 * The Cookie header without the named cookies: `undefined` where nothing changes, `''` where nothing is left. As UTF-8,
 * which is what an answer to Envoy holds: bytes that are none are replaced.
 */
export function withoutCookies(lines: readonly Buffer[], names: ReadonlySet<string>): string | undefined {
  const pairs = lines.flatMap((line) =>
    line
      .toString('utf8')
      .split(';')
      .map((pair) => pair.trim()),
  )
  const kept = pairs.filter((pair) => !mentions(pair, names))
  return kept.length === pairs.length ? undefined : kept.filter((pair) => pair !== '').join('; ')
}

/** A cookie of that name stands behind a comma, where some readers see it and others do not. */
export function hidesCookie(lines: readonly Buffer[], name: string): boolean {
  const pairs = lines.flatMap((line) => line.toString('latin1').split(';'))
  return pairs.some((pair) =>
    pair
      .split(',')
      .slice(1)
      .some((part) => readPair(part).name === name),
  )
}

/** HTTP/1.1 duplicates are joined by commas, so a name may hide behind one: `a=1,access_token=…`. */
function mentions(pair: string, names: ReadonlySet<string>): boolean {
  return pair.split(',').some((part) => names.has(readPair(part).name))
}
