// Where the JWK Set of an issuer comes from: a URL or a file. One load is one bounded read; when to load, what to keep
// and what to do about failure is decided in key-ring.ts.
import { open } from 'node:fs/promises'

export interface KeySource {
  /** The text of a JWK Set. Rejects when it cannot be had in time or is too large. */
  load(): Promise<string>
}

/** A hundred RSA keys with certificate chains fit; a body that does not end is cut here. */
const MAX_BYTES = 512 * 1024
/** For the whole answer, headers and body: one that trickles is cut as well. */
const LOAD_TIMEOUT_MS = 5000

export class KeySourceError extends Error {
  override readonly name = 'KeySourceError'
}

/** Redirects are not followed: they are how a key set URL is turned towards a metadata address. */
export function urlKeySource(url: string, { timeoutMs = LOAD_TIMEOUT_MS } = {}): KeySource {
  return {
    async load() {
      const response = await fetch(url, {
        redirect: 'error',
        headers: { accept: 'application/jwk-set+json, application/json' },
        signal: AbortSignal.timeout(timeoutMs),
      })
      if (response.status !== 200 || response.body === null) {
        await response.body?.cancel()
        throw new KeySourceError('The key set URL did not answer 200')
      }
      return readBounded(response.body)
    },
  }
}

export function fileKeySource(path: string): KeySource {
  return {
    async load() {
      const file = await open(path)
      try {
        return await readBounded(file.createReadStream({ end: MAX_BYTES, autoClose: false }))
      } finally {
        await file.close()
      }
    },
  }
}

async function readBounded(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.byteLength
    if (size > MAX_BYTES) throw new KeySourceError('The key set is too large')
    parts.push(chunk)
  }
  return Buffer.concat(parts).toString('utf8')
}
