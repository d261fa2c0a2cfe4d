// An issuer's JWKS endpoint on loopback that does as it is told: answers, hangs, fails, redirects, changes its keys.
// Counts what it is asked.
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { freePort } from './ports.ts'
import { jwkSetText, publicJwk, type TestKey } from './tokens.ts'

/** `hang`: the request is taken and never answered. */
type Behaviour = 'answer' | 'hang' | 'fail' | 'redirect'

export interface JwksServer {
  readonly url: string
  behaviour: Behaviour
  /** What is published from now on. */
  publish(...keys: readonly TestKey[]): void
  /** Requests for the key set. */
  readonly asked: number
  /** Requests for the place that `redirect` points to, which has keys as well. */
  readonly redirectsFollowed: number
  /** Stops listening and cuts connections; `open` listens again on the same port. */
  close(): Promise<void>
  open(): Promise<void>
}

const elsewhere = '/elsewhere.json'

export async function startJwksServer(...keys: readonly TestKey[]): Promise<JwksServer> {
  const port = await freePort()
  const state: { behaviour: Behaviour; asked: number; redirectsFollowed: number } = {
    ...{ behaviour: 'answer', asked: 0, redirectsFollowed: 0 },
  }
  let published = keys
  let server: Server | undefined

  const sendKeys = (response: ServerResponse): void => {
    response.setHeader('content-type', 'application/jwk-set+json').end(jwkSetText(...published.map(publicJwk)))
  }
  const behaviours: Readonly<Record<Behaviour, (response: ServerResponse) => void>> = {
    answer: sendKeys,
    hang: () => {},
    fail: (response) => response.writeHead(500).end(),
    redirect: (response) => response.writeHead(302, { location: elsewhere }).end(),
  }

  async function open(): Promise<void> {
    server = createServer((request, response) => {
      if (request.url === elsewhere) {
        state.redirectsFollowed += 1
        sendKeys(response)
        return
      }
      state.asked += 1
      behaviours[state.behaviour](response)
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }

  await open()
  return Object.assign(state, {
    url: `http://127.0.0.1:${port}/jwks.json`,
    publish(...next: readonly TestKey[]) {
      published = next
    },
    open,
    async close() {
      const closing = server
      server = undefined
      if (closing === undefined) return
      closing.closeAllConnections()
      closing.close()
      await once(closing, 'close')
    },
  })
}
