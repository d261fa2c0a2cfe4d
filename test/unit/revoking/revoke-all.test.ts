// RevokeAll: who may, what is stored for each target, what is refused and what stays good afterwards, and how epochs
// combine. The rights of each kind of token are in rights-matrix.test.ts.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { refsOf, type TokenIdentity } from '../../../src/denylist/vocabulary.ts'
import type { RevokeAllRequest, RevokeAllTarget } from '../../../src/revoking/request.ts'
import { createFakeClock } from '../../support/fakes/clock.ts'
import { createLiveDenylist } from '../../support/issuing/live-denylist.ts'
import {
  access,
  apiKey,
  byApiKey,
  bySubject,
  callerWith,
  createWorld,
  FOREIGN_ISSUER,
  foreignIssuerKey,
  GRACE_SECONDS,
  good,
  NOW,
  payloadOf,
  reasonOf,
  revokedAll,
  type WorldOptions,
} from '../../support/issuing/world.ts'
import { apiKeyClaims, ISSUER, ownKey, validClaims } from '../../support/tokens.ts'

const LEEWAY = 30
const DAY = 86_400
const targets = ['subject', 'client_id', 'key_id', 'transaction'] as const

const everything = callerWith({ name: 'admin', revoke: 'any', revoke_all: [...targets] })
const user = (id: string): RevokeAllTarget => ({ by: 'subject', id })

async function liveWorld(options: WorldOptions = {}) {
  const clock = createFakeClock()
  const live = await createLiveDenylist(clock)
  return { live, ...createWorld({ ...options, clock, live }) }
}

describe('what is stored', () => {
  it.each<[string, Partial<RevokeAllRequest>, object, number | undefined]>([
    [
      'an epoch of the subject',
      { target: user('42') },
      { dimension: 'subject', issuer: ISSUER, id: '42', plusSeconds: 0 },
      NOW,
    ],
    [
      'an epoch of the subject without its API keys',
      { target: user('42'), keepApiKeys: true },
      { dimension: 'subject_sessions', issuer: ISSUER, id: '42', plusSeconds: 0 },
      NOW,
    ],
    [
      'an epoch of the client',
      { target: { by: 'client_id', id: 'web' } },
      { dimension: 'client_id', issuer: ISSUER, id: 'web', plusSeconds: 0 },
      NOW,
    ],
    [
      'for an issuer with clocks of its own: an epoch as much later as those may be ahead',
      { target: user('42'), issuer: FOREIGN_ISSUER },
      { dimension: 'subject', issuer: FOREIGN_ISSUER, id: '42', plusSeconds: LEEWAY },
      NOW + LEEWAY,
    ],
    [
      'a signing key, for ever',
      { target: { by: 'key_id', id: 'leaked' } },
      { dimension: 'key_id', issuer: ISSUER, id: 'leaked' },
      undefined,
    ],
    [
      'a transaction, for as long as any token of it could be used or replaced',
      { target: { by: 'transaction', id: 'txn-1' } },
      {
        dimension: 'transaction',
        issuer: ISSUER,
        id: 'txn-1',
        until: NOW + 30 * DAY + 14 * DAY + LEEWAY + GRACE_SECONDS,
      },
      undefined,
    ],
  ])('%s', async (_name, request, stored, notBefore) => {
    const world = createWorld({ replaceExpiredWithinMs: 14 * DAY * 1000 })
    const outcome = revokedAll(await world.revokeAll(request, everything))
    expect(outcome).toEqual({ revision: '1-0', sidecarsApplied: 0, sidecarsKnown: 0, notBefore })
    expect(world.store.recorded).toEqual([stored])
  })

  it('waits for the mirrors where that is wanted, and says how many have it', async () => {
    const request = { target: user('42'), waitUntilApplied: true }
    expect(revokedAll(await createWorld().revokeAll(request, everything))).toMatchObject({
      sidecarsApplied: 2,
      sidecarsKnown: 3,
    })
  })

  it('names the issuer that was given, ours where none was', async () => {
    const world = createWorld()
    await world.revokeAll({ target: user('42'), issuer: ISSUER }, everything)
    await world.revokeAll({ target: user('42') }, everything)
    expect(world.store.recorded).toMatchObject([{ issuer: ISSUER }, { issuer: ISSUER }])
  })
})

describe('a request is refused', () => {
  const long = 'x'.repeat(256)
  it.each<[string, Partial<RevokeAllRequest>, string]>([
    ['without target', {}, 'a target is required'],
    ...targets.map((by): [string, Partial<RevokeAllRequest>, string] => [
      `with an empty ${by}`,
      { target: { by, id: '' } },
      'a target is required',
    ]),
    [
      'with an endless target',
      { target: user(long) },
      'the target must be 1 to 255 characters without control characters',
    ],
    [
      'with a line break in its target',
      { target: user('4\n2') },
      'the target must be 1 to 255 characters without control characters',
    ],
    ['with an unknown issuer', { target: user('42'), issuer: 'https://evil.example' }, 'issuer is not configured'],
    [
      'that would keep the API keys of a client',
      { target: { by: 'client_id', id: 'web' }, keepApiKeys: true },
      'keep_api_keys goes with subject only',
    ],
  ])('%s', async (_name, request, message) => {
    const world = createWorld()
    expect(await world.revokeAll(request, everything)).toMatchObject({ reason: { reason: 'request_invalid', message } })
    expect(world.store.recorded).toEqual([])
  })

  it('for its form only from a caller who may ask at all', async () => {
    const nobody = callerWith({ revoke: 'any' })
    expect(reasonOf(await createWorld().revokeAll({}, nobody))).toBe('caller_denied')
    expect(reasonOf(await createWorld().revokeAll({ target: user('') }, nobody))).toBe('caller_denied')
  })
})

describe('on behalf of a user', () => {
  it.each<[string, string, Partial<RevokeAllRequest>, string]>([
    ['the own subject', access(), {}, 'ok'],
    ['the own subject, by API key', apiKey(), {}, 'ok'],
    ['the own subject, keeping the API keys', access(), { keepApiKeys: true }, 'ok'],
    ['the subject of somebody else', access({ sub: '43' }), {}, 'not_owner'],
    ['the own name at another issuer', access(), { issuer: FOREIGN_ISSUER }, 'not_owner'],
    [
      'the same name at an issuer where the user is not',
      access({ iss: FOREIGN_ISSUER }, { key: foreignIssuerKey() }),
      {},
      'not_owner',
    ],
    [
      'a user at another issuer',
      access({ iss: FOREIGN_ISSUER }, { key: foreignIssuerKey() }),
      { issuer: FOREIGN_ISSUER },
      'ok',
    ],
    ['nobody', '', {}, 'request_invalid'],
    ['a user without a name', access({ sub: undefined }), {}, 'not_owner'],
    ['an expired token', access({ exp: NOW }), {}, 'revoker_invalid'],
    ['a task token', access({ context: { task_token_type: 'FOO' } }), {}, 'revoker_invalid'],
    ['a token that is none', 'blah', {}, 'revoker_invalid'],
    ['another target than a subject', access(), { target: { by: 'client_id', id: 'web' } }, 'caller_denied'],
  ])('%s', async (_name, revokerToken, request, expected) => {
    const world = createWorld()
    expect(reasonOf(await world.revokeAll({ target: user('42'), revokerToken, ...request }))).toBe(expected)
    expect(world.store.recorded).toHaveLength(expected === 'ok' ? 1 : 0)
  })

  it('a second time with the same token is refused: that token is gone with the others', async () => {
    const { revokeAll } = await liveWorld()
    const request = { target: user('42'), revokerToken: access() }
    expect(reasonOf(await revokeAll(request))).toBe('ok')
    expect(await revokeAll(request)).toMatchObject({
      reason: { reason: 'revoker_invalid', audit: { cause: 'subject_revoked' } },
    })
  })
})

describe('what cannot be told is never OK', () => {
  it.each([false, true])('a store that is down (possibly applied: %s)', async (possiblyApplied) => {
    const world = createWorld()
    world.store.setDown(possiblyApplied)
    expect(reasonOf(await world.revokeAll({ target: user('42') }, everything))).toBe('store_unavailable')
  })

  it('the time of the store', async () => {
    const world = createWorld()
    world.store.forgetTime()
    expect(reasonOf(await world.revokeAll({ target: user('42') }, everything))).toBe('store_unavailable')
  })

  it('whether the revoker token is revoked', async () => {
    const world = createWorld()
    world.denylist.setFresh(false)
    expect(reasonOf(await world.revokeAll({ target: user('42'), revokerToken: access() }))).toBe('store_unavailable')
  })

  it('a fault of our own', async () => {
    const world = createWorld()
    world.denylist.onConsult(() => {
      throw new RangeError('secret detail')
    })
    expect(await world.revokeAll({ target: user('42'), revokerToken: access() })).toMatchObject({
      reason: { reason: 'internal_error', audit: { cause: 'RangeError' } },
    })
  })
})

describe('after a call', () => {
  it('tokens issued in the same second work at once: they are issued in the next one', async () => {
    const { revokeAll, issue, live, clock } = await liveWorld()
    const before = good(await issue(bySubject()))
    clock.advance(400)
    const { notBefore } = revokedAll(await revokeAll({ target: user('42') }, everything))
    const after = good(await issue(bySubject()))
    expect(payloadOf(before.token)).toMatchObject({ iat: notBefore })
    expect(payloadOf(after.token)).toMatchObject({ iat: NOW + 1 })
    expect(standing(live.denylist, before.token)).toBe('subject_revoked')
    expect(standing(live.denylist, after.token)).toBe('clear')
  })

  it('other subjects, and the same name at another issuer, do not notice', async () => {
    const { revokeAll, issue, live } = await liveWorld()
    const other = good(await issue(bySubject({ subject: '43' })))
    revokedAll(await revokeAll({ target: user('42') }, everything))
    expect(standing(live.denylist, other.token)).toBe('clear')
    expect(standing(live.denylist, access({ iss: FOREIGN_ISSUER }))).toBe('clear')
  })

  it('an API key that was stolen before mints nothing more', async () => {
    const { revokeAll, issue, clock } = await liveWorld()
    revokedAll(await revokeAll({ target: user('42') }, everything))
    clock.advance(60_000)
    expect(reasonOf(await issue(byApiKey()))).toBe('api_key_revoked')
  })

  it('a token minted from such an API key is as old as the key, whenever it was minted', async () => {
    const { revokeAll, live } = await liveWorld()
    const root = { api_key: { jti: 'stolen', iat: NOW - 60, exp: NOW + DAY } }
    revokedAll(await revokeAll({ target: user('42') }, everything))
    expect(standing(live.denylist, access({ iat: NOW + 100, exp: NOW + 200, context: root }))).toBe('subject_revoked')
  })

  it('with keep_api_keys, sessions end, and API keys and what is minted from them do not', async () => {
    const { revokeAll, issue, live } = await liveWorld()
    const session = good(await issue(bySubject()))
    const fromKey = good(await issue(byApiKey()))
    revokedAll(await revokeAll({ target: user('42'), keepApiKeys: true }, everything))
    expect(standing(live.denylist, session.token)).toBe('subject_revoked')
    expect(standing(live.denylist, fromKey.token)).toBe('clear')
    expect(standing(live.denylist, apiKey())).toBe('clear')
    expect(good(await issue(byApiKey())).token).not.toBe('')
    revokedAll(await revokeAll({ target: user('42') }, everything))
    expect(standing(live.denylist, fromKey.token)).toBe('subject_revoked')
    expect(standing(live.denylist, apiKey())).toBe('subject_revoked')
  })

  it.each<[RevokeAllTarget, string]>([
    [{ by: 'client_id', id: 'web' }, 'client_revoked'],
    [{ by: 'key_id', id: ownKey().kid }, 'key_revoked'],
    [{ by: 'transaction', id: 'txn-1' }, 'transaction_revoked'],
  ])('of $by, every token that names it is refused', async (target, reason) => {
    const { revokeAll, live } = await liveWorld()
    revokedAll(await revokeAll({ target }, everything))
    const late = { iat: NOW + 100, exp: NOW + 200, txn: 'txn-1' }
    expect(standing(live.denylist, access({ azp: 'web', txn: 'txn-1', context: {} }))).toBe(reason)
    expect(standing(live.denylist, access({ azp: 'web', ...late, context: {} }))).toBe(
      target.by === 'client_id' ? 'clear' : reason,
    )
  })
})

describe('epochs', () => {
  const SPAN = 100_000
  const dimensions = ['subject', 'subject_sessions', 'client_id'] as const

  it('of several calls combine by the greatest, however the clock of the store steps', async () => {
    const call = fc.record({
      stepMs: fc.integer({ min: -SPAN * 500, max: SPAN * 500 }),
      dimension: fc.constantFrom(...dimensions),
      id: fc.constantFrom('a', 'b'),
      issuer: fc.constantFrom(ISSUER, FOREIGN_ISSUER),
    })
    const token = fc.record({
      issuer: fc.constantFrom(ISSUER, FOREIGN_ISSUER),
      subject: fc.constantFrom('a', 'b'),
      clientId: fc.constantFrom('a', 'b', undefined),
      issuedAt: fc.integer({ min: NOW - SPAN, max: NOW + SPAN }),
      rootIat: fc.option(fc.integer({ min: NOW - SPAN, max: NOW + SPAN })),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { maxLength: 8 }),
        fc.array(token, { minLength: 1, maxLength: 8 }),
        async (calls, tokens) => {
          const { revokeAll, live, clock } = await liveWorld()
          const greatest = new Map<string, number>()
          for (const { stepMs, dimension, id, issuer } of calls) {
            clock.stepWall(stepMs)
            await live.sync()
            const by = dimension === 'client_id' ? dimension : 'subject'
            const keepApiKeys = dimension === 'subject_sessions'
            const { notBefore = 0 } = revokedAll(
              await revokeAll({ target: { by, id }, issuer, keepApiKeys }, everything),
            )
            const key = `${dimension} ${issuer} ${id}`
            greatest.set(key, Math.max(greatest.get(key) ?? 0, notBefore))
          }
          await live.sync()
          for (const { issuer, subject, clientId, issuedAt, rootIat } of tokens) {
            const apiKey = rootIat === null ? undefined : { jti: 'root', issuedAt: rootIat }
            const identity: TokenIdentity = { issuer, jti: 'j', keyId: 'k', issuedAt, subject, clientId, apiKey }
            const oldest = Math.min(issuedAt, rootIat ?? issuedAt)
            const epochs = [
              greatest.get(`subject ${issuer} ${subject}`),
              rootIat === null ? greatest.get(`subject_sessions ${issuer} ${subject}`) : undefined,
              greatest.get(`client_id ${issuer} ${clientId}`),
            ]
            const denied = epochs.some((epoch) => epoch !== undefined && oldest <= epoch)
            expect(live.denylist.lookup(refsOf(identity)) !== 'clear').toBe(denied)
          }
        },
      ),
      { numRuns: 300 },
    )
  }, 30_000)

  it('at the boundary: up to the second of the call, and not the one after', async () => {
    const { revokeAll, live } = await liveWorld()
    const { notBefore } = revokedAll(await revokeAll({ target: user('42') }, everything))
    expect(notBefore).toBe(NOW)
    const lookup = (issuedAt: number) =>
      live.denylist.lookup(refsOf({ issuer: ISSUER, jti: 'j', keyId: 'k', issuedAt, subject: '42' }))
    expect([lookup(NOW), lookup(NOW + 1)]).toEqual(['subject_revoked', 'clear'])
  })
})

describe('the audit', () => {
  it.each<[Partial<RevokeAllRequest>, object]>([
    [{ target: user('42') }, { kind: 'subject', sub: '42', notBefore: NOW }],
    [
      { target: user('42'), keepApiKeys: true },
      { kind: 'subject_sessions', sub: '42', notBefore: NOW },
    ],
    [{ target: { by: 'client_id', id: 'web' } }, { kind: 'client_id', azp: 'web', notBefore: NOW }],
    [{ target: { by: 'key_id', id: 'k' } }, { kind: 'key_id', kid: 'k' }],
    [{ target: { by: 'transaction', id: 't' } }, { kind: 'transaction', txn: 't' }],
  ])('says who revoked what: %j', async (request, fields) => {
    const world = createWorld()
    await world.revokeAll(request, everything)
    expect(world.log.lines).toEqual([
      {
        level: 'info',
        message: 'Revoked everything of a target',
        fields: { audit: true, method: 'revoke_all', caller: 'admin', issuer: ISSUER, revision: '1-0', ...fields },
      },
    ])
  })

  it('says what was refused, with the ids of the token that was presented and no token', async () => {
    const world = createWorld()
    const revokerToken = access({ sub: '43' })
    await world.revokeAll({ target: user('42'), revokerToken })
    expect(world.log.lines).toEqual([
      {
        level: 'warn',
        message: 'Refused a call to the token service',
        fields: {
          audit: true,
          method: 'revoke_all',
          caller: 'portal',
          reason: 'not_owner',
          detail: 'subject_differs',
          jti: validClaims.jti,
          sub: '43',
        },
      },
    ])
    for (const part of revokerToken.split('.')) expect(world.log.text()).not.toContain(part)
  })
})

/** What the denylist says of this token, as of whatever was signed by the current key. */
function standing(denylist: Awaited<ReturnType<typeof liveWorld>>['live']['denylist'], token: string) {
  const claims = payloadOf(token)
  const context = Object(claims['context'])
  const { api_key: root } = context
  return denylist.lookup(
    refsOf({
      issuer: String(claims['iss']),
      jti: String(claims['jti']),
      keyId: ownKey().kid,
      issuedAt: Number(claims['iat']),
      subject: String(claims['sub']),
      clientId: String(claims['azp'] ?? ''),
      transaction: claims['txn'] === undefined ? undefined : String(claims['txn']),
      isApiKey: claims['jti'] === apiKeyClaims.jti,
      apiKey: root === undefined ? undefined : { jti: root.jti, issuedAt: root.iat },
    }),
  )
}
