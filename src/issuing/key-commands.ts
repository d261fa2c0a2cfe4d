// What an operator does to a key directory: new, list, promote, retire, revoke. Each command reads the files, applies one rule
// and writes the states back in one step; a running process sees it within two seconds. Printing is left to the CLI.
import type { Clock } from '../clock.ts'
import { ok, type Result, refuse } from '../result.ts'
import { errorDetail } from '../telemetry/log.ts'
import { DEFAULT_ALGORITHM, generatePem, newKid } from './generate-key.ts'
import { directoryExists, readKeyFiles, writeKeyFile, writeStates } from './key-files.ts'
import { buildKeySet, type KeySet, type OwnKey, type SigningAlgorithm } from './key-set.ts'
import { formatStates, type KeyMistake, type KeyStanding, type KeyState } from './key-states.ts'

/** Constant texts for the operator. */
export const keyCommandErrors = {
  directory_unusable: 'The key directory cannot be used',
  key_unknown: 'There is no such key',
  key_not_next: 'Only a key in the state "next" can be promoted',
  key_ambiguous: 'Several keys are in the state "next": say which',
  key_cannot_sign: 'The key has no private part, so it cannot sign',
  published_too_short: 'The key has not been published long enough: some verifiers may not have it yet',
  key_in_use: 'The key is current: promote another one first',
  already_retired: 'The key is retired already',
  already_revoked: 'The key is revoked',
  only_signing_key: 'The key is current and no other can sign: make one with "keys new" first',
  successor_ambiguous: 'Several keys could take over: say which with --promote',
  successor_unfit: 'Only another key that is next or previous and has its private part can take over',
  tokens_may_exist: 'Tokens signed by this key may still be valid',
} as const

/** What `--force` puts at risk, to be said before it is used. */
export const forceRisks = {
  published_too_short: 'Tokens signed by it are refused wherever the new key is not known yet',
  tokens_may_exist: 'Tokens signed by it are refused at every Check from now on, although they have not expired',
} as const

export interface KeyCommandError {
  readonly error: keyof typeof keyCommandErrors
  /** With `directory_unusable`. */
  readonly mistake?: KeyMistake
  /** With `published_too_short` and `tokens_may_exist`: Unix time (ms) from which the command needs no force. */
  readonly allowedFrom?: number
}

export interface KeyRow {
  readonly kid: string
  readonly state: KeyState
  readonly algorithm: string
  /** Unix time in ms; `undefined` for the only key of a directory without `states.yaml`. */
  readonly since: number | undefined
  readonly canSign: boolean
}

type Outcome = Promise<Result<readonly KeyRow[], KeyCommandError>>

interface PromoteOptions {
  /** Need not be given while only one key is `next`. */
  readonly kid?: string
  /** How long a key must have been published: the longest time that a verifier may go without a look. */
  readonly publishedForMs: number
  readonly force?: boolean
}

interface RetireOptions {
  readonly kid: string
  /** The longest lifetime of the tokens that a Check accepts. */
  readonly longestTokenMs: number
  readonly force?: boolean
}

interface RevokeOptions {
  readonly kid: string
  /** Takes over where the key is current. Need not be given while only one key can. */
  readonly promote?: string
}

export interface KeyCommands {
  list(): Outcome
  /** Makes the first key of an empty directory, and lists what there is in any other. */
  ensure(): Outcome
  /** Makes a key pair: the current key of an empty directory, `next` in any other. */
  create(options?: { readonly algorithm?: SigningAlgorithm }): Outcome
  /** `next` becomes `current`, and what was current `previous`. */
  promote(options: PromoteOptions): Outcome
  /** `previous` (or a `next` that is not wanted) becomes `retired`. */
  retire(options: RetireOptions): Outcome
  /**
   * A key that leaked: `revoked` at once, whatever its tokens. Where it is current another takes over in the same step,
   * however short it has been published: the alternative is to sign nothing. Can be repeated. That the tokens are refused
   * elsewhere too is a revocation of its own.
   */
  revoke(options: RevokeOptions): Outcome
}

export function createKeyCommands(directory: string, deps: { readonly clock: Clock }): KeyCommands {
  const { clock } = deps

  async function load(): Outcome {
    const set = await readSet(directory)
    return set.ok ? ok([...set.value.keys.values()].map(toRow)) : set
  }

  async function write(standings: Standings, changes: Standings): Outcome {
    await writeStates(directory, formatStates(new Map([...standings, ...changes])))
    return load()
  }

  async function create({ algorithm = DEFAULT_ALGORITHM }: { readonly algorithm?: SigningAlgorithm } = {}): Outcome {
    const now = clock.wallMs()
    const kid = newKid(now)
    const existing = await readExisting(directory)
    if (!existing.ok) return existing
    const standings = existing.value === undefined ? nothing : standingsOf(existing.value, now)
    const pem = await generatePem(algorithm)
    // The states before the file: two keys without a states.yaml would be a mistake for whoever looks in between.
    if (existing.value !== undefined) await write(standings, nothing)
    await writeKeyFile(directory, kid, pem)
    return write(standings, new Map([[kid, { state: existing.value === undefined ? 'current' : 'next', since: now }]]))
  }

  async function promote({ kid, publishedForMs, force = false }: PromoteOptions): Outcome {
    const now = clock.wallMs()
    const set = await readSet(directory)
    if (!set.ok) return set
    const chosen = chooseNext(set.value, kid)
    if (!chosen.ok) return chosen
    if (chosen.value.privateKey === undefined) return refuse({ error: 'key_cannot_sign' })
    const allowedFrom = (chosen.value.standing.since ?? 0) + publishedForMs
    if (!force && now < allowedFrom) return refuse({ error: 'published_too_short', allowedFrom })
    return write(
      standingsOf(set.value, now),
      new Map([
        [set.value.current.kid, { state: 'previous', since: now }],
        [chosen.value.kid, { state: 'current', since: now }],
      ]),
    )
  }

  async function retire({ kid, longestTokenMs, force = false }: RetireOptions): Outcome {
    const now = clock.wallMs()
    const set = await readSet(directory)
    if (!set.ok) return set
    const standing = set.value.keys.get(kid)?.standing
    if (standing === undefined) return refuse({ error: 'key_unknown' })
    if (standing.state === 'current') return refuse({ error: 'key_in_use' })
    if (standing.state === 'retired') return refuse({ error: 'already_retired' })
    if (standing.state === 'revoked') return refuse({ error: 'already_revoked' })
    // A key that is still `next` has signed nothing.
    const allowedFrom = standing.state === 'previous' ? standing.since + longestTokenMs : 0
    if (!force && now < allowedFrom) return refuse({ error: 'tokens_may_exist', allowedFrom })
    return write(standingsOf(set.value, now), new Map([[kid, { state: 'retired', since: now }]]))
  }

  async function revoke({ kid, promote: successor }: RevokeOptions): Outcome {
    const now = clock.wallMs()
    const set = await readSet(directory)
    if (!set.ok) return set
    const standing = set.value.keys.get(kid)?.standing
    if (standing === undefined) return refuse({ error: 'key_unknown' })
    if (standing.state === 'revoked') return load()
    const changes = new Map<string, KeyStanding>([[kid, { state: 'revoked', since: now }]])
    if (standing.state === 'current') {
      const chosen = chooseSuccessor(set.value, successor)
      if (!chosen.ok) return chosen
      changes.set(chosen.value.kid, { state: 'current', since: now })
    }
    return write(standingsOf(set.value, now), changes)
  }

  /** A disk that is full or read-only is the operator's to mend, not a crash. */
  async function guarded(work: () => Outcome): Outcome {
    try {
      return await work()
    } catch (error) {
      return refuse(unusable({ message: 'The key directory cannot be written', cause: errorDetail(error) }))
    }
  }

  return {
    list: load,

    ensure: () =>
      guarded(async () => {
        const existing = await readExisting(directory)
        if (!existing.ok) return existing
        return existing.value === undefined ? create() : load()
      }),

    create: (options) => guarded(() => create(options)),
    promote: (options) => guarded(() => promote(options)),
    retire: (options) => guarded(() => retire(options)),
    revoke: (options) => guarded(() => revoke(options)),
  }
}

type Standings = ReadonlyMap<string, KeyStanding>

const nothing: Standings = new Map()

/** What `states.yaml` says, or would say for a directory that did without one until now. */
function standingsOf({ keys }: KeySet, now: number): Standings {
  return new Map([...keys.values()].map(({ kid, standing: { state, since = now } }) => [kid, { state, since }]))
}

function toRow({ kid, algorithm, standing, privateKey }: OwnKey): KeyRow {
  return { kid, algorithm, state: standing.state, since: standing.since, canSign: privateKey !== undefined }
}

async function readSet(directory: string): Promise<Result<KeySet, KeyCommandError>> {
  const existing = await readExisting(directory)
  if (!existing.ok) return existing
  return existing.value === undefined
    ? refuse(unusable({ message: 'The key directory has no key' }))
    : ok(existing.value)
}

/** `undefined` for a directory that has no key yet, or is not there yet. */
async function readExisting(directory: string): Promise<Result<KeySet | undefined, KeyCommandError>> {
  try {
    if (!(await directoryExists(directory))) return ok(undefined)
    const files = await readKeyFiles(directory)
    if (files.pems.size === 0 && files.states === undefined) return ok(undefined)
    const set = buildKeySet(files)
    return set.ok ? set : refuse(unusable(set.reason))
  } catch (error) {
    return refuse(unusable({ message: 'The key directory cannot be read', cause: errorDetail(error) }))
  }
}

function unusable(mistake: KeyMistake): KeyCommandError {
  return { error: 'directory_unusable', mistake }
}

function chooseNext({ keys }: KeySet, kid: string | undefined): Result<OwnKey, KeyCommandError> {
  const candidates = [...keys.values()].filter(({ standing }) => standing.state === 'next')
  if (kid !== undefined) {
    const named = candidates.find((key) => key.kid === kid)
    if (named !== undefined) return ok(named)
    return refuse({ error: keys.has(kid) ? 'key_not_next' : 'key_unknown' })
  }
  const [only, ...others] = candidates
  if (only === undefined) return refuse({ error: 'key_not_next' })
  return others.length > 0 ? refuse({ error: 'key_ambiguous' }) : ok(only)
}

/** A previous key is known to every verifier already; a next one may be, and is meant to sign. */
function chooseSuccessor({ keys }: KeySet, kid: string | undefined): Result<OwnKey, KeyCommandError> {
  const fit = [...keys.values()].filter(
    ({ standing: { state }, privateKey }) => privateKey !== undefined && (state === 'next' || state === 'previous'),
  )
  if (kid !== undefined) {
    const named = fit.find((key) => key.kid === kid)
    if (named !== undefined) return ok(named)
    return refuse({ error: keys.has(kid) ? 'successor_unfit' : 'key_unknown' })
  }
  const next = fit.filter(({ standing }) => standing.state === 'next')
  const [only, ...others] = next.length > 0 ? next : fit
  if (only === undefined) return refuse({ error: 'only_signing_key' })
  return others.length > 0 ? refuse({ error: 'successor_ambiguous' }) : ok(only)
}
