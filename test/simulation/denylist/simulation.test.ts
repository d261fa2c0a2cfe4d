// The guarantee under simulated faults: no violation in thousands of random histories, and every deliberately broken
// variant caught. A failure prints its seed; `POSTERN_SIM_SEED` repeats it, `POSTERN_SIM_RUNS` changes how many.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mutants } from './sim-process.ts'
import { eventArbitrary, simulate, Violation } from './world.ts'

const runs = Number(process.env['POSTERN_SIM_RUNS'] ?? 20_000)
const seed = Number(process.env['POSTERN_SIM_SEED'] ?? Date.now() % 1_000_000_000)
/** A mutant that survives this many histories is not caught. */
const mutantRuns = 20_000
/** Many times what it takes on a busy machine. */
const timeoutMs = 600_000

const history = fc.array(eventArbitrary, { minLength: 10, maxLength: 70, size: 'max' })

describe('the denylist in a simulated world', () => {
  it(
    `allows nothing it must refuse and loses nothing it acknowledged, in ${runs} histories`,
    () => {
      const startedAt = performance.now()
      process.stdout.write(`simulation: ${runs} histories, seed ${seed}\n`)
      fc.assert(
        fc.property(history, (events) => simulate(events)),
        { numRuns: runs, seed },
      )
      process.stdout.write(`simulation: no violation, ${Math.round((performance.now() - startedAt) / 1000)} s\n`)
    },
    timeoutMs,
  )

  it.each(mutants)(
    'is caught when it has this fault: %s',
    (mutant) => {
      const property = fc.property(history, (events) => simulate(events, mutant))
      const outcome = fc.check(property, { numRuns: mutantRuns, seed, endOnFailure: true })
      process.stdout.write(`simulation: "${mutant}" caught in history ${outcome.numRuns}\n`)
      expect(outcome.failed).toBe(true)
      expect(outcome.errorInstance).toBeInstanceOf(Violation)
    },
    timeoutMs,
  )
})
