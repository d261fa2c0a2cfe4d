// The keys of one issuer, kept fresh in the background: jittered refresh, last good set up to a hard bound, at most one
// forced refresh per cool-down. Every issuer has a ring and timers of its own, so a broken one never delays another.
import type { Clock } from '../clock.ts'
import { ok, refuse } from '../result.ts'
import { errorDetail, type Log } from '../telemetry/log.ts'
import { type JwkSet, parseJwkSet } from './jwk-set.ts'
import type { KeySource } from './key-source.ts'
import type { KeyRing } from './port.ts'

export interface KeyRingOptions {
  /** The configured name of the issuer, for log lines. */
  readonly name: string
  readonly refreshMs: number
  readonly coolDownMs: number
  /** Keys that could not be refreshed for this long are used no more. */
  readonly maxStaleMs: number
}

export interface KeyRingStatus {
  readonly keys: number
  /** Time since the last successful load; `undefined` before the first. */
  readonly ageMs: number | undefined
  readonly failures: number
}

export interface RefreshingKeyRing extends KeyRing {
  /** Loads once and starts the background refresh. Never rejects: an issuer that is down must not stop a start. */
  start(): Promise<void>
  status(): KeyRingStatus
}

interface KeyRingDeps {
  readonly source: KeySource
  readonly clock: Clock
  readonly log: Log
  /** A number in [0, 1): spreads the refreshes of many sidecars. */
  readonly random: () => number
}

/** Part of the interval by which a refresh may come early. */
const JITTER = 0.2
const FIRST_RETRY_MS = 250

export function createKeyRing(options: KeyRingOptions, deps: KeyRingDeps): RefreshingKeyRing {
  const { source, clock, log, random } = deps
  let current: { readonly text: string; readonly set: JwkSet } | undefined
  let generation = 0
  let failures = 0
  let failuresInARow = 0
  let loadedAt: { readonly wallMs: number; readonly monotonicMs: number } | undefined
  let forcedAtMs = Number.NEGATIVE_INFINITY
  let loading: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const ageMs = (): number | undefined =>
    loadedAt && Math.max(clock.wallMs() - loadedAt.wallMs, clock.monotonicMs() - loadedAt.monotonicMs)

  async function load(): Promise<void> {
    const startedAt = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() }
    try {
      const text = await source.load()
      if (text !== current?.text) {
        const set = await parseJwkSet(text)
        if (set.keys.size === 0) throw new EmptyKeySetError('The key set has no usable key')
        current = { text, set }
        generation += 1
        const skipped = set.skipped.length
        log.info({ issuer: options.name, count: set.keys.size, ...(skipped > 0 && { skipped }) }, 'Loaded issuer keys')
      }
      loadedAt = startedAt
      failuresInARow = 0
    } catch (error) {
      failures += 1
      failuresInARow += 1
      log.warn(
        { issuer: options.name, count: failuresInARow, detail: errorDetail(error) },
        'Could not load issuer keys',
      )
    }
  }

  function loadOnce(): Promise<void> {
    loading ??= load().finally(() => {
      loading = undefined
      schedule()
    })
    return loading
  }

  function schedule(): void {
    clearTimeout(timer)
    if (closed) return
    const retryMs = Math.min(FIRST_RETRY_MS * 2 ** (failuresInARow - 1), options.coolDownMs, options.refreshMs)
    const intervalMs = failuresInARow > 0 ? retryMs : options.refreshMs
    timer = setTimeout(loadOnce, intervalMs * (1 - JITTER * random()))
    timer.unref()
  }

  const isUsable = (): boolean => (ageMs() ?? Number.POSITIVE_INFINITY) <= options.maxStaleMs

  return {
    get generation() {
      // NaN equals nothing: past the hard bound what was verified with these keys is void as well.
      return isUsable() ? generation : Number.NaN
    },
    get freshAsOfMs() {
      return loadedAt?.monotonicMs
    },
    find(kid) {
      if (current === undefined || !isUsable()) return refuse('keys_unavailable')
      const key = current.set.keys.get(kid)
      return key === undefined ? refuse('key_unknown') : ok(key)
    },
    refresh() {
      if (closed) return undefined
      if (clock.monotonicMs() - forcedAtMs < options.coolDownMs) return loading
      forcedAtMs = clock.monotonicMs()
      return loadOnce()
    },
    start: loadOnce,
    status: () => ({ keys: current?.set.keys.size ?? 0, ageMs: ageMs(), failures }),
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

class EmptyKeySetError extends Error {
  override readonly name = 'EmptyKeySetError'
}
