// Certificates for tests: a CA made on the spot, and certificates it issues for servers and clients, by DNS name, IP
// address or SPIFFE id, expired ones included. Nothing of it is written anywhere unless asked for.
// The X.509 library finds its parts by decorators, and leaves it to its users to bring what those need.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const hourMs = 60 * 60 * 1000

interface CertificateRequest {
  readonly spiffe?: string
  readonly dns?: readonly string[]
  readonly ip?: readonly string[]
  /** The common name, which nobody should look at. */
  readonly commonName?: string
  /** Counted from now; negative makes an expired certificate. Default one hour. */
  readonly validForMs?: number
}

export interface IssuedCertificate {
  readonly certPem: string
  /** PKCS#8. */
  readonly keyPem: string
}

export interface TestCa {
  readonly certPem: string
  issue(request: CertificateRequest): Promise<IssuedCertificate>
}

export async function createTestCa(commonName = 'test CA'): Promise<TestCa> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const ca = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${commonName}`,
    keys,
    signingAlgorithm: algorithm,
    ...validity(24 * hourMs),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  })

  return {
    certPem: pem(ca.toString('pem')),
    async issue({ spiffe, dns = [], ip = [], commonName: subject = 'test', validForMs = hourMs }) {
      const own = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
      const names: JsonGeneralName[] = [
        ...(spiffe === undefined ? [] : [{ type: 'url' as const, value: spiffe }]),
        ...dns.map((value) => ({ type: 'dns' as const, value })),
        ...ip.map((value) => ({ type: 'ip' as const, value })),
      ]
      const certificate = await X509CertificateGenerator.create({
        subject: `CN=${subject}`,
        issuer: ca.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        ...validity(validForMs),
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
          ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
        ],
      })
      const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey)).toString('base64')
      const keyPem = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`
      return { certPem: pem(certificate.toString('pem')), keyPem }
    },
  }
}

export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** `<name>.crt` and `<name>.key` in this folder, for configuration that names files. */
export async function writeCertificate(
  folder: string,
  name: string,
  { certPem, keyPem }: IssuedCertificate,
): Promise<CertificateFiles> {
  const files = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) }
  await writeFile(files.cert, certPem)
  await writeFile(files.key, keyPem, { mode: 0o600 })
  return files
}

/** From an hour before the earlier of now and the end, so that a clock a little behind still accepts it. */
function validity(validForMs: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now()
  return { notBefore: new Date(now + Math.min(0, validForMs) - hourMs), notAfter: new Date(now + validForMs) }
}

function pem(text: string): string {
  return `${text.trimEnd()}\n`
}
