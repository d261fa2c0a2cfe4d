// Who may call the token service: mutual TLS by SPIFFE or DNS name, a workload JWT, or a socket that only its owner can
// open. Everybody else learns that they were not recognised, and nothing about who would be.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { status } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { audited } from '../support/audit.ts'
import { createTestCa, type TestCa } from '../support/certs.ts'
import { type JwksServer, startJwksServer } from '../support/jwks-server.ts'
import { freePort } from '../support/ports.ts'
import { clientsOf, everyRight, type Postern, posternIssuer, startPostern } from '../support/postern.ts'
import { createTokenClient, type IssueRequest, type TokenClient } from '../support/token-client.ts'
import { createTokenMaker, nowSeconds } from '../support/token-maker.ts'
import { keyFor } from '../support/tokens.ts'
import { workloadIdentity, workloadJwt, workloadKey } from '../support/workloads.ts'

let postern: Postern
let ca: TestCa
let client: TokenClient | undefined

const serverName = 'postern.test'

const forAlice: IssueRequest = { subject: { kind: 'TOKEN_KIND_ACCESS', subject: 'alice' } }

const unrecognised = { code: status.UNAUTHENTICATED, reason: 'caller_unauthenticated', domain: 'postern' }
const unknown = { code: status.PERMISSION_DENIED, reason: 'caller_denied', domain: 'postern' }

afterEach(() => {
  client?.close()
  client = undefined
})

describe('a caller with a client certificate', () => {
  let port: number

  beforeAll(async () => {
    ca = await createTestCa()
    port = await freePort()
    const server = await ca.issue({ dns: [serverName] })
    postern = await startPostern({
      files: { 'server.crt': server.certPem, 'server.key': server.keyPem, 'ca.crt': ca.certPem },
      config: (base, { folder }) => ({
        ...base,
        listen: {
          ...base.listen,
          tokens: {
            address: `127.0.0.1:${port}`,
            tls: {
              ...{ cert: join(folder, 'server.crt'), key: join(folder, 'server.key') },
              client_ca: join(folder, 'ca.crt'),
            },
          },
        },
        callers: [
          { name: 'portal', identity: { spiffe: 'spiffe://commons/portal' }, issue: everyRight, revoke: 'any' },
          { name: 'batch', identity: { dns: 'batch.commons.example' }, issue: everyRight },
          { name: 'idle', identity: { dns: 'idle.commons.example' } },
        ],
      }),
    })
  })
  afterAll(() => postern?.close())

  async function connect(names: Parameters<TestCa['issue']>[0], by = ca): Promise<TokenClient> {
    const { certPem: cert, keyPem: key } = await by.issue(names)
    client = createTokenClient({ target: `127.0.0.1:${port}`, tls: { ca: ca.certPem, serverName, cert, key } })
    return client
  }

  it.each([
    { names: { spiffe: 'spiffe://commons/portal' }, caller: 'portal' },
    { names: { dns: ['batch.commons.example'] }, caller: 'batch' },
    { names: { dns: ['BATCH.Commons.Example'] }, caller: 'batch' },
    { names: { dns: ['other.example', 'batch.commons.example'], spiffe: 'https://not-spiffe' }, caller: 'batch' },
  ])('is $caller by $names', async ({ names, caller }) => {
    const client = await connect(names)
    const { outcome, line } = await audited(postern, () => client.issue(forAlice))
    expect(outcome).toMatchObject({ token: expect.stringMatching(/./) })
    expect(line).toMatchObject({ method: 'issue', caller, sub: 'alice', msg: 'Issued a token' })
  })

  it.each([
    { why: 'a SPIFFE id that nobody has', names: { spiffe: 'spiffe://commons/stranger' }, failure: unknown },
    { why: 'a SPIFFE id that begins like one', names: { spiffe: 'spiffe://commons/portal/x' }, failure: unknown },
    { why: 'a SPIFFE id of another case', names: { spiffe: 'spiffe://commons/Portal' }, failure: unknown },
    { why: 'a DNS name below the one of a caller', names: { dns: ['x.batch.commons.example'] }, failure: unknown },
    { why: 'a wildcard', names: { dns: ['*.commons.example'] }, failure: unknown },
    { why: 'no name but the common one', names: { commonName: 'batch.commons.example' }, failure: unrecognised },
    { why: 'an IP address', names: { ip: ['127.0.0.1'] }, failure: unknown },
    {
      why: 'the names of two callers',
      names: { spiffe: 'spiffe://commons/portal', dns: ['batch.commons.example'] },
      failure: unrecognised,
    },
  ])('is nobody with $why', async ({ names, failure }) => {
    const client = await connect(names)
    const { outcome, line } = await audited(postern, () => client.issue(forAlice))
    expect(outcome).toMatchObject(failure)
    expect(line).toMatchObject({ level: 'warn', method: 'issue', reason: failure.reason })
    expect(line).not.toHaveProperty('caller')
  })

  it('has the rights of its entry and no others', async () => {
    const idle = await connect({ dns: ['idle.commons.example'] })
    const { outcome, line } = await audited(postern, () => idle.issue(forAlice))
    expect(outcome).toMatchObject(unknown)
    expect(line).toMatchObject({ caller: 'idle', reason: 'caller_denied' })
    await expect(idle.revoke({ token: 'a.b.c' })).rejects.toMatchObject(unknown)
  })

  it('is not made good by its certificate when it presents a bad token as well', async () => {
    const portal = await connect({ spiffe: 'spiffe://commons/portal' })
    const own = createTokenMaker(posternIssuer, postern.key).access()
    await expect(portal.issue(forAlice, { workloadJwt: own })).rejects.toMatchObject(unrecognised)
    const metadata = { authorization: 'Basic eDp5' }
    await expect(portal.issue(forAlice, { metadata })).rejects.toMatchObject(unrecognised)
  })

  const refused = { code: status.UNAVAILABLE, reason: undefined }

  it('does not get as far as a call with a certificate of another authority, an expired one, or none', async () => {
    const audits = () => postern.log().filter((line) => line['audit'] === true)
    const names = { spiffe: 'spiffe://commons/portal' }
    // Lines take a moment to arrive: those of the calls before have, once that of the latest has.
    const { jti } = await (await connect(names)).issue(forAlice)
    client?.close()
    await expect.poll(() => audits().some((line) => line['jti'] === jti)).toBe(true)
    const calls = audits().length
    const others = await createTestCa()
    await expect((await connect(names, others)).issue(forAlice)).rejects.toMatchObject(refused)
    client?.close()
    await expect((await connect({ ...names, validForMs: -60_000 })).issue(forAlice)).rejects.toMatchObject(refused)
    client?.close()
    client = createTokenClient({ target: `127.0.0.1:${port}`, tls: { ca: ca.certPem, serverName } })
    await expect(client.issue(forAlice)).rejects.toMatchObject(refused)
    client.close()
    client = createTokenClient({ target: `127.0.0.1:${port}` })
    await expect(client.issue(forAlice)).rejects.toMatchObject(refused)
    expect(audits()).toHaveLength(calls)
  })
})

describe('a caller with a workload token', () => {
  let port: number
  let jwks: JwksServer
  let down: JwksServer

  beforeAll(async () => {
    ca = await createTestCa()
    port = await freePort()
    jwks = await startJwksServer(workloadKey())
    down = await startJwksServer()
    await down.close()
    const server = await ca.issue({ dns: [serverName] })
    postern = await startPostern({
      until: 'started',
      files: { 'server.crt': server.certPem, 'server.key': server.keyPem },
      config: (base, { folder }) => ({
        ...base,
        listen: {
          ...base.listen,
          tokens: {
            address: `127.0.0.1:${port}`,
            tls: { cert: join(folder, 'server.crt'), key: join(folder, 'server.key') },
          },
        },
        callers: [
          { name: 'jobs', identity: workloadIdentity('jobs', { url: jwks.url }), issue: everyRight },
          {
            name: 'waiting',
            identity: { jwt: { ...workloadIdentity('waiting', { url: down.url }).jwt, issuer: waiting.issuer } },
            issue: everyRight,
          },
        ],
      }),
    })
    await postern.logLine(({ msg, issuer }) => msg === 'Loaded issuer keys' && issuer === 'caller:jobs')
  })
  afterAll(async () => {
    await postern?.close()
    await jwks?.close()
  })

  const waiting = createTokenMaker('https://waiting.example', keyFor('ES256', 'waiting'))

  function connect(): TokenClient {
    client = createTokenClient({ target: `127.0.0.1:${port}`, tls: { ca: ca.certPem, serverName } })
    return client
  }

  it('is recognised by its issuer, audience and subject', async () => {
    const client = connect()
    const { line } = await audited(postern, () => client.issue(forAlice, { workloadJwt: workloadJwt('jobs') }))
    expect(line).toMatchObject({ caller: 'jobs', msg: 'Issued a token' })
  })

  it.each([
    { why: 'no token', token: undefined, failure: unrecognised },
    { why: 'a text that is no token', token: 'jobs', failure: unrecognised },
    { why: 'another audience', token: () => workloadJwt('jobs', { aud: ['other'] }), failure: unknown },
    { why: 'no audience', token: () => workloadJwt('jobs', { aud: undefined }), failure: unrecognised },
    { why: 'another subject', token: () => workloadJwt('Jobs'), failure: unknown },
    { why: 'no subject', token: () => workloadJwt('jobs', { sub: undefined }), failure: unrecognised },
    { why: 'another issuer', token: () => workloadJwt('jobs', { iss: 'https://x.example' }), failure: unrecognised },
    { why: 'a token that has expired', token: () => workloadJwt('jobs', expired()), failure: unrecognised },
    {
      ...{ why: 'a token for longer than a day', failure: unrecognised },
      token: () => workloadJwt('jobs', { exp: nowSeconds() + 25 * 3600 }),
    },
    {
      ...{ why: 'a key that is not published', failure: unrecognised },
      token: () => workloadJwt('jobs', {}, { key: keyFor('ES256', 'other') }),
    },
    {
      ...{ why: 'a forged signature', failure: unrecognised },
      token: () => workloadJwt('jobs', {}, { key: keyFor('ES256', 'other'), header: { kid: workloadKey().kid } }),
    },
    {
      ...{
        why: 'an issuer whose keys cannot be had',
        failure: { code: status.UNAVAILABLE, reason: 'keys_unavailable' },
      },
      token: () => waiting.access({ sub: 'waiting', aud: ['postern-tokens'] }),
    },
  ])('is not with $why', async ({ token, failure }) => {
    const presented = typeof token === 'function' ? token() : token
    const options = presented === undefined ? {} : { workloadJwt: presented }
    const client = connect()
    const { outcome, line } = await audited(postern, () => client.issue(forAlice, options))
    expect(outcome).toMatchObject(failure)
    expect(line).toMatchObject({ level: 'warn', method: 'issue', reason: failure.reason })
  })

  it('is not with two of them in one, even if both are good', async () => {
    const bearer = `Bearer ${workloadJwt('jobs')}`
    const metadata = { authorization: `${bearer}, ${bearer}` }
    await expect(connect().issue(forAlice, { metadata })).rejects.toMatchObject(unrecognised)
  })

  it('is not with any token that a Check would accept, nor with an API key', async () => {
    const own = createTokenMaker(posternIssuer, postern.key)
    const tokens = [
      own.access(),
      own.access({ aud: ['postern-tokens'], sub: 'jobs' }),
      own.access({ pur: 'api_key' }),
      own.access({ aud: ['WORKFLOW', 'postern-tokens'], sub: 'jobs', context: { task_token_type: 'WORKFLOW' } }),
    ]
    const client = connect()
    for (const token of tokens) {
      await expect(client.issue(forAlice, { workloadJwt: token })).rejects.toMatchObject(unrecognised)
      await expect(client.revoke({ token }, { workloadJwt: token })).rejects.toMatchObject(unrecognised)
    }
    await postern.logLine(({ method, detail }) => method === 'revoke' && detail === 'issuer_unknown')
  })
})

const expired = () => ({ iat: nowSeconds() - 60, exp: nowSeconds() - 1 })

describe('a caller on a private socket', () => {
  beforeAll(async () => {
    postern = await startPostern()
  })
  afterAll(() => postern?.close())

  it('is `local`, because nobody else can open it', async () => {
    const path = postern.tokens.replace(/^unix:/, '')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const { tokenService } = clientsOf(postern)
    client = tokenService
    const { line } = await audited(postern, () => tokenService.issue(forAlice))
    expect(line).toMatchObject({ caller: 'local' })
  })

  it('is nobody all the same with a token of which the service knows nothing', async () => {
    client = clientsOf(postern).tokenService
    const token = createTokenMaker(posternIssuer, postern.key).access()
    await expect(client.issue(forAlice, { workloadJwt: token })).rejects.toMatchObject(unrecognised)
  })

  it('cannot be configured where others can open the socket as well', async () => {
    await expect(
      startPostern({
        config: (base) => ({
          ...base,
          listen: { ...base.listen, tokens: { ...base.listen.tokens, mode: '0660' } },
        }),
      }),
    ).rejects.toThrow(/needs listen\.tokens on a unix socket of mode "0600"/)
  })
})
