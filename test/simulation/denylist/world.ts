// The world of the simulation: processes, their store, what may happen to them, and the oracle that knows what was
// acknowledged. After every step it checks the guarantee of docs/revocation.md.
import fc from 'fast-check'
import type { Entry } from '../../../src/denylist/entries.ts'
import type { DenylistRefs } from '../../../src/denylist/port.ts'
import { memberOf, refsOf } from '../../../src/denylist/vocabulary.ts'
import { createSimProcess, MAX_STALENESS_MS, type Mutant, type SimProcess } from './sim-process.ts'
import { createSimStore, keyOf, RECOVERY_MS } from './sim-store.ts'

const PROCESSES = 3
const TOKENS = 5
const START_MS = 1_800_000_000_000
/** Some end in the middle of a history; the others outlive every one of them. */
const LIVES_SECONDS = [20, 100]
const LONG_SECONDS = 86_400
/** In the end: first everybody catches up, then time passes with a beat within every `max_staleness`. */
const QUICK_ROUNDS = 5
const SLOW_ROUND_MS = 4000
const ISSUER = 'https://sim.example'

const process = fc.nat(PROCESSES - 1)
const which = fc.nat(2)
/** Coarse, so that ids meet again after a failover. */
const duration = fc.constantFrom(100, 200, 500, 1000, 3000, 6000)

/** What can happen. Ordinary work is far more likely than a fault, or nothing would ever be built up to be broken. */
export const eventArbitrary = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('work' as const), process }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: duration }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('revoke' as const),
      process,
      token: fc.nat(TOKENS - 1),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('send' as const), process }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('execute' as const), process, which }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('deliver' as const), process, which }) },
  // An answer that was true when it was given and comes late: rare by chance, and the heart of freshness.
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('slow beat' as const),
      process,
      token: fc.nat(TOKENS - 1),
      ms: fc.constantFrom(1000, 4000, 6000),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('snapshot' as const), process }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('heal' as const), process }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const), process }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose all' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('fail over' as const),
      back: fc.nat(3),
      clockMs: fc.constantFrom(-1000, -500, -200, -100, 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('trim' as const), keep: fc.nat(2) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('step wall' as const),
      process,
      ms: fc.constantFrom(-3_600_000, -4000, 4000, 60_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sleep' as const), process, ms: duration }) },
)
export type SimEvent = typeof eventArbitrary extends fc.Arbitrary<infer T> ? T : never

/** One acknowledged revocation, and since when the store has held it without a break. */
interface Acknowledged {
  readonly token: number
  readonly entry: Entry
  presentSince: number | undefined
  /** The last time it was there, for how long, until it was lost. */
  lost: { readonly forMs: number; readonly withEverything: boolean } | undefined
}

export class Violation extends Error {}

export function createWorld(mutant: Mutant | undefined) {
  let nowMs = START_MS
  const clock = () => nowMs
  const store = createSimStore(clock)
  const tokens: readonly { readonly refs: DenylistRefs; readonly key: string }[] = Array.from(
    { length: TOKENS },
    (_, i) => {
      const jti = `token-${i}`
      const refs = refsOf({ issuer: ISSUER, jti, keyId: 'k', issuedAt: START_MS / 1000 })
      return { refs, key: keyOf({ space: 'revoked', member: memberOf('jti', ISSUER, jti) }) }
    },
  )
  // The first two may heal, as token services; the third is a sidecar.
  const processes: readonly SimProcess[] = Array.from({ length: PROCESSES }, (_, i) =>
    createSimProcess({
      store,
      nowMs: clock,
      mayHeal: i < 2,
      clockFault: i === 1 ? 'machine sleeps' : 'wall steps',
      mutant,
    }),
  )
  const acknowledged = new Map<number, Acknowledged>()
  /** Token → the processes (of this incarnation) that have refused it, until when they have to. */
  const refused = processes.map(() => new Map<number, number>())

  function revoke(by: number, token: number): void {
    const member = memberOf('jti', ISSUER, `token-${token}`)
    const entry: Entry = { space: 'revoked', member, score: START_MS / 1000 + (LIVES_SECONDS[token] ?? LONG_SECONDS) }
    store.add([entry])
    processes[by]?.holdOwn(entry)
    if (!acknowledged.has(token)) acknowledged.set(token, { token, entry, presentSince: nowMs, lost: undefined })
  }

  function work(one: SimProcess | undefined): void {
    one?.sendBeat()
    for (let i = 0; i < 3; i += 1) one?.executeBeat(0)
    for (let i = 0; i < 3; i += 1) one?.deliverBeat(0)
    for (let i = 0; i < 5; i += 1) one?.snapshotStep()
    one?.heal()
    one?.sendBeat()
    one?.executeBeat(0)
    one?.deliverBeat(0)
  }

  function notePresence(withEverything = false): void {
    for (const one of acknowledged.values()) {
      const present = store.score(tokens[one.token]?.key ?? '') >= one.entry.score
      if (present) one.presentSince ??= nowMs
      else if (one.presentSince !== undefined) {
        one.lost = { forMs: nowMs - one.presentSince, withEverything }
        one.presentSince = undefined
      }
    }
  }

  function isEnforced(one: Acknowledged): boolean {
    return nowMs < one.entry.score * 1000
  }

  function check(): void {
    processes.forEach((one, index) => {
      for (const ack of acknowledged.values()) {
        const answer = one.lookup(tokens[ack.token]?.refs ?? { marks: [], epochs: [] })
        if (answer === 'clear' && isEnforced(ack)) checkClear(ack, index)
        const until = refused[index]?.get(ack.token)
        if (answer === 'token_revoked') refused[index]?.set(ack.token, ack.entry.score)
        else if (until !== undefined && nowMs < until * 1000)
          throw new Violation(`process ${index} has forgotten token ${ack.token}`)
      }
    })
  }

  function checkClear(ack: Acknowledged, index: number): void {
    if (ack.presentSince !== undefined && nowMs - ack.presentSince > MAX_STALENESS_MS)
      throw new Violation(
        `process ${index} allows token ${ack.token}, in the store since ${nowMs - ack.presentSince} ms`,
      )
    // While a data set recovers, only who held the one before may answer; and that one held this.
    const recovering = store.dataSet().state === 'recovering'
    const lost = ack.presentSince === undefined ? ack.lost : undefined
    if (recovering && lost?.withEverything === true && lost.forMs > MAX_STALENESS_MS)
      throw new Violation(`process ${index} allows token ${ack.token} in a data set that recovers`)
  }

  const happen: { readonly [K in SimEvent['kind']]: (event: Extract<SimEvent, { kind: K }>) => void } = {
    work: (event) => work(processes[event.process]),
    time: ({ ms }) => {
      nowMs += ms
    },
    revoke: (event) => revoke(event.process, event.token),
    send: (event) => processes[event.process]?.sendBeat(),
    execute: (event) => processes[event.process]?.executeBeat(event.which),
    deliver: (event) => processes[event.process]?.deliverBeat(event.which),
    'slow beat': (event) => {
      const one = processes[event.process]
      one?.sendBeat()
      one?.executeBeat(0)
      revoke((event.process + 1) % PROCESSES, event.token)
      nowMs += event.ms
      one?.deliverBeat(0)
    },
    snapshot: (event) => processes[event.process]?.snapshotStep(),
    heal: (event) => processes[event.process]?.heal(),
    restart: (event) => {
      processes[event.process]?.restart()
      refused[event.process]?.clear()
    },
    'lose all': () => {
      store.loseAll()
      notePresence(true)
    },
    'fail over': ({ back, clockMs }) => store.failOver(back, clockMs),
    trim: ({ keep }) => store.trim(keep),
    'step wall': (event) => processes[event.process]?.stepWall(event.ms),
    sleep: (event) => {
      processes[event.process]?.sleep(event.ms)
      nowMs += event.ms
    },
  }

  function step(event: SimEvent): void {
    const one: (event: never) => void = happen[event.kind]
    Reflect.apply(one, undefined, [event])
    notePresence()
    check()
  }

  /** Faults end, everybody works: what the store or a healer still holds has to be refused everywhere afterwards. */
  function settle(): void {
    const held = [...acknowledged.values()].filter(
      (ack) =>
        ack.presentSince !== undefined ||
        processes.some((one, i) => i < 2 && one.lookup(tokens[ack.token]?.refs ?? none) === 'token_revoked'),
    )
    const rounds = QUICK_ROUNDS + Math.ceil((RECOVERY_MS + MAX_STALENESS_MS) / SLOW_ROUND_MS)
    for (let round = 0; round < rounds; round += 1) {
      for (const one of processes) work(one)
      if (round >= QUICK_ROUNDS) nowMs += SLOW_ROUND_MS
      notePresence()
      check()
    }
    for (const ack of held) checkSettled(ack)
  }

  function checkSettled(ack: Acknowledged): void {
    if (!isEnforced(ack)) return
    const key = tokens[ack.token]?.key ?? ''
    if (store.score(key) === 0) throw new Violation(`token ${ack.token} is lost in the store`)
    processes.forEach((one, index) => {
      const answer = one.lookup(tokens[ack.token]?.refs ?? none)
      if (answer !== 'token_revoked')
        throw new Violation(`token ${ack.token} is ${answer} at process ${index} in the end`)
    })
  }

  return { step, settle }
}

const none: DenylistRefs = { marks: [], epochs: [] }

/** One run: what happens, step by step, and then peace. */
export function simulate(events: readonly SimEvent[], mutant?: Mutant): void {
  const world = createWorld(mutant)
  for (const event of events) world.step(event)
  world.settle()
}
