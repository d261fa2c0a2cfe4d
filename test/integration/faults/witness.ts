// Asks every process about every token several times a second while something goes wrong, and afterwards says what was
// answered, second by second, and which answers must not have been given.
import { setTimeout as sleep } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import { type MintedToken, maxStalenessMs, type Node, type World } from './world.ts'

const pollEveryMs = 100
/** Longer than any pause of a process in these tests, so that its first answer afterwards is seen. */
const answerWithinMs = 10_000

export type Outcome = 'allow' | 'revoked' | '503' | 'other' | 'none'
type NodeName = 'issuer' | 'sidecar'

interface Watched extends MintedToken {
  readonly name: string
  /** When Revoke was answered OK. */
  revokedAt: number | undefined
}

export interface Observation {
  readonly node: NodeName
  readonly token: Watched
  readonly sentAt: number
  readonly answeredAt: number
  readonly outcome: Outcome
}

/** What a caller has in hand when the fault is over. */
export interface Witness {
  /** A line of the table: something happens now. Gives the moment. */
  note(event: string): number
  /** Begins to watch another token. */
  watch(name: string): Promise<Watched>
  /** Rejects where Revoke is not answered OK. */
  revoke(token: Watched): Promise<void>
  readonly observations: readonly Observation[]
  of(node: NodeName, token: Watched, from?: number, to?: number): readonly Outcome[]
  /** Ends the watching. */
  end(): Promise<void>
  /** Prints what was seen, second by second. */
  print(title: string): void
  wrongAllows(): readonly string[]
}

export function startWitness(world: World): Witness {
  const startedAt = performance.now()
  const observations: Observation[] = []
  const events: { readonly at: number; readonly text: string }[] = []
  const tokens: Watched[] = []
  const loops: Promise<void>[] = []
  let hasEnded = false

  async function follow(name: NodeName, node: Node, token: Watched): Promise<void> {
    while (!hasEnded) {
      const sentAt = performance.now()
      const outcome = await ask(node, token)
      observations.push({ node: name, token, sentAt, answeredAt: performance.now(), outcome })
      await sleep(sentAt + pollEveryMs - performance.now())
    }
  }

  return {
    observations,
    note(text) {
      const at = performance.now()
      events.push({ at, text })
      return at
    },
    async watch(name) {
      const token: Watched = { ...(await world.mint()), name, revokedAt: undefined }
      tokens.push(token)
      for (const node of ['issuer', 'sidecar'] as const) loops.push(follow(node, world[node], token))
      return token
    },
    async revoke(token) {
      await world.revoke(token)
      token.revokedAt = performance.now()
      events.push({ at: token.revokedAt, text: `${token.name} revoked` })
    },
    of: (node, token, from = 0, to = Number.POSITIVE_INFINITY) =>
      observations
        .filter((one) => one.node === node && one.token === token && one.sentAt >= from && one.answeredAt <= to)
        .map(({ outcome }) => outcome),
    async end() {
      hasEnded = true
      await Promise.all(loops)
    },
    print: (title) => void process.stdout.write(tableOf(title, { startedAt, observations, events, tokens })),
    wrongAllows: () => findWrongAllows(observations, startedAt),
  }
}

async function ask(node: Node, { token }: MintedToken): Promise<Outcome> {
  try {
    const { allowed, code, reason } = await node.authz.check({ token }, { withinMs: answerWithinMs })
    if (allowed) return 'allow'
    if (reason === 'token_revoked') return 'revoked'
    return code === status.UNAVAILABLE ? '503' : 'other'
  } catch {
    return 'none'
  }
}

/**
 * The guarantee, on what was seen: no allow that was asked for later than `max_staleness` after Revoke was answered; none
 * at all after that answer at the process that gave it; none by a process that had refused the token before.
 */
function findWrongAllows(observations: readonly Observation[], startedAt: number): readonly string[] {
  return observations
    .filter(({ outcome }) => outcome === 'allow')
    .flatMap((allow) => {
      const { node, token, sentAt } = allow
      const revokedAt = token.revokedAt ?? Number.POSITIVE_INFINITY
      const deadline = node === 'issuer' ? revokedAt : revokedAt + maxStalenessMs
      const refusedBefore = observations.some(
        (one) => one.node === node && one.token === token && one.outcome === 'revoked' && one.answeredAt < sentAt,
      )
      const seconds = ((sentAt - startedAt) / 1000).toFixed(2)
      if (sentAt > deadline) return [`${node} allowed ${token.name} at ${seconds} s, after its time`]
      return refusedBefore ? [`${node} allowed ${token.name} at ${seconds} s, having refused it`] : []
    })
}

interface Seen {
  readonly startedAt: number
  readonly observations: readonly Observation[]
  readonly events: readonly { readonly at: number; readonly text: string }[]
  readonly tokens: readonly Watched[]
}

/** One row a second; a cell counts the answers by what they were. */
function tableOf(title: string, { startedAt, observations, events, tokens }: Seen): string {
  const secondOf = (at: number) => Math.floor((at - startedAt) / 1000)
  const last = Math.max(0, ...observations.map(({ answeredAt }) => secondOf(answeredAt)))
  const columns = tokens.flatMap((token) => (['issuer', 'sidecar'] as const).map((node) => ({ node, token })))
  const rows = Array.from({ length: last + 1 }, (_, second) => [
    String(second),
    ...columns.map(({ node, token }) => {
      const mine = observations.filter((one) => one.node === node && one.token === token)
      return countOutcomes(mine.filter((one) => secondOf(one.answeredAt) === second))
    }),
    events
      .filter(({ at }) => secondOf(at) === second)
      .map(({ text }) => text)
      .join('; '),
  ])
  const head = ['s', ...columns.map(({ node, token }) => `${node}: ${token.name}`), 'event']
  return `\n${title}\n${align([head, ...rows])}\n`
}

function countOutcomes(observations: readonly Observation[]): string {
  const counts = new Map<Outcome, number>()
  for (const { outcome } of observations) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  return [...counts].map(([outcome, count]) => `${outcome} ${count}`).join(' ') || '-'
}

function align(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
