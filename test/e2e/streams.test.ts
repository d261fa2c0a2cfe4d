// What lasts longer than a request: downloads, WebSockets and gRPC streams are cut when their token ends, or after the time
// that the policy gives them, and can be opened again only with a token that is still good.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { openStream, openWebSocket } from '../support/http-streams.ts'
import { nowSeconds } from '../support/token-maker.ts'
import { describeWith } from '../support/tools.ts'
import { createEchoClient } from '../support/upstream-grpc.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage

/** The moments in ms; a cut comes when it is due, and a loaded machine is late by much less than this. */
const lateByMs = 3_000
/** The leash counts from the Check, the clock of the test from a little before or after. */
const earlyByMs = 20

const anonymousLeashMs = 700

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** Ends at a whole second that is one to two away: `exp` has no fractions. */
function shortLived(): { readonly token: string; readonly endsAtMs: number } {
  const exp = nowSeconds() + 2
  return { token: stage.own.access({ exp }), endsAtMs: exp * 1000 }
}

async function expectCutAt(endsAtMs: number, over: Promise<unknown>): Promise<void> {
  await over
  const lateMs = Date.now() - endsAtMs
  expect(lateMs).toBeGreaterThanOrEqual(-earlyByMs)
  expect(lateMs).toBeLessThan(lateByMs)
}

describeWith('envoy', 'a stream', () => {
  beforeAll(async () => {
    stage = await openStage({
      config: ({ policies, ...base }) => ({
        ...base,
        policies: {
          ...policies,
          default: policies.leash,
          open: { ...policies.open, stream_leash: { at_most: `${anonymousLeashMs}ms` } },
        },
      }),
    })
  })
  afterAll(() => stage?.close())

  it('over HTTP/1.1 is cut when its token ends, and the same token opens no other', async () => {
    const { token, endsAtMs } = shortLived()
    const stream = await openStream(stage.envoy.port, { path: '/leash/slow-stream', headers: bearer(token) })
    expect(stream.status).toBe(200)
    await expectCutAt(endsAtMs, stream.over)
    expect(await stream.over).toBe('cut')
    expect(stream.received()).toContain('tick')
    expect((await stage.get('/leash/slow-stream', { token })).status).toBe(401)
  })

  it('of a WebSocket is cut when its token ends', async () => {
    const { token, endsAtMs } = shortLived()
    const outcome = await openWebSocket(stage.envoy.port, { path: '/leash/socket', headers: bearer(token) })
    if (!('tunnel' in outcome)) throw new Error(`refused with ${outcome.refused.status}`)
    outcome.tunnel.write('hello')
    await eventually('the echo', () => outcome.tunnel.received() === 'hello')
    await expectCutAt(endsAtMs, outcome.tunnel.over)
    const again = await openWebSocket(stage.envoy.port, { path: '/leash/socket', headers: bearer(token) })
    expect(again).toMatchObject({ refused: { status: 401 } })
  })

  it('of gRPC is cut when its token ends', async () => {
    const client = createEchoClient(stage.envoy.port)
    try {
      const { token, endsAtMs } = shortLived()
      const chat = client.chat(bearer(token))
      const ended = new Promise((resolve) => chat.once('error', resolve))
      const echo = new Promise((resolve) => chat.once('data', resolve))
      chat.write(Buffer.from('hello'))
      expect(String(await echo)).toBe('hello')
      await expectCutAt(endsAtMs, ended)
    } finally {
      client.close()
    }
  })

  it('is cut after the time that its policy gives it, without a token too', async () => {
    const askedAtMs = Date.now()
    const stream = await openStream(stage.envoy.port, { path: '/open/slow-stream' })
    expect(stream.status).toBe(200)
    await expectCutAt(askedAtMs + anonymousLeashMs, stream.over)
    expect(await stream.over).toBe('cut')
  })

  it('cannot be given a longer leash by the client', async () => {
    const askedAtMs = Date.now()
    const headers = { 'x-envoy-upstream-stream-duration-ms': '600000', 'x-envoy-upstream-rq-timeout-ms': '600000' }
    const stream = await openStream(stage.envoy.port, { path: '/open/slow-stream', headers })
    await expectCutAt(askedAtMs + anonymousLeashMs, stream.over)
    expect(stage.upstream.requests.at(-1)?.headers).not.toHaveProperty('x-envoy-upstream-stream-duration-ms')
  })

  it('under a leash that is longer than the answer takes ends in its own time', async () => {
    expect((await stage.get('/leash/short', { token: stage.own.access() })).status).toBe(200)
  })
})
