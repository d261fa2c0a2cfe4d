// A token is good until it is revoked, and from the moment that Revoke has answered it is good nowhere: on no route, over
// no protocol, however well it was known before. What was not revoked stays good.
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { http2 } from '../support/http-client.ts'
import { describeWith } from '../support/tools.ts'
import { createEchoClient } from '../support/upstream-grpc.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage

const denylisted = { error: 'access_denied', error_description: 'Token is denylisted' }

describeWith('envoy', 'a revocation', () => {
  beforeAll(async () => {
    stage = await openStage({
      config: ({ policies, ...base }) => ({
        ...{ ...base, policies },
        denylist: { store: 'level', level: { path: 'data' } },
      }),
    })
  })
  afterAll(() => stage?.close())

  it('bites from the answer on, on every route and protocol, and leaves other tokens alone', async () => {
    const [token, other] = [await stage.mint(), await stage.mint()]
    // Known everywhere, so that nothing about it would have to be verified again.
    const paths = ['/data', '/browser/x', '/open/x', '/leash/x', '/workflow/x']
    for (const path of paths) expect((await stage.get(path, { token })).status, path).toBe(200)
    const grpc = createEchoClient(stage.envoy.port)
    const headers = { authorization: `Bearer ${token}` }
    await grpc.unary('hello', headers)

    const { revision } = await stage.tokenService.revoke({ token })
    expect(revision).not.toBe('')

    for (const path of paths) {
      const answer = await stage.get(path, { token })
      expect({ status: answer.status, body: answer.json() }, path).toEqual({ status: 403, body: denylisted })
      expect((await stage.get(path, { token: other })).status, path).toBe(200)
    }
    expect((await http2(stage.envoy.port, { path: '/data', headers })).status).toBe(403)
    await expect(grpc.unary('hello', headers)).rejects.toMatchObject({ code: status.PERMISSION_DENIED })
    grpc.close()
    const cookie = { cookie: `access_token=${token}` }
    expect((await stage.get('/browser/x', { headers: cookie })).status).toBe(403)
  })

  it('of an API key takes every token with it that was minted from it, task tokens included', async () => {
    const apiKey = await stage.mint({ kind: 'api_key' })
    const [access, task, unrelated] = await Promise.all([
      stage.tokenService.issue({ api_key: { api_key: apiKey } }),
      stage.tokenService.issue({ api_key: { api_key: apiKey, task_type: 'WORKFLOW' } }),
      stage.mint(),
    ])
    expect((await stage.get('/data', { token: access.token })).status).toBe(200)
    expect((await stage.get('/workflow/x', { token: task.token })).status).toBe(200)

    await stage.tokenService.revoke({ token: apiKey })

    expect((await stage.get('/data', { token: access.token })).status).toBe(403)
    expect((await stage.get('/workflow/x', { token: task.token })).status).toBe(403)
    expect((await stage.get('/data', { token: unrelated })).status).toBe(200)
    await expect(stage.tokenService.issue({ api_key: { api_key: apiKey } })).rejects.toMatchObject({
      reason: 'api_key_revoked',
    })
  })

  it('of another issuer’s token works by its issuer and id, and only for that issuer', async () => {
    const jti = 'shared-id'
    const [foreign, own] = [stage.partner.access({ jti }), stage.own.access({ jti })]
    await stage.tokenService.revoke({ jti, issuer: stage.partner.issuer })
    expect((await stage.get('/data', { token: foreign })).status).toBe(403)
    expect((await stage.get('/data', { token: own })).status).toBe(200)
  })

  it('outlives a restart and a crash of Postern', async () => {
    const [first, second, third] = await Promise.all([stage.mint(), stage.mint(), stage.mint()])
    await stage.tokenService.revoke({ token: first })
    await stage.postern.restart()
    expect((await stage.get('/data', { token: first })).status).toBe(403)
    expect((await stage.get('/data', { token: second })).status).toBe(200)

    await stage.tokenService.revoke({ token: second })
    await stage.postern.kill9()
    await stage.postern.restart()
    for (const token of [first, second]) expect((await stage.get('/data', { token })).status).toBe(403)
    expect((await stage.get('/data', { token: third })).status).toBe(200)
  })
})
