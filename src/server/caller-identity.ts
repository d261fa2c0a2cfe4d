// What a connection to the token service has proven about its caller: a client certificate, a workload JWT, or that it
// could open a socket which only the owner may open. Whose identity that is, is left to issuing/callers.ts.
import type { ServerUnaryCall } from '@grpc/grpc-js'
import type { CallerIdentity } from '../issuing/callers.ts'
import type { WorkloadJwts } from '../issuing/workload-jwt.ts'
import { ok, type Result } from '../result.ts'
import { fail, type ServiceError } from '../service-errors.ts'

export interface CallerIdentityDeps {
  readonly workloadJwts: WorkloadJwts
  /** The listener is a unix socket of mode 0600, or loopback in `postern dev`. */
  readonly trustsLocal: boolean
}

type Identified = Result<CallerIdentity | undefined, ServiceError>

const bearer = /^bearer ([^ ]+)$/i

/** A token that is presented decides: a bad one is not made good by the certificate beside it. */
export async function identifyPeer(
  call: ServerUnaryCall<unknown, unknown>,
  { workloadJwts, trustsLocal }: CallerIdentityDeps,
): Promise<Identified> {
  const [authorization, ...more] = call.metadata.get('authorization')
  if (authorization !== undefined) {
    const token = more.length === 0 ? bearer.exec(String(authorization))?.[1] : undefined
    return token === undefined
      ? fail('caller_unauthenticated', { audit: { cause: 'credential_malformed' } })
      : workloadJwts.identify(token)
  }
  const certificate = call.getAuthContext()?.sslPeerCertificate
  if (certificate?.subjectaltname !== undefined) return ok(fromAlternativeNames(certificate.subjectaltname))
  return ok(trustsLocal ? { kind: 'local' } : undefined)
}

/**
 * Node writes the names as `URI:spiffe://…, DNS:…` and puts one that holds a comma or a quote into quotes. No name that
 * we match has either, so a list with a quote in it proves nothing.
 */
function fromAlternativeNames(text: string): CallerIdentity | undefined {
  if (text.includes('"')) return undefined
  const names = text.split(', ')
  const of = (type: string): readonly string[] =>
    names.filter((name) => name.startsWith(type)).map((name) => name.slice(type.length))
  return { kind: 'tls', spiffe: of('URI:').filter((uri) => uri.startsWith('spiffe://')), dns: of('DNS:') }
}
