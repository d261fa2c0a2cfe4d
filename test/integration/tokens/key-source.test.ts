// Key sources against a real HTTP server and real files: what is read, what is cut, and that nothing else is asked.
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fileKeySource, KeySourceError, urlKeySource } from '../../../src/tokens/key-source.ts'
import { freePort } from '../../support/ports.ts'
import { jwkSetText, keyFor, publicJwk } from '../../support/tokens.ts'

const LIMIT_BYTES = 512 * 1024
const keySet = jwkSetText(publicJwk(keyFor('ES256')))

/** A JWK Set URL whose answers are the test's. */
async function serve(answer: (response: ServerResponse, request: IncomingMessage) => void) {
  const requests: string[] = []
  const connectionsClosed: Promise<unknown>[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    connectionsClosed.push(once(response, 'close'))
    answer(response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('not listening')
  return { url: `http://127.0.0.1:${address.port}/jwks.json`, requests, connectionsClosed }
}

async function errorOf(loading: Promise<string>): Promise<Error> {
  const error: unknown = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) throw new Error('it was loaded')
  return error
}

describe('a key set URL', () => {
  it('gives the text that it answers', async () => {
    const { url, requests } = await serve((response) => response.end(keySet))
    expect(await urlKeySource(url).load()).toBe(keySet)
    expect(requests).toEqual(['GET /jwks.json'])
  })

  it('is asked for a key set, and without anything of ours', async () => {
    let headers: IncomingMessage['headers'] = {}
    const { url } = await serve((response, request) => {
      headers = request.headers
      response.end(keySet)
    })
    await urlKeySource(url).load()
    expect(headers.accept).toBe('application/jwk-set+json, application/json')
    expect(headers).not.toHaveProperty('authorization')
    expect(headers).not.toHaveProperty('cookie')
  })

  it.each([301, 302, 303, 307, 308])(
    'that redirects (%i) is refused, and where it points to is never asked',
    async (status) => {
      const target = await serve((response) => response.end(keySet))
      const { url, requests } = await serve((response) => response.writeHead(status, { location: target.url }).end())
      expect(await errorOf(urlKeySource(url).load())).toBeInstanceOf(Error)
      expect(requests).toHaveLength(1)
      expect(target.requests).toEqual([])
    },
  )

  it.each([201, 204, 206, 304, 400, 401, 403, 404, 429, 500, 502, 503])(
    'that answers %i is refused, whatever the body is',
    async (status) => {
      const { url } = await serve((response) =>
        response.writeHead(status).end(status === 204 || status === 304 ? undefined : keySet),
      )
      expect(await errorOf(urlKeySource(url).load())).toEqual(new KeySourceError('The key set URL did not answer 200'))
    },
  )

  it('may answer exactly half a MiB and not one byte more', async () => {
    let size = LIMIT_BYTES
    const { url } = await serve((response) => response.end(' '.repeat(size)))
    expect(await urlKeySource(url).load()).toHaveLength(LIMIT_BYTES)
    size += 1
    expect(await errorOf(urlKeySource(url).load())).toEqual(new KeySourceError('The key set is too large'))
  })

  it('that answers without end is cut off, and little of it is taken', async () => {
    const chunk = Buffer.alloc(64 * 1024, ' ')
    let sent = 0
    const { url, connectionsClosed } = await serve((response) => {
      const send = (): void => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length
      }
      response.on('drain', send)
      send()
    })
    expect(await errorOf(urlKeySource(url).load())).toEqual(new KeySourceError('The key set is too large'))
    await Promise.all(connectionsClosed)
    expect(sent).toBeLessThan(64 * LIMIT_BYTES)
  })

  it('that promises a gigabyte is cut off as well', async () => {
    const { url, connectionsClosed } = await serve((response) => {
      response.writeHead(200, { 'content-length': String(2 ** 30) })
      response.write(Buffer.alloc(2 * LIMIT_BYTES, ' '))
    })
    expect(await errorOf(urlKeySource(url).load())).toEqual(new KeySourceError('The key set is too large'))
    await Promise.all(connectionsClosed)
  })

  it('that answers a compressed bomb is cut by the size of what comes out', async () => {
    const { url } = await serve((response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(64 * LIMIT_BYTES, ' '))),
    )
    expect(await errorOf(urlKeySource(url).load())).toEqual(new KeySourceError('The key set is too large'))
  })

  it('that never answers is given up in time', async () => {
    const { url, connectionsClosed } = await serve(() => {})
    expect((await errorOf(urlKeySource(url, { timeoutMs: 100 }).load())).name).toBe('TimeoutError')
    await Promise.all(connectionsClosed)
  })

  it('whose body trickles is given up in the same time', async () => {
    const { url, connectionsClosed } = await serve((response) => {
      const drip = setInterval(() => response.write(' '), 5)
      response.on('close', () => clearInterval(drip))
    })
    expect((await errorOf(urlKeySource(url, { timeoutMs: 100 }).load())).name).toBe('TimeoutError')
    await Promise.all(connectionsClosed)
  })

  it('that breaks off is refused', async () => {
    const { url } = await serve((response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write(keySet.slice(0, 20), () => response.destroy())
    })
    expect(await errorOf(urlKeySource(url).load())).toBeInstanceOf(Error)
  })

  it('that nobody listens on is refused', async () => {
    const url = `http://127.0.0.1:${await freePort()}/jwks.json`
    expect(await errorOf(urlKeySource(url).load())).toBeInstanceOf(Error)
  })

  it('says nothing in its errors of what it was answered', async () => {
    const { url } = await serve((response) => response.writeHead(500, 'c2VjcmV0').end('c2VjcmV0'))
    expect(String((await errorOf(urlKeySource(url).load())).stack)).not.toContain('c2VjcmV0')
  })
})

describe('a key set file', () => {
  async function folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'postern-key-source-'))
    onTestFinished(() => rm(path, { recursive: true, force: true }))
    return path
  }

  it('is read anew at every load', async () => {
    const path = join(await folder(), 'jwks.json')
    await writeFile(path, keySet)
    const source = fileKeySource(path)
    expect(await source.load()).toBe(keySet)
    await writeFile(path, '{"keys":[]}')
    expect(await source.load()).toBe('{"keys":[]}')
  })

  it('may be exactly half a MiB and not one byte more', async () => {
    const path = join(await folder(), 'jwks.json')
    await writeFile(path, ' '.repeat(LIMIT_BYTES))
    expect(await fileKeySource(path).load()).toHaveLength(LIMIT_BYTES)
    await writeFile(path, ' '.repeat(LIMIT_BYTES + 1))
    expect(await errorOf(fileKeySource(path).load())).toEqual(new KeySourceError('The key set is too large'))
  })

  it('that does not end is cut', async () => {
    expect(await errorOf(fileKeySource('/dev/zero').load())).toEqual(new KeySourceError('The key set is too large'))
  })

  it('that is not there is refused, and so is a folder', async () => {
    const path = await folder()
    expect(await errorOf(fileKeySource(join(path, 'missing.json')).load())).toMatchObject({ code: 'ENOENT' })
    expect(await errorOf(fileKeySource(path).load())).toMatchObject({ code: 'EISDIR' })
  })

  it('is closed after every load, good or bad', async () => {
    const path = join(await folder(), 'jwks.json')
    await writeFile(path, keySet)
    const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd')).length
    const before = await openFiles()
    for (let at = 0; at < 50; at += 1) {
      await fileKeySource(path).load()
      await errorOf(fileKeySource('/dev/zero').load())
    }
    // Sockets of the tests before may still come or go.
    expect(await openFiles()).toBeLessThan(before + 10)
  })
})
