// Everything that can go wrong with Redis, as constant words: for the log, and for the caller of Revoke whether the
// revocation may have been applied. The original error stays as the cause and is never shown.
import { StoreUnavailableError } from '../port.ts'

interface Known {
  readonly code: string
  readonly message: string
  /** The server said no before it did anything. */
  readonly refused: boolean
}

/** By the first word of an error reply. */
const replies: readonly Known[] = [
  { code: 'WRONGPASS', message: 'Redis refused the user name or password', refused: true },
  { code: 'NOAUTH', message: 'Redis needs a password', refused: true },
  // A script may have got halfway before it met a command that its user may not run.
  { code: 'NOPERM', message: 'The Redis user lacks a permission, see docs/redis.md', refused: false },
  { code: 'READONLY', message: 'Redis is a read-only replica, the master is needed', refused: true },
  { code: 'OOM', message: 'Redis is out of memory', refused: true },
  { code: 'MISCONF', message: 'Redis refuses writes because it cannot save to disk', refused: true },
  { code: 'LOADING', message: 'Redis is still loading its data', refused: true },
  { code: 'MASTERDOWN', message: 'Redis is a replica without its master', refused: true },
  { code: 'CLUSTERDOWN', message: 'The Redis Cluster is down', refused: true },
  { code: 'MOVED', message: 'The keys have moved to another node of the Redis Cluster', refused: true },
  { code: 'ASK', message: 'The keys are being moved to another node of the Redis Cluster', refused: true },
  { code: 'TRYAGAIN', message: 'The keys are being moved to another node of the Redis Cluster', refused: true },
  { code: 'NOREPLICAS', message: 'Redis has too few replicas to accept writes', refused: true },
  { code: 'BUSY', message: 'Redis is busy with a script', refused: true },
]

const UNTRUSTED = 'The certificate of Redis is not from a trusted authority, see tls.ca'

/** By the code of the operating system or of the TLS library. */
const systemErrors: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Redis cannot be reached: connection refused',
  ENOTFOUND: 'Redis cannot be reached: its name is unknown',
  ETIMEDOUT: 'Redis cannot be reached: no answer',
  EHOSTUNREACH: 'Redis cannot be reached: no route',
  ECONNRESET: 'The connection to Redis was cut',
  EPIPE: 'The connection to Redis was cut',
  CERT_HAS_EXPIRED: 'The certificate of Redis has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate of Redis carries another name, see server_name',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  ERR_SSL_WRONG_VERSION_NUMBER: 'Redis does not speak TLS on this port',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'Redis does not speak TLS on this port',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'Redis asks for a client certificate',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'Redis does not trust the client certificate',
}

export function toStoreError(error: unknown, sent: boolean): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) return error
  const code = replyCode(error)
  const known = replies.find((one) => one.code === code)
  const message = known?.message ?? systemMessage(error) ?? 'Redis did not answer'
  // From inside a script, an earlier command of the same script may have been executed.
  const refused = known?.refused === true && !isFromScript(error)
  return new StoreUnavailableError(message, { possiblyApplied: sent && !refused, cause: error })
}

/** The first word of an error reply, for whoever has to react to one; of a script's error the one that it met. */
export function replyCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if (scriptDenial.test(error.message)) return 'NOPERM'
  const [, inner] = scriptError.exec(error.message) ?? []
  return inner ?? /^-?([A-Z]+)\b/.exec(error.message)?.[1]
}

/** Redis 7 tells a missing permission inside a script in words of its own. */
const scriptDenial = /ACL failure in script|user executing the script can't/i
/** Redis 6.2 wraps an error that a script met: `ERR Error running script (…): @user_script:12: -OOM …`. */
const scriptError = /@user_script: ?\d+: ?-([A-Z]+)\b/

function isFromScript(error: unknown): boolean {
  return error instanceof Error && scriptError.test(error.message)
}

function systemMessage(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? systemErrors[code] : undefined
}
