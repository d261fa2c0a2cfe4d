// A log that keeps its lines, so that a test can read what would have been written.
import type { Log, LogFields, LogLevel } from '../../../src/telemetry/log.ts'

export interface LogLine {
  readonly level: Exclude<LogLevel, 'silent'>
  readonly fields: LogFields
  readonly message: string
}

export interface FakeLog extends Log {
  readonly lines: readonly LogLine[]
  /** Everything that was logged, as one text: for assertions about what must never be in it. */
  text(): string
}

export function createFakeLog(): FakeLog {
  const lines: LogLine[] = []
  const write =
    (level: LogLine['level']) =>
    (fields: LogFields, message: string): void => {
      lines.push({ level, fields, message })
    }
  return {
    lines,
    text: () => JSON.stringify(lines),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  }
}
