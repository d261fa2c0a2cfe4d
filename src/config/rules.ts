// THE table of what is refused although every single key is right: references to nothing, contradictions, shadows,
// danger. One row per mistake, with its constant message; docs/configuration.md lists them.
import type { Draft } from './draft.ts'
import type { Finding } from './problem.ts'
import { callerRules } from './rules/callers.ts'
import { issuerRules } from './rules/issuers.ts'
import { listenerRules } from './rules/listeners.ts'
import { policyRules } from './rules/policies.ts'
import { providerRules } from './rules/providers.ts'
import { routeRules } from './rules/routes.ts'
import type { Rule, RuleContext } from './rules/rule.ts'
import { signingRules } from './rules/signing.ts'
import { storeRules } from './rules/stores.ts'
import { urlRules } from './rules/urls.ts'

export const rules: readonly Rule[] = [
  ...listenerRules,
  ...storeRules,
  ...issuerRules,
  ...urlRules,
  ...signingRules,
  ...callerRules,
  ...providerRules,
  ...policyRules,
  ...routeRules,
]

export function breachesOf({ message, find }: Rule, draft: Draft, context: RuleContext): Finding[] {
  return find(draft, context).map(({ path, hint }) => ({ path, message, hint }))
}
