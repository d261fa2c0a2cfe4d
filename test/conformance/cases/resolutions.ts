// §10: where the sources contradict each other or themselves, the answer that was chosen (C1 to C22). Data only.
import type { Suite } from '../../support/conformance/case.ts'
import { audiences } from './resolutions/audiences.ts'
import { headers, keys } from './resolutions/credentials.ts'
import { ids, statuses } from './resolutions/denylist.ts'
import { lifetimes } from './resolutions/lifetimes.ts'
import { rights } from './resolutions/rights.ts'

export const resolutions: Suite = {
  title: '§10 Contradictions, resolved',
  file: 'resolutions.ts',
  about: 'C1 to C22. "Theirs" are the answers that contradict each other; "same" where ours is one of them.',
  cases: [...lifetimes, ...ids, ...statuses, ...audiences, ...rights, ...keys, ...headers],
}
