// Token kind × who asks × Revoke and RevokeAll, every cell: the tables of docs/token-service.md are what is asserted, so
// that the page cannot say anything else than the service does.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { refsOf } from '../../../src/denylist/vocabulary.ts'
import type { CallerIdentity } from '../../../src/issuing/callers.ts'
import { kindOf, type TokenKind, tokenKinds } from '../../../src/revoking/kinds.ts'
import { type RevokeAllTarget, revokeAllTargets } from '../../../src/revoking/request.ts'
import { identityOf, readProfile } from '../../../src/tokens/profile.ts'
import { tokenVerifier } from '../../../src/tokens/verifier.ts'
import { createFakeClock } from '../../support/fakes/clock.ts'
import { createLiveDenylist } from '../../support/issuing/live-denylist.ts'
import { access, callerWith, createWorld, reasonOf } from '../../support/issuing/world.ts'
import { type Claims, commons, issuersByIss } from '../../support/tokens.ts'

const page = readFileSync(new URL('../../../docs/token-service.md', import.meta.url), 'utf8')

interface Cell {
  readonly row: string
  readonly column: string
  readonly expected: string
}

/** The cells of the table below `<!-- matrix: name -->`. */
function cellsOf(name: string): readonly Cell[] {
  const [, below = ''] = page.split(`<!-- matrix: ${name} -->\n\n`)
  const lines = below.slice(0, below.indexOf('\n\n')).split('\n')
  const [head = [], , ...rows] = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  )
  const [, ...columns] = head
  return rows.flatMap(([row = '', ...cells]) =>
    columns.map((column, index) => ({ row, column, expected: cells[index] ?? 'missing' })),
  )
}

/** Of user 42 and client `web`, one of each kind. */
const tokens: Readonly<Record<TokenKind, string>> = {
  access: tokenOf({}),
  task: tokenOf({ aud: ['FOO'], context: { task_token_type: 'FOO' } }),
  api_key: tokenOf({ pur: 'api_key' }),
  refresh: tokenOf({ pur: 'refresh' }),
  session: tokenOf({ pur: 'session' }),
  upstream: tokenOf({ pur: 'upstream' }),
  transaction: tokenOf({ pur: undefined, txn: 'txn-1' }, 'txntoken+jwt'),
  id: tokenOf({ pur: 'id' }),
  other: tokenOf({ pur: 'unheard-of' }),
}

function tokenOf(claims: Claims, typ = 'JWT'): string {
  return access({ jti: 'target', azp: 'web', ...claims }, { header: { typ } })
}

const dns = (name: string) => ({ identity: { dns: name }, name })
const callers = {
  on_behalf: callerWith({ ...dns('portal'), revoke: 'on_behalf' }),
  client: callerWith({ ...dns('web'), revoke: 'own_client', client_id: 'web' }),
  other: callerWith({ ...dns('other'), revoke: 'own_client', client_id: 'other' }),
  admin: callerWith({ ...dns('admin'), revoke: 'any', revoke_all: ['subject'] }),
  any: callerWith({ ...dns('any'), revoke: 'any' }),
}

interface Asker {
  readonly caller?: ReturnType<typeof callerWith>
  /** Given the token that it is about. */
  readonly revokerToken?: (token: string) => string
}

const askers: Readonly<Record<string, Asker>> = {
  itself: { caller: callers.on_behalf, revokerToken: (token) => token },
  owner: { caller: callers.on_behalf, revokerToken: () => access({ jti: 'owner', context: {} }) },
  'another user': { caller: callers.on_behalf, revokerToken: () => access({ jti: 'other', sub: '43', context: {} }) },
  'its client': { caller: callers.client },
  'another client': { caller: callers.other },
  admin: { caller: callers.admin },
  nobody: {},
}

async function setUp() {
  const clock = createFakeClock()
  const live = await createLiveDenylist(clock)
  const world = createWorld({ clock, live })
  /** As the server does it: first who, then what. */
  async function asked(
    { caller, revokerToken = () => '' }: Asker,
    token: string,
    call: (caller: ReturnType<typeof callerWith>, revokerToken: string) => Promise<Parameters<typeof reasonOf>[0]>,
  ): Promise<string> {
    const identity: CallerIdentity | undefined = caller && { kind: 'tls', spiffe: [], dns: [caller.name] }
    const who = world.callers(caller === undefined ? [] : [caller]).identify(identity)
    return reasonOf(who.ok ? await call(who.value, revokerToken(token)) : who)
  }
  return { ...world, live, asked }
}

type World = Awaited<ReturnType<typeof setUp>>

async function isRefused(token: string, { live, own }: World): Promise<boolean> {
  const issuers = issuersByIss({ ...own, types: new Set([...own.types, 'txntoken+jwt']) })
  const verified = await tokenVerifier.verify(token, { issuers, keys: 'any', nowSeconds: undefined })
  const profile = verified.ok && readProfile(verified.value.claims)
  if (!verified.ok || profile === false || !profile.ok) throw new Error('The token cannot be read')
  return live.denylist.lookup(refsOf(identityOf(verified.value, profile.value))) !== 'clear'
}

function kindIn(row: string): TokenKind {
  const kind = Object.keys(tokenKinds).find((name): name is TokenKind => name === row)
  if (kind === undefined) throw new Error(`There is no kind ${row}`)
  return kind
}

function askerIn(column: string): Asker {
  const asker = askers[column]
  if (asker === undefined) throw new Error(`Nobody is ${column}`)
  return asker
}

describe.each(['Revoke', 'RevokeAll'])('the matrix of %s', (method) => {
  const cells = cellsOf(method)

  it('has every kind and everybody', () => {
    expect(cells).toHaveLength(Object.keys(tokenKinds).length * Object.keys(askers).length)
  })

  it.each(cells)('$row, $column: $expected', async ({ row, column, expected }) => {
    const world = await setUp()
    const token = tokens[kindIn(row)]
    expect(await isRefused(token, world)).toBe(false)
    const outcome = await world.asked(askerIn(column), token, (caller, revokerToken) =>
      method === 'Revoke'
        ? world.revoke({ token, revokerToken }, caller)
        : world.revokeAll({ target: { by: 'subject', id: '42' }, revokerToken }, caller),
    )
    expect(outcome).toBe(expected)
    expect(await isRefused(token, world)).toBe(expected === 'ok')
  })

  it('is about tokens of the kinds that it names', async () => {
    for (const [name, token] of Object.entries(tokens)) {
      const issuers = issuersByIss(commons({ types: new Set(['jwt', 'txntoken+jwt']) }))
      const verified = await tokenVerifier.verify(token, { issuers, keys: 'any', nowSeconds: undefined })
      if (!verified.ok) throw new Error(verified.reason)
      const profile = readProfile(verified.value.claims)
      if (!profile.ok) throw new Error(profile.reason)
      expect(kindOf(verified.value, profile.value)).toBe(name)
    }
  })
})

describe('the matrix of targets', () => {
  const ids: Readonly<Record<RevokeAllTarget['by'], string>> = {
    subject: '42',
    client_id: 'web',
    key_id: 'current-ES256',
    transaction: 'txn-1',
  }
  const ofUser: Asker = {
    caller: callers.on_behalf,
    revokerToken: () => access({ jti: 'owner', azp: 'web', txn: 'txn-1', context: {} }),
  }
  const columns: Readonly<Record<string, (by: RevokeAllTarget['by']) => Asker>> = {
    on_behalf: () => ofUser,
    own_client: () => ({ caller: callers.client }),
    'revoke: any': () => ({ caller: callers.any }),
    'this right': (by) => ({ caller: callerWith({ ...dns('right'), revoke_all: [by], revoke: 'none' }) }),
    'every other': (by) => ({
      caller: callerWith({
        ...dns('others'),
        revoke: 'none',
        revoke_all: revokeAllTargets.filter((other) => other !== by),
      }),
    }),
    nobody: () => ({}),
  }
  const cells = cellsOf('targets')

  it('has every target and everybody', () => {
    expect(cells).toHaveLength(revokeAllTargets.length * Object.keys(columns).length)
  })

  it.each(cells)('$row, $column: $expected', async ({ row, column, expected }) => {
    const world = await setUp()
    const by = revokeAllTargets.find((target) => target === row)
    const asker = by && columns[column]?.(by)
    if (by === undefined || asker === undefined) throw new Error('The table has a row or column that means nothing')
    const outcome = await world.asked(asker, '', (caller, revokerToken) =>
      world.revokeAll({ target: { by, id: ids[by] }, revokerToken }, caller),
    )
    expect(outcome).toBe(expected)
    const named = tokenOf({ txn: 'txn-1' })
    expect(await isRefused(named, world)).toBe(expected === 'ok')
  })
})
