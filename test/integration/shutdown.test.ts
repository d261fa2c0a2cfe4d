// How a process ends that is told to: announced before it comes, with answers for what was on its way, and not held up by
// anybody. That clients of an Envoy see no error meanwhile is shown in e2e/replacement.test.ts.
import { afterEach, describe, expect, it } from 'vitest'
import { createHealthClient, type HealthClient } from '../support/health-client.ts'
import { http1 } from '../support/http-client.ts'
import { startJwksServer } from '../support/jwks-server.ts'
import { isListening } from '../support/ports.ts'
import { clientsOf, type Postern, posternIssuer, startPostern } from '../support/postern.ts'
import { createTokenMaker } from '../support/token-maker.ts'
import { keyFor } from '../support/tokens.ts'

let postern: Postern

/** What is waited for comes within a quarter of a second; on a loaded machine, within this. */
const soon = { timeout: 10_000 }

const closing: (() => void | Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function healthClient(target: string): HealthClient {
  const client = createHealthClient(target)
  closing.push(client.close)
  return client
}

describe('the end', () => {
  it('is announced before it comes: not ready, still answering, then gone in order', async () => {
    postern = await startPostern({ config: (base) => ({ ...base, shutdown: { wait: '1500ms', drain: '2s' } }) })
    closing.push(postern.close)
    const { authz, close } = clientsOf(postern)
    closing.push(close)
    const token = createTokenMaker(posternIssuer, postern.key).access()
    const seen = healthClient(postern.check).watch('envoy.service.auth.v3.Authorization')
    await expect.poll(() => seen, soon).toEqual(['SERVING'])

    const ended = postern.stop()
    await expect.poll(() => seen, soon).toEqual(['SERVING', 'NOT_SERVING'])
    expect((await http1(postern.adminPort, { path: '/readyz' })).status).toBe(503)
    expect((await authz.check({ token })).allowed).toBe(true)
    // The watcher does not hang up; it is cut when draining has taken its time.
    expect(await ended).toEqual({ code: 0, signal: null })
    expect(await isListening(postern.adminPort)).toBe(false)
    expect(await isListening(postern.check.replace(/^unix:/, ''))).toBe(false)
  })

  it('does not come before the Checks have their answers that were on their way', async () => {
    const key = keyFor('ES256', 'partner')
    const keys = await startJwksServer(key)
    closing.push(keys.close)
    postern = await startPostern({
      config: ({ policies, ...base }) => ({
        ...base,
        issuers: [...base.issuers, { name: 'partner', issuer: 'https://partner.example', keys: { url: keys.url } }],
        policies: { default: { ...policies.default, issuers: ['commons', 'partner'] } },
        limits: { check_timeout: '1500ms' },
        shutdown: { wait: '0s', drain: '10s' },
      }),
    })
    closing.push(postern.close)
    const { authz, close } = clientsOf(postern)
    closing.push(close)
    keys.behaviour = 'hang'
    const token = createTokenMaker('https://partner.example', key).access({}, { header: { kid: 'new' } })
    const waiting = authz.check({ token })
    await expect.poll(() => keys.asked, soon).toBe(2)
    const ended = postern.stop()
    expect((await waiting).reason).toBe('deadline_exceeded')
    expect(await ended).toEqual({ code: 0, signal: null })
  })

  it('is not held up by clients that keep streams open at every listener', async () => {
    const drainMs = 1000
    postern = await startPostern({ config: (base) => ({ ...base, shutdown: { wait: '0s', drain: `${drainMs}ms` } }) })
    closing.push(postern.close)
    for (const target of [postern.check, postern.tokens]) {
      const seen = healthClient(target).watch('')
      await expect.poll(() => seen, soon).toEqual(['SERVING'])
    }
    const before = performance.now()
    expect(await postern.stop({ graceMs: 20_000 })).toEqual({ code: 0, signal: null })
    expect(performance.now() - before).toBeGreaterThanOrEqual(drainMs - 50)
    expect(performance.now() - before).toBeLessThan(10_000)
  })

  it('comes at once with a second signal', async () => {
    postern = await startPostern({ config: (base) => ({ ...base, shutdown: { wait: '5m', drain: '2s' } }) })
    closing.push(postern.close)
    const before = performance.now()
    const ended = postern.stop({ graceMs: 60_000 })
    await postern.logLine(({ msg }) => msg === 'Postern stops')
    postern.signal('SIGTERM')
    expect(await ended).toEqual({ code: 1, signal: null })
    expect(performance.now() - before).toBeLessThan(10_000)
  })
})
