// Asks the denylist about one token, whether the mirror answers alone or the store has to be asked. No posture: whoever
// mints or revokes needs to know.
import type { Denylist, Lookup } from '../denylist/port.ts'
import { refsOf, type TokenIdentity } from '../denylist/vocabulary.ts'

export async function standingOf(denylist: Denylist, token: TokenIdentity): Promise<Lookup> {
  const refs = refsOf(token)
  const consulted = denylist.consult(refs)
  return consulted === undefined ? denylist.lookup(refs) : denylist.lookup(refs, await consulted)
}
