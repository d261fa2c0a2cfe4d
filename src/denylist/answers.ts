// The denylist as a Check sees it: the mirror's state read at the moment of the answer, or the store asked where the
// mirror cannot know. Nothing here waits for the store longer than a Check can.
import type { Clock } from '../clock.ts'
import { evaluate, questionsOf } from './evaluate.ts'
import type { MirrorState } from './mirror-state.ts'
import { elapsedMs, type Moment, momentOf } from './moment.ts'
import type { DenylistObserver } from './observer.ts'
import type { Consultation, Denylist, DenylistRefs, DenylistStatus, Lookup } from './port.ts'
import type { Answer, RevocationStore } from './store-port.ts'
import { within } from './timing.ts'

/** Questions on their way to the store; more at once only means that it does not answer, and each costs memory. */
const MAX_QUESTIONS = 10_000

export interface AnswersDeps {
  readonly state: MirrorState
  readonly store: RevocationStore
  readonly clock: Clock
  readonly observer: DenylistObserver
  readonly maxStalenessMs: number
  /** How long a Check waits for the store. */
  readonly lookupTimeoutMs: number
  readonly isClosed: () => boolean
}

export function createAnswers(deps: AnswersDeps): Denylist {
  const { state, store, clock, observer, maxStalenessMs, lookupTimeoutMs, isClosed } = deps
  let questions = 0
  let unknownSince: number | undefined = clock.wallMs()

  async function ask(refs: DenylistRefs): Promise<Consultation> {
    const askedAt = momentOf(clock)
    const failed: Consultation = { lookup: 'unknown', askedAt }
    if (questions >= MAX_QUESTIONS) return failed
    questions += 1
    try {
      const answer = await within(lookupTimeoutMs, store.lookup(questionsOf(refs)))
      observer.consulted('answered', clock.monotonicMs() - askedAt.monotonicMs)
      return { lookup: judge(refs, answer), askedAt }
    } catch {
      observer.consulted('failed', clock.monotonicMs() - askedAt.monotonicMs)
      return failed
    } finally {
      questions -= 1
    }
  }

  function judge(refs: DenylistRefs, { dataSet, scores }: Answer): Lookup {
    const hit = evaluate(refs, scores)
    if (hit) return hit
    // A data set that the beats have not vouched for, or that is still being healed, proves nothing by what it lacks.
    const vouchedFor = dataSet.epoch !== '' && dataSet.epoch === state.dataSet?.epoch
    return vouchedFor && dataSet.state === 'live' ? 'clear' : 'unknown'
  }

  /** The mirror alone may say "clear". */
  function answersAlone(): boolean {
    return state.complete && !state.asksStore
  }

  function isFresh(): boolean {
    return state.isFresh(clock.monotonicMs(), clock.wallMs())
  }

  function stateAt({ monotonicMs, wallMs }: Moment): DenylistStatus['state'] {
    if (state.isFresh(monotonicMs, wallMs) && (state.asksStore || state.complete)) return 'live'
    if (state.quarantined) return 'recovering'
    return state.ageMs(monotonicMs, wallMs) === Number.POSITIVE_INFINITY ? 'starting' : 'stale'
  }

  return {
    consult(refs) {
      if (!state.asksStore || isClosed() || state.hit(refs) !== undefined) return undefined
      return ask(refs)
    },

    lookup(refs, consultation) {
      const hit = state.hit(refs)
      if (hit !== undefined) return hit
      if (consultation !== undefined && consultation.lookup !== 'clear' && consultation.lookup !== 'unknown')
        return consultation.lookup
      if (isClosed() || !isFresh()) return 'unknown'
      if (answersAlone()) return 'clear'
      if (consultation === undefined || consultation.lookup === 'unknown') return 'unknown'
      const age = elapsedMs(consultation.askedAt, clock.monotonicMs(), clock.wallMs())
      return age <= maxStalenessMs ? 'clear' : 'unknown'
    },

    status() {
      const now = momentOf(clock)
      const age = state.ageMs(now.monotonicMs, now.wallMs)
      const current = stateAt(now)
      if (current === 'live') unknownSince = undefined
      // Unknown began when the last proof ran out, not when somebody looked.
      else unknownSince ??= Number.isFinite(age) ? now.wallMs - Math.max(0, age - maxStalenessMs) : now.wallMs
      return {
        state: current,
        ageMs: Number.isFinite(age) ? age : undefined,
        unknownSinceMs: unknownSince,
        revision: state.position?.id ?? '',
        entries: state.size,
      }
    },
  }
}
