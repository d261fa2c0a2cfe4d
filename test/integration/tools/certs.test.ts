// The certificates that tests make: a TLS server that asks for client certificates accepts them, and sees who it is.
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createTestCa, type IssuedCertificate, type TestCa, writeCertificate } from '../../support/certs.ts'

let ca: TestCa
let server: IssuedCertificate
beforeAll(async () => {
  ca = await createTestCa()
  server = await ca.issue({ dns: ['localhost'], ip: ['127.0.0.1'] })
})

/** What a server that asks for a certificate thinks of this client. */
async function seenByServer(client: IssuedCertificate): Promise<{ authorized: boolean; name: string | undefined }> {
  // Refusing is left to the caller, so that the outcome can be looked at.
  const policy = { requestCert: true, rejectUnauthorized: false }
  const listener = createServer({ cert: server.certPem, key: server.keyPem, ca: ca.certPem, ...policy })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  onTestFinished(() => void listener.close())
  const address = listener.address()
  if (typeof address !== 'object' || address === null) throw new Error('not listening on TCP')
  const accepted = new Promise<TLSSocket>((resolve, reject) => {
    listener.once('secureConnection', resolve)
    listener.once('tlsClientError', reject)
  })
  // The client, in turn, checks the server's certificate: `localhost` is a name it was issued for.
  const socket = connect({
    ...{ host: '127.0.0.1', port: address.port, servername: 'localhost', ca: ca.certPem },
    ...{ cert: client.certPem, key: client.keyPem },
  })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'secureConnect')
  const seen = await accepted
  return { authorized: seen.authorized, name: seen.getPeerCertificate().subjectaltname }
}

describe('createTestCa', () => {
  it('issues client certificates by SPIFFE id and by DNS name', async () => {
    const spiffe = 'spiffe://commons/portal'
    expect(await seenByServer(await ca.issue({ spiffe }))).toEqual({ authorized: true, name: `URI:${spiffe}` })
    expect(await seenByServer(await ca.issue({ dns: ['a.test', 'b.test'] }))).toEqual({
      authorized: true,
      name: 'DNS:a.test, DNS:b.test',
    })
  })

  it('issues certificates that have expired, and those are not accepted', async () => {
    const expired = await ca.issue({ spiffe: 'spiffe://commons/late', validForMs: -60_000 })
    expect(new Date(new X509Certificate(expired.certPem).validTo).getTime()).toBeLessThan(Date.now())
    expect(await seenByServer(expired)).toMatchObject({ authorized: false })
  })

  it('is no other CA', async () => {
    const stranger = await (await createTestCa('another CA')).issue({ spiffe: 'spiffe://commons/portal' })
    expect(await seenByServer(stranger)).toMatchObject({ authorized: false })
  })

  it('writes a key that only its owner can read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-certs-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const files = await writeCertificate(folder, 'server', server)
    expect(readFileSync(files.cert, 'utf8')).toBe(server.certPem)
    expect(statSync(files.key).mode & 0o777).toBe(0o600)
  })
})
