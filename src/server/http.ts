// The HTTP listeners: public (JWKS) and admin (health, metrics). What they show is handed in; nothing is decided here.
import { chmod, readFile } from 'node:fs/promises'
import { type FastifyInstance, fastify } from 'fastify'
import { formatAddress } from '../config/address.ts'
import type { Listener } from '../config/schema.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Health } from './health.ts'
import { prepareSocket } from './unix-socket.ts'

export interface HttpListener {
  readonly address: string
  stop(): Promise<void>
}

/** Nothing here takes a body of any size. */
const BODY_LIMIT_BYTES = 64 * 1024
const REQUEST_TIMEOUT_MS = 10_000

/** `GET /.well-known/jwks.json` (RFC 7517, section 5). */
export function openPublicHttp(
  listener: Listener,
  content: { readonly jwks: () => string; readonly jwksMaxAgeMs: number },
): Promise<HttpListener> {
  const cacheControl = `public, max-age=${Math.floor(content.jwksMaxAgeMs / 1000)}`
  return open(listener, (app) => {
    app.get('/.well-known/jwks.json', (_request, answer) =>
      answer.header('cache-control', cacheControl).type('application/jwk-set+json').send(content.jwks()),
    )
  })
}

/** `GET /healthz` (the process lives), `/readyz` (every component is well), `/metrics` (Prometheus). */
export function openAdminHttp(
  listener: Listener,
  content: { readonly health: Health; readonly metrics: Metrics },
): Promise<HttpListener> {
  const { health, metrics } = content
  return open(listener, (app) => {
    app.get('/healthz', () => ({ status: 'ok' }))
    app.get('/readyz', (_request, answer) => {
      const ready = health.isReady()
      return answer
        .code(ready ? 200 : 503)
        .send({ status: ready ? 'ready' : 'not ready', components: health.components() })
    })
    app.get('/metrics', async (_request, answer) => {
      const { contentType, text } = await metrics.scrape()
      return answer.type(contentType).send(text)
    })
  })
}

async function open(listener: Listener, addRoutes: (app: FastifyInstance) => void): Promise<HttpListener> {
  const { address, tls } = listener
  const limits = { bodyLimit: BODY_LIMIT_BYTES, requestTimeout: REQUEST_TIMEOUT_MS, forceCloseConnections: true }
  const app: FastifyInstance =
    tls === undefined
      ? fastify(limits)
      : fastify({
          ...limits,
          https: {
            cert: await readFile(tls.cert),
            key: await readFile(tls.key),
            minVersion: 'TLSv1.2',
            ...(tls.client_ca !== undefined && { ca: await readFile(tls.client_ca), requestCert: true }),
          },
        })
  addRoutes(app)
  if (address.kind === 'unix') {
    await prepareSocket(address.path)
    await app.listen({ path: address.path })
    await chmod(address.path, address.mode)
    return { address: formatAddress(address), stop: () => app.close() }
  }
  await app.listen({ host: address.host, port: address.port })
  const bound = app.server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port
  return { address: formatAddress({ ...address, port }), stop: () => app.close() }
}
