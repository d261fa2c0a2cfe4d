// gRPC clients behind Envoy: they are let through as anybody else, and learn a denial as the status code that their
// language makes an exception of, never as a broken stream.
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../support/tools.ts'
import { createEchoClient, type EchoClient } from '../support/upstream-grpc.ts'
import { withoutPolicies } from './envoys.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage
let client: EchoClient

const as = (token: string) => ({ authorization: `Bearer ${token}` })

describeWith('envoy', 'a gRPC client', () => {
  beforeAll(async () => {
    stage = await openStage({
      config: ({ policies, ...base }) => ({
        ...base,
        policies: { ...policies, default: { ...policies.default, scopes: ['user'] } },
      }),
    })
    client = createEchoClient(stage.envoy.port)
  })
  afterAll(async () => {
    client?.close()
    await stage?.close()
  })

  it('calls its service, which is told who it is and not who it claims to be', async () => {
    const token = await stage.mint()
    const received = await client.unary('hello', { ...as(token), 'x-auth-subject': 'admin', 'x-auth-client': 'x' })
    expect(received).toMatchObject({ message: 'hello', metadata: { 'x-auth-subject': 'alice' } })
    expect(received.metadata).not.toHaveProperty('x-auth-client')
  })

  it('without a token gets UNAUTHENTICATED', async () => {
    await expect(client.unary('hello')).rejects.toMatchObject({
      code: status.UNAUTHENTICATED,
      details: expect.stringContaining('A bearer token is required'),
    })
  })

  it('with a bad token gets UNAUTHENTICATED, with the words of the denial as its details', async () => {
    const forged = stage.own.access({}, { header: { kid: 'nobody' } })
    await expect(client.unary('hello', as(forged))).rejects.toMatchObject({
      code: status.UNAUTHENTICATED,
      details: '{"error":"invalid_token","error_description":"The token is not valid here"}',
    })
  })

  it('with a revoked token gets PERMISSION_DENIED', async () => {
    const token = await stage.mint()
    await stage.tokenService.revoke({ token })
    await expect(client.unary('hello', as(token))).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
      details: expect.stringContaining('Token is denylisted'),
    })
  })

  it('with a token that lacks a scope gets PERMISSION_DENIED', async () => {
    const token = await stage.mint({ scopes: ['openid'] })
    await expect(client.unary('hello', as(token))).rejects.toMatchObject({ code: status.PERMISSION_DENIED })
  })

  it('with two tokens gets UNAUTHENTICATED, whatever they are', async () => {
    const token = await stage.mint()
    const twice = { authorization: `Bearer ${token},Bearer ${token}` }
    await expect(client.unary('hello', twice)).rejects.toMatchObject({ code: status.UNAUTHENTICATED })
  })

  it('opens a stream under the same rules', async () => {
    const refused = client.chat()
    const error = new Promise((resolve) => refused.once('error', resolve))
    refused.write(Buffer.from('hello'))
    expect(await error).toMatchObject({ code: status.UNAUTHENTICATED })

    const chat = client.chat(as(await stage.mint()))
    const echo = new Promise((resolve) => chat.once('data', resolve))
    chat.on('error', () => {})
    chat.write(Buffer.from('hello'))
    expect(String(await echo)).toBe('hello')
    chat.cancel()
  })
})

describeWith('envoy', 'a gRPC client where Envoy names no policy', () => {
  beforeAll(async () => {
    stage = await openStage({
      config: (base) => ({ ...base, routes: [{ path_prefix: '/echo.v1.Echo', policy: 'default' }] }),
      editEnvoy: withoutPolicies,
    })
    client = createEchoClient(stage.envoy.port)
  })
  afterAll(async () => {
    client?.close()
    await stage?.close()
  })

  it('gets INVALID_ARGUMENT for a path that can be read in two ways, where Envoy alone would say INTERNAL', async () => {
    await expect(client.unary('hello', as(await stage.mint()), '/echo.v1.Echo/%252e%252e')).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('The request could not be read'),
    })
  })

  it('gets PERMISSION_DENIED for a path that no route matches', async () => {
    await expect(client.unary('hello', as(await stage.mint()), '/echo.other/Call')).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
    })
  })

  it('is let through where a route matches', async () => {
    expect(await client.unary('hello', as(await stage.mint()))).toMatchObject({ message: 'hello' })
  })
})

describeWith('envoy', 'a gRPC client of a Postern that cannot tell', () => {
  beforeAll(async () => {
    stage = await openStage({
      until: 'started',
      config: (base) => ({ ...base, denylist: { store: 'redis', redis: { url: 'redis://127.0.0.1:1' } } }),
    })
    client = createEchoClient(stage.envoy.port)
  })
  afterAll(async () => {
    client?.close()
    await stage?.close()
  })

  it('gets UNAVAILABLE, which its library may repeat', async () => {
    await expect(client.unary('hello', as(stage.own.access()))).rejects.toMatchObject({ code: status.UNAVAILABLE })
  })
})
