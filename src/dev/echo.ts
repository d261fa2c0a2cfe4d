// The application behind Envoy in `postern dev`: answers with what reached it, so that one sees which identity headers
// Postern set and that a client's own were taken away. Credentials are named, never shown.
import { createServer, type Server } from 'node:http'

const credentialHeaders: ReadonlySet<string> = new Set(['authorization', 'cookie', 'txn-token'])

export function startEcho(port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const headers = Object.entries(request.headers).map(([name, value]) => [
      name,
      credentialHeaders.has(name) ? '[present]' : value,
    ])
    const seen = { method: request.method, path: request.url?.split('?')[0], headers: Object.fromEntries(headers) }
    request.resume()
    response.writeHead(200, { 'content-type': 'application/json' }).end(`${JSON.stringify(seen, null, 2)}\n`)
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve(server))
  })
}
