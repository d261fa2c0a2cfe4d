// The log: JSON lines, constant messages, data in fields. Fields are an allow-list by type: there is no field that
// could hold a token, a key or an Authorization value. Where lines go is decided by the composition root.
import { type DestinationStream, pino } from 'pino'

/** Everything a log line may say. Add a field here before using it. */
export interface LogFields {
  readonly reason?: string
  readonly policy?: string
  readonly jti?: string
  /** The API key that a token was minted from. */
  readonly rootJti?: string
  readonly azp?: string | null
  readonly sub?: string | null
  readonly username?: string | null
  readonly issuer?: string
  readonly kid?: string
  readonly method?: string
  readonly route?: string
  readonly caller?: string
  readonly grant?: string
  readonly kind?: string
  readonly outcome?: string
  readonly revision?: string
  readonly expiresAt?: number
  /** Unix seconds: what was issued up to then is refused. */
  readonly notBefore?: number
  readonly txn?: string
  readonly address?: string
  readonly component?: string
  readonly state?: string
  readonly count?: number
  readonly skipped?: number
  readonly durationMs?: number
  readonly version?: string
  readonly path?: string
  /** A constant or an operating system's words; never the text of a token, key or request. */
  readonly detail?: string
  readonly audit?: true
}

export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export function createLog(options: { level: LogLevel; destination: DestinationStream }): Log {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    options.destination,
  )
}

/** The words of an error that are safe to log: the operating system's code, else the class. Never its message. */
export function errorDetail(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
