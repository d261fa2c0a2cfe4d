// `log`, `limits` and `shutdown`: how the process itself behaves. Nothing here decides about a request.
import { z } from 'zod'
import { duration } from './duration.ts'
import { section } from './values.ts'

export const log = section({
  level: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .prefault('info')
    .describe('Least severity that is written. Audit lines are `info`'),
}).prefault({})

export const limits = section({
  concurrent_checks: z
    .int()
    .min(1)
    .max(1_000_000)
    .prefault(2000)
    .describe('Checks in progress at once; further ones are answered 503 `overloaded` at once'),
  cached_tokens: z
    .int()
    .min(0)
    .max(10_000_000)
    .prefault(50_000)
    .describe('Verified tokens kept in memory, so that a signature is checked once'),
  check_timeout: duration({ min: '10ms', max: '1m' })
    .prefault('2s')
    .describe('Longest time for one Check where Envoy states no deadline, or a later one'),
}).prefault({})

export const shutdown = section({
  wait: duration({ min: '0s', max: '10m' })
    .prefault('5s')
    .describe('Time between "not serving" and closing, for load balancers to notice'),
  drain: duration({ min: '0s', max: '10m' })
    .prefault('15s')
    .describe('Time for calls in progress to end, before they are cut'),
}).prefault({})

export type LogConfig = z.output<typeof log>
export type LimitsConfig = z.output<typeof limits>
export type ShutdownConfig = z.output<typeof shutdown>
