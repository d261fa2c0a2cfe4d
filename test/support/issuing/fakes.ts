// Fakes of the small ports that issuing and revoking need: a clock that is turned by hand and a log that is kept.
import type { Clock } from '../../../src/clock.ts'
import type { Log, LogFields } from '../../../src/telemetry/log.ts'

/** Well above 0, so that nothing passes only because time begins there. */
export const START_SECONDS = 1_770_000_000

export interface FakeClock extends Clock {
  advance(ms: number): void
}

export function fakeClock(startMs = START_SECONDS * 1000): FakeClock {
  let nowMs = startMs
  return {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs - startMs + 5000,
    advance(ms) {
      nowMs += ms
    },
  }
}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: LogFields
  readonly message: string
}

export interface FakeLog extends Log {
  readonly lines: readonly LogLine[]
}

export function fakeLog(): FakeLog {
  const lines: LogLine[] = []
  const at = (level: LogLine['level']) => (fields: LogFields, message: string) => {
    lines.push({ level, fields, message })
  }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
