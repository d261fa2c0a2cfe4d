// The keys of a house: our own, in every state, as a key directory would hold them; and the key set of the partner. Both
// rings remember which keys were looked up.
import { buildKeySet, type KeySet } from '../../../src/issuing/key-set.ts'
import { createLocalSigner, toVerificationKey } from '../../../src/issuing/local-keys.ts'
import type { SigningKeys } from '../../../src/issuing/signer.ts'
import { ok, refuse } from '../../../src/result.ts'
import type { KeyRing } from '../../../src/tokens/port.ts'
import type { FakeClock } from '../fakes/clock.ts'
import { createFakeKeyRing, type FakeKeyRing } from '../fakes/key-ring.ts'
import { keyOf } from './tokens.ts'

interface RecordingRing extends KeyRing {
  readonly asked: readonly string[]
}

interface OwnKeys extends Pick<SigningKeys, 'signer'> {
  readonly ring: RecordingRing
  readonly set: KeySet
}

const SINCE = '2026-01-01T00:00:00Z'

let built: KeySet | undefined

/** Built once: reading keys costs more than a case. */
function ownKeySet(): KeySet {
  if (built !== undefined) return built
  const states = (['current', 'previous', 'retired'] as const).map((state) => ({ state, key: keyOf(state) }))
  const set = buildKeySet({
    pems: new Map(
      states.map(({ key }) => [key.kid, key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()]),
    ),
    states: states.map(({ state, key }) => `${key.kid}: { state: ${state}, since: ${SINCE} }`).join('\n'),
  })
  if (!set.ok) throw new Error(`The keys of the fixture are no key set: ${set.reason.message}`)
  built = set.value
  return built
}

export function createOwnKeys(clock: FakeClock): OwnKeys {
  const set = ownKeySet()
  const verification = new Map([...set.keys].map(([kid, key]) => [kid, toVerificationKey(key)]))
  const signer = createLocalSigner(set.current)
  const asked: string[] = []
  const ring: RecordingRing = {
    asked,
    generation: 1,
    get freshAsOfMs() {
      return clock.monotonicMs()
    },
    find(kid) {
      asked.push(kid)
      const key = verification.get(kid)
      return key === undefined ? refuse('key_unknown') : ok(key)
    },
    refresh: () => undefined,
    close() {},
  }
  return { ring, set, signer: () => signer }
}

export function createPartnerRing(clock: FakeClock): FakeKeyRing {
  return Object.assign(createFakeKeyRing(keyOf('partner')), { freshAsOfMs: clock.monotonicMs() })
}
