// The own keys out of a directory, reloaded when its files change. The whole set is swapped in one step; a set with a
// mistake in it is reported and the last good one stays. What makes a good set is decided in key-set.ts.
import type { Clock } from '../clock.ts'
import { ok, type Result, refuse } from '../result.ts'
import { errorDetail, type Log } from '../telemetry/log.ts'
import type { KeyRing, VerificationKey } from '../tokens/port.ts'
import { fingerprint, KeyFilesError, readKeyFiles } from './key-files.ts'
import { buildKeySet, type KeySet } from './key-set.ts'
import type { KeyMistake } from './key-states.ts'
import { createLocalSigner, toJwks, toVerificationKey } from './local-keys.ts'
import type { JwkSetDocument, Signer, SigningKeys } from './signer.ts'

export interface KeyDirectoryOptions {
  readonly directory: string
  /** Whether this process signs. One that only verifies does well with public keys, the current one included. */
  readonly signs: boolean
  readonly pollMs?: number
}

export interface KeyDirectory extends SigningKeys {
  /** Loads the keys and begins to watch them. The mistake is for the start: keep going or give up. */
  start(): Promise<Result<void, KeyMistake>>
  /** Looks at the files now, instead of at the next tick. */
  reload(): Promise<void>
  /** Called after every change of the set. Returns what ends the calls. */
  onChange(listener: () => void): () => void
  status(): KeyDirectoryStatus
  close(): void
}

interface KeyDirectoryStatus {
  /** The key that signs; `undefined` before the first good set. */
  readonly currentKid: string | undefined
  readonly published: number
  readonly retired: number
  /** The mistake that keeps the newest files from being used. */
  readonly mistake: KeyMistake | undefined
}

/** A change has to be in force within two seconds; asking the file system costs well under a millisecond. */
const POLL_MS = 1000

interface Loaded {
  readonly set: KeySet
  readonly signer: Signer | undefined
  readonly verification: ReadonlyMap<string, VerificationKey>
  readonly jwks: JwkSetDocument
}

const nothing: JwkSetDocument = { keys: [] }

export function createKeyDirectory(
  options: KeyDirectoryOptions,
  deps: { readonly clock: Clock; readonly log: Log },
): KeyDirectory {
  const { directory, signs, pollMs = POLL_MS } = options
  const { clock, log } = deps
  const listeners = new Set<() => void>()
  let current: Loaded | undefined
  let mistake: KeyMistake | undefined
  let seen: string | undefined
  let generation = 0
  let freshAsOfMs: number | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let loading: Promise<void> = Promise.resolve()

  /** One at a time: an older look must not end after a newer one. */
  function load(): Promise<void> {
    loading = loading.then(loadOnce)
    return loading
  }

  async function loadOnce(): Promise<void> {
    const startedAtMs = clock.monotonicMs()
    const found = await look(directory, seen, signs)
    if (found !== undefined) {
      seen = found.print
      if (found.loaded.ok) adopt(found.loaded.value)
      else report(found.loaded.reason)
    }
    if (mistake === undefined) freshAsOfMs = startedAtMs
  }

  function adopt(loaded: Loaded): void {
    current = loaded
    mistake = undefined
    generation += 1
    const { kid } = loaded.set.current
    log.info({ component: 'signing', kid, count: loaded.verification.size }, 'Loaded own keys')
    for (const unlisted of loaded.set.unlisted) {
      log.warn({ component: 'signing', kid: unlisted }, 'A key file is not used because states.yaml does not name it')
    }
    for (const listener of listeners) listener()
  }

  /** Once a mistake, not once a second. */
  function report(found: KeyMistake): void {
    const known = mistake?.message === found.message && mistake.kid === found.kid
    mistake = found
    if (known) return
    const { message: detail, kid } = found
    const state = current === undefined ? 'none' : 'last good set kept'
    log.error({ component: 'signing', detail, state, ...(kid !== undefined && { kid }) }, 'Could not load own keys')
  }

  function schedule(): void {
    if (closed) return
    timer = setTimeout(() => void load().then(schedule), pollMs)
    timer.unref()
  }

  const ring: KeyRing = {
    get generation() {
      return generation
    },
    get freshAsOfMs() {
      return freshAsOfMs
    },
    find(kid) {
      if (current === undefined) return refuse('keys_unavailable')
      const key = current.verification.get(kid)
      return key === undefined ? refuse('key_unknown') : ok(key)
    },
    // The files are looked at every second as it is.
    refresh: () => undefined,
    close,
  }

  function close(): void {
    closed = true
    clearTimeout(timer)
    listeners.clear()
  }

  return {
    ring,
    signer: () => current?.signer,
    jwks: () => current?.jwks ?? nothing,
    reload: load,
    async start() {
      await load()
      schedule()
      return mistake === undefined ? ok(undefined) : refuse(mistake)
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    status: () => ({
      currentKid: current?.set.current.kid,
      published: current?.jwks.keys.length ?? 0,
      retired: (current?.verification.size ?? 0) - (current?.jwks.keys.length ?? 0),
      mistake,
    }),
    close,
  }
}

interface Look {
  /** What was seen; `undefined` where it could not be read, so that the next look tries again. */
  readonly print: string | undefined
  readonly loaded: Result<Loaded, KeyMistake>
}

/** The fingerprint is taken first: a file that changes while it is read is read again. `undefined`: no change. */
async function look(directory: string, seen: string | undefined, signs: boolean): Promise<Look | undefined> {
  try {
    const print = await fingerprint(directory)
    if (print === seen) return undefined
    const set = buildKeySet(await readKeyFiles(directory))
    return { print, loaded: set.ok ? prepare(set.value, signs) : set }
  } catch (error) {
    const message = error instanceof KeyFilesError ? error.message : 'The key directory cannot be read'
    return { print: undefined, loaded: refuse({ message, cause: errorDetail(error) }) }
  }
}

function prepare(set: KeySet, signs: boolean): Result<Loaded, KeyMistake> {
  const signer = createLocalSigner(set.current)
  if (signs && signer === undefined) {
    return refuse({ kid: set.current.kid, message: 'The current key has no private part' })
  }
  const usable = [...set.keys].filter(([, { standing }]) => standing.state !== 'revoked')
  const verification = new Map(usable.map(([kid, key]) => [kid, toVerificationKey(key)]))
  return ok({ set, signer, verification, jwks: toJwks(set) })
}
