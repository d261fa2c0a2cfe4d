// All suites, in the order of the page.
import { denied } from './denied.ts'
import { denylist } from './denylist.ts'
import { throughEnvoy } from './envoy.ts'
import { fresh } from './fresh.ts'
import { inFlight } from './in-flight.ts'
import { micro } from './micro.ts'
import { revocation } from './revocation.ts'
import { seen } from './seen.ts'
import { start } from './start.ts'
import type { Suite } from './suite.ts'

export const suites: readonly Suite[] = [
  seen,
  fresh,
  denied,
  denylist,
  inFlight,
  throughEnvoy,
  revocation,
  start,
  micro,
]
