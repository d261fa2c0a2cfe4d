// The runner of the mirror: beats once a second, sooner after news or trouble, and has a snapshot read when the state
// asks for one. Every call to the store is bounded; one that hangs is left behind and its answer ignored.
import type { Clock } from '../clock.ts'
import { errorDetail, type Log } from '../telemetry/log.ts'
import type { BeatOutcome, MirrorState } from './mirror-state.ts'
import { momentOf } from './moment.ts'
import type { DenylistObserver } from './observer.ts'
import { StoreUnavailableError } from './port.ts'
import { readSnapshot } from './snapshot-reader.ts'
import type { Beat, RevocationStore } from './store-port.ts'
import { followTail } from './tail.ts'
import { createSignal, createWaker, pause, within } from './timing.ts'

const BEAT_EVERY_MS = 1000
/** Where `max_staleness` is shorter than that many seconds, beats come faster: one that fails must not matter. */
const BEATS_PER_STALENESS = 3
/** The part of it that is taken off at random, so that a thousand sidecars started together do not beat together. */
const BEAT_JITTER = 0.2
/** At least that between two beats: a burst of revocations is fetched together. */
const MIN_GAP_MS = 5
/** How soon the registry learns that news has been applied; somebody may be waiting for it. */
const REPORT_AFTER_MS = 20
/** After a failure; doubled each time up to the rhythm of beats. */
const FIRST_RETRY_MS = 50
/** The first failure of a row is logged and then one in so many (about one a minute). */
const LOG_ONE_FAILURE_IN = 60
/** Entries looked at per beat for removal: a million in under a minute, well below a millisecond each time. */
const SWEEP_PER_BEAT = 20_000

const lossMessages = {
  lost: 'Denylist data set changed: the store lost data; nothing known here is forgotten',
  broken: 'Denylist feed does not continue what is known here; reading it anew, nothing is forgotten',
} as const

export interface MirrorDeps {
  readonly state: MirrorState
  readonly store: RevocationStore
  readonly clock: Clock
  readonly log: Log
  readonly observer: DenylistObserver
  readonly maxStalenessMs: number
  /** A beat that takes longer is given up and sent again. */
  readonly beatTimeoutMs: number
  /** Blocking reads for speed; off in lookup mode, where there is no copy to keep. */
  readonly tails: boolean
  /** Called after every step, whatever came of it. */
  readonly stepped: () => void
}

export interface Mirror {
  /** Resolves once the mirror is fresh, or it is clear that this takes longer than asking. */
  start(): Promise<void>
  /** Beats soon: there is news. */
  wake(): void
  /** Resolves after the next step. */
  nextStep(): Promise<void>
  /** Nothing is asked of the store afterwards. */
  close(): Promise<void>
}

type StepOutcome = BeatOutcome | 'snapshot' | 'failed'

export function createMirror(deps: MirrorDeps): Mirror {
  const { state, store, clock, log, observer, maxStalenessMs } = deps
  const beatEveryMs = Math.min(BEAT_EVERY_MS, maxStalenessMs / BEATS_PER_STALENESS)
  const waker = createWaker()
  const steps = createSignal()
  const ending = new AbortController()
  const isClosed = () => ending.signal.aborted
  let running: Promise<unknown> = Promise.resolve()
  let failures = 0
  let lastOutcome: StepOutcome | undefined
  /** The position that the registry knows. */
  let reported: string | undefined

  async function beat(): Promise<StepOutcome> {
    const sentAt = momentOf(clock)
    const ticket = state.beatSent(sentAt)
    const answer = await within(deps.beatTimeoutMs, store.beat({ after: ticket.after, maxStalenessMs }))
    const outcome = state.beatAnswered(ticket, answer, momentOf(clock))
    reported = ticket.after?.id
    const tookMs = clock.monotonicMs() - sentAt.monotonicMs
    observer.beat(outcome, tookMs)
    noteBeat(outcome, answer, tookMs)
    return outcome
  }

  function noteBeat(outcome: BeatOutcome, { entries, timeMs, dataSet }: Beat, tookMs: number): void {
    if (outcome === 'lost' || outcome === 'broken') {
      observer.dataLoss(outcome)
      log.warn({ component: 'denylist', state: dataSet.state, count: state.size }, lossMessages[outcome])
    } else if (outcome !== 'ignored') {
      // The store's clock up to its answer, ours for the way here. When in between it was read is not known, so the
      // whole round trip counts.
      for (const { writtenMs } of entries) observer.propagated(Math.max(0, timeMs - writtenMs) + tookMs)
    }
  }

  async function takeSnapshot(): Promise<StepOutcome> {
    const startedAt = clock.monotonicMs()
    const durationMs = () => Math.round(clock.monotonicMs() - startedAt)
    try {
      await readSnapshot({ state, store, clock, isClosed })
    } catch (error) {
      observer.snapshot('failed', durationMs(), state.size)
      throw error
    }
    observer.snapshot('done', durationMs(), state.size)
    const fields = { component: 'denylist', count: state.size, durationMs: durationMs() }
    if (state.asksStore) log.warn(fields, 'Denylist exceeds max_entries: the store is asked on every check')
    else log.info(fields, 'Denylist read')
    return 'snapshot'
  }

  async function step(): Promise<StepOutcome> {
    try {
      const outcome = state.needsSnapshot ? await takeSnapshot() : await beat()
      if (failures > 0) log.info({ component: 'denylist', count: failures }, 'Denylist store answers again')
      failures = 0
      return outcome
    } catch (error) {
      failures += 1
      observer.beat('failed', 0)
      if (failures % LOG_ONE_FAILURE_IN === 1)
        log.warn({ component: 'denylist', detail: failureDetail(error), count: failures }, 'Denylist store fails')
      return 'failed'
    }
  }

  function delayAfter(outcome: StepOutcome): number {
    if (outcome === 'failed') return retryDelay(failures, beatEveryMs)
    if (!isSettled(outcome)) return 0
    const isReported = state.position?.id === reported
    return isReported ? beatEveryMs * (1 - BEAT_JITTER * Math.random()) : REPORT_AFTER_MS
  }

  async function beatLoop(): Promise<void> {
    while (!isClosed()) {
      const startedAt = clock.monotonicMs()
      const outcome = await step()
      lastOutcome = outcome
      const now = momentOf(clock)
      state.sweep(now, SWEEP_PER_BEAT)
      deps.stepped()
      steps.fire()
      if (isClosed()) break
      const spentMs = outcome === 'failed' ? 0 : now.monotonicMs - startedAt
      const delay = delayAfter(outcome) - spentMs
      // The gap holds even when woken; while there is more to fetch there is nothing to wait for.
      if (isSettled(outcome)) await pause(MIN_GAP_MS, ending.signal)
      if (delay > MIN_GAP_MS) await waker.sleep(delay - MIN_GAP_MS)
    }
  }

  async function tailLoop(): Promise<void> {
    if (!deps.tails) return
    await followTail({
      store,
      position: () => state.position,
      wake: () => waker.wake(),
      nextBeat: () => steps.next(),
      signal: ending.signal,
    })
  }

  return {
    async start() {
      const first = steps.next()
      running = Promise.all([beatLoop(), tailLoop()])
      await first
      while (!isClosed() && !isSettled(lastOutcome)) await steps.next()
    },
    wake: () => waker.wake(),
    nextStep: () => steps.next(),
    async close() {
      ending.abort()
      waker.wake()
      steps.fire()
      await running
    },
  }
}

/** There is nothing to be done at once. */
function isSettled(outcome: StepOutcome | undefined): boolean {
  return outcome === 'fresh' || outcome === 'quarantined' || outcome === 'failed'
}

function retryDelay(failures: number, beatEveryMs: number): number {
  const backoff = Math.min(beatEveryMs, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10))
  return backoff * (0.5 + Math.random() / 2)
}

/** The messages of our own errors are constants; of others only the class or code is safe to log. */
function failureDetail(error: unknown): string {
  return error instanceof StoreUnavailableError ? error.message : errorDetail(error)
}
