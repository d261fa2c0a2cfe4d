// HTTP clients for tests: they send what they are told, duplicates and odd paths included, add nothing that was not asked
// for and follow nothing. Streams and upgrades are in http-streams.ts.
import { once } from 'node:events'
import { type IncomingMessage, request as startRequest } from 'node:http'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { connect as connectTcp } from 'node:net'

/** Longer than any answer takes on loopback; without it a fault would show as a test that hangs. */
const answerWithinMs = 10_000

type HeaderLine = readonly [name: string, value: string]

export interface HttpRequest {
  readonly method?: string
  /** Sent as it stands: dot segments, double slashes and escapes included. */
  readonly path?: string
  /** A list keeps duplicates and order. `host` is added where it is absent. */
  readonly headers?: readonly HeaderLine[] | Readonly<Record<string, string>>
  readonly body?: string
}

export interface HttpAnswer {
  readonly status: number
  /** Names in lower case; several values of one name joined with a comma and a space. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The body as JSON; throws where it is none. */
  json(): unknown
}

export async function http1(port: number, request: HttpRequest = {}): Promise<HttpAnswer> {
  return readAnswer(await sendRequest(port, request, answerWithinMs))
}

/** HTTP/2 without TLS. Node refuses duplicates of some names (`authorization`) before they are sent. */
export async function http2(port: number, request: HttpRequest = {}): Promise<HttpAnswer> {
  const { method = 'GET', path = '/', headers = {}, body } = request
  const fields: Record<string, string | string[]> = { ':method': method, ':path': path }
  for (const [name, value] of headerLines(headers)) {
    const before = fields[name]
    fields[name] = before === undefined ? value : [before, value].flat()
  }
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  // Whatever happens to the connection happens to the stream as well, which is listened to.
  session.on('error', () => {})
  try {
    const stream = session.request(fields)
    stream.setTimeout(answerWithinMs, () => stream.destroy(new Error('no answer in time')))
    stream.end(body)
    const { ':status': status, ...received } = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
      stream.once('response', resolve)
      stream.once('error', reject)
      stream.once('close', () => reject(new Error('the stream was closed without a response')))
    })
    return toAnswer(Number(status), received, await textOf(stream))
  } finally {
    session.destroy()
  }
}

/**
 * Writes bytes and returns what comes back until the peer hangs up: for requests that no client would make. A request
 * that may be answered well has to ask for `connection: close`.
 */
export async function sendRaw(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connectTcp(port, '127.0.0.1')
  socket.setTimeout(answerWithinMs, () => socket.destroy(new Error('no answer in time')))
  // latin1: one character of a string is one byte on the wire.
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  return textOf(socket.setEncoding('latin1'))
}

/** Sends a request on a connection of its own and resolves when the response begins. */
export async function sendRequest(port: number, request: HttpRequest, timeoutMs: number): Promise<IncomingMessage> {
  const { method = 'GET', path = '/', body } = request
  const outgoing = startRequest({
    ...{ host: '127.0.0.1', port, method, path, agent: false },
    headers: flatHeaders(port, request),
  })
  if (timeoutMs > 0) outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error('no answer in time')))
  outgoing.end(body)
  const [response]: IncomingMessage[] = await once(outgoing, 'response')
  if (!response) throw new Error('a response event without a response')
  return response
}

export async function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  return toAnswer(response.statusCode ?? 0, response.headers, await textOf(response))
}

/** As node:http takes headers without looking into them: names and values in turn. */
export function flatHeaders(port: number, { headers = {}, body }: HttpRequest): string[] {
  const lines = headerLines(headers)
  const has = (wanted: string) => lines.some(([name]) => name.toLowerCase() === wanted)
  const host: HeaderLine[] = has('host') ? [] : [['host', `127.0.0.1:${port}`]]
  const needsLength = body !== undefined && !has('content-length') && !has('transfer-encoding')
  const length: HeaderLine[] = needsLength ? [['content-length', String(Buffer.byteLength(body))]] : []
  return [...host, ...lines, ...length].flat()
}

function headerLines(headers: NonNullable<HttpRequest['headers']>): readonly HeaderLine[] {
  return isLines(headers) ? headers : Object.entries(headers)
}

function isLines(headers: NonNullable<HttpRequest['headers']>): headers is readonly HeaderLine[] {
  return Array.isArray(headers)
}

export function plainHeaders(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]))
}

function toAnswer(status: number, headers: Readonly<Record<string, unknown>>, body: string): HttpAnswer {
  return { status, headers: plainHeaders(headers), body, json: () => JSON.parse(body) }
}

async function textOf(chunks: AsyncIterable<Buffer | string>): Promise<string> {
  let text = ''
  for await (const chunk of chunks) text += chunk
  return text
}
