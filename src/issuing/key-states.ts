// `states.yaml` of a key directory: which key is in which state, and since when. Text ↔ data, and the rule that exactly
// one key is current. Reading files and looking into keys is left to key-files.ts and key-set.ts.
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { ok, type Result, refuse } from '../result.ts'

/**
 * `next`: published, does not sign yet. `current`: signs. `previous`: published, signs no more. `retired`: not
 * published; verifies API keys at Issue, replacements and revocations only. `revoked`: leaked; good for nothing, named so
 * that nobody takes it up again.
 */
const keyStates = ['next', 'current', 'previous', 'retired', 'revoked'] as const
export type KeyState = (typeof keyStates)[number]

export interface KeyStanding {
  readonly state: KeyState
  /** Unix time in ms. */
  readonly since: number
}

export type KeyStandings = ReadonlyMap<string, KeyStanding>

/** Why a key directory cannot be used. Messages are constants; `kid` is a file's name and no secret. */
export interface KeyMistake {
  readonly message: string
  readonly kid?: string
  /** The operating system's code, such as ENOENT. */
  readonly cause?: string
}

/** A file name, a header value and a metric label in one. */
export const kidPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

const statesSchema = z.record(
  z.string().regex(kidPattern),
  z.strictObject({ state: z.enum(keyStates), since: z.iso.datetime({ offset: true }) }),
)

export function parseStates(text: string): Result<KeyStandings, KeyMistake> {
  const parsed = statesSchema.safeParse(parseYaml(text))
  if (!parsed.success) return refuse({ message: 'states.yaml must map key ids to { state, since }' })
  const standings = new Map(
    Object.entries(parsed.data).map(([kid, { state, since }]) => [kid, { state, since: Date.parse(since) }]),
  )
  const current = [...standings.values()].filter(({ state }) => state === 'current').length
  if (current !== 1) return refuse({ message: 'states.yaml must name exactly one current key' })
  return ok(standings)
}

export function formatStates(standings: KeyStandings): string {
  const rows = [...standings].map(([kid, { state, since }]) => [kid, { state, since: new Date(since).toISOString() }])
  return stringify(Object.fromEntries(rows))
}

/** `undefined` for a text that is no YAML: the parser's own message would quote it. */
function parseYaml(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0, stringKeys: true, logLevel: 'silent' })
  } catch {
    return undefined
  }
}
