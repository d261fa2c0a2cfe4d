// All suites, in the order of the reference.
import type { Suite } from '../support/conformance/case.ts'
import { apiKeyAccess } from './cases/api-key-access.ts'
import { apiKeyCreation } from './cases/api-key-creation.ts'
import { audience } from './cases/audience.ts'
import { browser } from './cases/browser.ts'
import { claims } from './cases/claims.ts'
import { elsewhere } from './cases/elsewhere.ts'
import { gateway } from './cases/gateway.ts'
import { identity } from './cases/identity.ts'
import { jwt } from './cases/jwt.ts'
import { kinds } from './cases/kinds.ts'
import { lifetimes } from './cases/lifetimes.ts'
import { notCovered } from './cases/not-covered.ts'
import { order } from './cases/order.ts'
import { resolutions } from './cases/resolutions.ts'
import { revoke } from './cases/revoke.ts'
import { revokePaths } from './cases/revoke-paths.ts'
import { validation } from './cases/validation.ts'

export const suites: readonly Suite[] = [
  apiKeyAccess,
  notCovered,
  apiKeyCreation,
  jwt,
  revoke,
  elsewhere,
  validation,
  lifetimes,
  order,
  revokePaths,
  gateway,
  browser,
  resolutions,
  kinds,
  audience,
  claims,
  identity,
]
