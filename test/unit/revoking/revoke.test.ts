// Revoke: the reference cases (R1–R13), what is nothing to revoke, what cannot be told, what is stored and for how long.
import { describe, expect, it } from 'vitest'
import {
  access,
  apiKey,
  byApiKey,
  callerWith,
  createWorld,
  FOREIGN_ISSUER,
  foreignIssuerKey,
  GRACE_SECONDS,
  good,
  NOW,
  payloadOf,
  previousKey,
  reasonOf,
  retiredKey,
  revoked,
} from '../../support/issuing/world.ts'
import { apiKeyClaims, foreignKey, ISSUER, respellings, validClaims } from '../../support/tokens.ts'

const admin = callerWith({ name: 'admin', revoke: 'any' })
const client = callerWith({ name: 'client', revoke: 'own_client', client_id: 'test-client' })
const nothing = { revision: '', sidecarsApplied: 0, sidecarsKnown: 0 }
const task = { aud: ['FOO'], jti: 'task-1', context: { task_token_type: 'FOO' } }
const LEEWAY = 30

describe('a revocation', () => {
  it('is stored under the verified issuer and id, until the token can be of no use any more', async () => {
    const world = createWorld()
    expect(await world.revoke({ token: apiKey(), revokerToken: access() })).toEqual({
      ok: true,
      value: { revision: '1-0', sidecarsApplied: 0, sidecarsKnown: 0 },
    })
    expect(world.store.recorded).toEqual([
      {
        dimension: 'jti',
        issuer: ISSUER,
        id: apiKeyClaims.jti,
        until: apiKeyClaims.exp + LEEWAY + GRACE_SECONDS,
      },
    ])
  })

  it('of an API key is kept as long as the key, however short the tokens of a Check are', async () => {
    const world = createWorld({ own: { maxLifetimeSeconds: 60 } })
    await world.revoke({ token: apiKey() }, admin)
    expect(world.store.recorded).toMatchObject([{ until: apiKeyClaims.exp + LEEWAY + GRACE_SECONDS }])
  })

  it('can be made again', async () => {
    const world = createWorld()
    const request = { token: apiKey(), revokerToken: access() }
    expect(reasonOf(await world.revoke(request))).toBe('ok')
    world.deny('jti', apiKeyClaims.jti)
    expect(reasonOf(await world.revoke(request))).toBe('ok')
  })

  it('waits for the mirrors where that is wanted, and says how many have it', async () => {
    const world = createWorld()
    const outcome = revoked(await world.revoke({ token: apiKey(), waitUntilApplied: true }, admin))
    expect(outcome).toEqual({ revision: '1-0', sidecarsApplied: 2, sidecarsKnown: 3 })
  })

  it.each([
    ['a previous key', previousKey()],
    ['a retired key', retiredKey()],
  ])('reaches a token signed by %s', async (_name, key) => {
    const world = createWorld()
    expect(revoked(await world.revoke({ token: apiKey({}, { key }) }, admin)).revision).not.toBe('')
  })

  it('reaches a token of another configured issuer, under that issuer', async () => {
    const world = createWorld()
    const token = apiKey({ iss: FOREIGN_ISSUER }, { key: foreignIssuerKey() })
    revoked(await world.revoke({ token }, admin))
    expect(world.store.recorded).toMatchObject([{ issuer: FOREIGN_ISSUER }])
  })

  it('reaches transaction tokens, whichever types the policies take', async () => {
    const world = createWorld({ own: { types: new Set(['jwt']) } })
    const token = access({ pur: undefined, txn: 't', jti: 'txn-1' }, { header: { typ: 'txntoken+jwt' } })
    expect(revoked(await world.revoke({ token }, admin)).revision).not.toBe('')
  })

  it('of a transaction token is kept for as long as it could be replaced after its expiry', async () => {
    const DAY = 86_400
    const world = createWorld({ replaceExpiredWithinMs: 14 * DAY * 1000 })
    const token = access({ pur: undefined, txn: 't', jti: 'txn-1', iat: NOW - DAY, exp: NOW - DAY + 60 })
    revoked(await world.revoke({ token }, admin))
    expect(world.store.recorded).toMatchObject([{ until: NOW - DAY + 60 + 14 * DAY + LEEWAY + GRACE_SECONDS }])
    expect(await world.revoke({ token: apiKey({ iat: NOW - DAY, exp: NOW - DAY + 60 }) }, admin)).toEqual({
      ok: true,
      value: nothing,
    })
  })
})

describe('nothing to revoke is OK, stores nothing and is audited', () => {
  const broken = apiKey()
  it.each<[string, string, string]>([
    ['R4 a text that is no token', 'blah', 'credential_malformed'],
    ['a token that is far too long', 'a'.repeat(9000), 'token_too_large'],
    [
      'a token in another spelling',
      `${broken.slice(0, broken.lastIndexOf('.') + 1)}${respellings(broken.slice(broken.lastIndexOf('.') + 1))[0]}`,
      'credential_malformed',
    ],
    ['a forged signature', `${broken.slice(0, -4)}AAAA`, 'signature_invalid'],
    ['a key of ours that does not exist', apiKey({}, { key: foreignKey() }), 'key_unknown'],
    [
      'an issuer that is not configured',
      apiKey({ iss: 'https://evil.example' }, { key: foreignKey() }),
      'issuer_unknown',
    ],
    ['no algorithm', apiKey({}, { header: { alg: 'none' } }), 'algorithm_refused'],
    ['an algorithm that is not ours', apiKey({}, { header: { alg: 'HS256' } }), 'algorithm_refused'],
    ['a critical extension', apiKey({}, { header: { crit: ['x'] } }), 'type_refused'],
    ['no id', apiKey({ jti: undefined }), 'claims_invalid'],
    ['no expiry', apiKey({ exp: undefined }), 'claims_invalid'],
    ['a context that is no object', apiKey({ context: [] }), 'claims_invalid'],
    ['R3 an expired token', access({ exp: NOW - 3600, iat: NOW - 7200, azp: 'test-client' }), 'token_expired'],
  ])('%s', async (_name, token, outcome) => {
    const world = createWorld()
    for (const caller of [admin, client, callerWith()]) {
      expect(await world.revoke({ token, revokerToken: access() }, caller)).toEqual({ ok: true, value: nothing })
    }
    expect(world.store.recorded).toEqual([])
    expect(world.log.lines).toHaveLength(3)
    for (const { fields, message } of world.log.lines) {
      expect(message).toBe('There was nothing to revoke')
      expect(fields).toMatchObject({ audit: true, method: 'revoke', outcome, revision: '' })
    }
  })

  it('but only for a caller who may revoke something', async () => {
    expect(reasonOf(await createWorld().revoke({ token: 'blah' }, callerWith({ revoke: 'none' })))).toBe(
      'caller_denied',
    )
  })

  it('a token that has just expired is stored: a slow clock would still take it', async () => {
    const world = createWorld()
    revoked(await world.revoke({ token: apiKey({ exp: NOW - LEEWAY + 1 }) }, admin))
    expect(world.store.recorded).toHaveLength(1)
  })
})

describe('what cannot be told is never OK', () => {
  it('keys of a configured issuer that were never there', async () => {
    const world = createWorld()
    world.foreignRing.setUnavailable(true)
    const token = apiKey({ iss: FOREIGN_ISSUER }, { key: foreignIssuerKey() })
    expect(reasonOf(await world.revoke({ token }, admin))).toBe('keys_unavailable')
  })

  it('an unknown key, while the key set could not be had lately', async () => {
    const world = createWorld()
    const token = apiKey({ iss: FOREIGN_ISSUER }, { key: foreignKey() })
    world.clock.advance(60_000)
    expect(reasonOf(await world.revoke({ token }, admin))).toBe('ok')
    world.clock.advance(1)
    expect(reasonOf(await world.revoke({ token }, admin))).toBe('keys_unavailable')
  })

  it('an unknown key of ours, while the key directory cannot be read', async () => {
    const world = createWorld()
    world.clock.advance(60_001)
    expect(reasonOf(await world.revoke({ token: apiKey({}, { key: foreignKey() }) }, admin))).toBe('keys_unavailable')
  })

  it('an unknown key that turns up in a refresh', async () => {
    const world = createWorld()
    world.foreignRing.onRefresh(async () => world.foreignRing.put(foreignKey()))
    const token = apiKey({ iss: FOREIGN_ISSUER }, { key: foreignKey() })
    expect(revoked(await world.revoke({ token }, admin)).revision).not.toBe('')
  })

  it.each([
    [false, 'The revocation store is not available', 'not_applied'],
    [true, 'The revocation may have been recorded or not: repeat the call', 'possibly_applied'],
  ])('a store that is down (possibly applied: %s)', async (possiblyApplied, message, cause) => {
    const world = createWorld()
    world.store.setDown(possiblyApplied)
    expect(await world.revoke({ token: apiKey() }, admin)).toEqual({
      ok: false,
      reason: { reason: 'store_unavailable', message, audit: { cause, jti: apiKeyClaims.jti } },
    })
  })

  it('the time of the store', async () => {
    const world = createWorld()
    world.store.forgetTime()
    expect(reasonOf(await world.revoke({ token: apiKey() }, admin))).toBe('store_unavailable')
    expect(reasonOf(await world.revoke({ jti: 'x', issuer: ISSUER }, admin))).toBe('store_unavailable')
  })

  it('whether the revoker token is revoked', async () => {
    const world = createWorld()
    world.denylist.setFresh(false)
    expect(reasonOf(await world.revoke({ token: apiKey(), revokerToken: access() }))).toBe('store_unavailable')
  })

  it('a fault of our own', async () => {
    const world = createWorld()
    world.denylist.onConsult(() => {
      throw new RangeError('secret detail')
    })
    expect(await world.revoke({ token: apiKey(), revokerToken: access() })).toMatchObject({
      reason: { reason: 'internal_error', audit: { cause: 'RangeError' } },
    })
  })
})

describe('kinds', () => {
  it.each<[string, string, string]>([
    ['R5 an ID token', access({ pur: 'id', azp: 'test-client' }), 'not_revocable'],
    ['R7.2 a plain access token', access({ azp: 'test-client' }), 'not_revocable'],
    ['R10 a task token for everybody', access({ ...task, aud: ['gen3', 'FOO'], azp: 'test-client' }), 'ok'],
    ['R2.2 a refresh token', access({ pur: 'refresh', azp: 'test-client' }), 'ok'],
    ['a session token', access({ pur: 'session', azp: 'test-client' }), 'ok'],
    ['an upstream token', access({ pur: 'upstream', azp: 'test-client' }), 'ok'],
  ])('%s', async (_name, token, reason) => {
    expect(reasonOf(await createWorld().revoke({ token }, client))).toBe(reason)
  })

  it('a plain access token can be revoked where the configuration lists it', async () => {
    const world = createWorld({ signing: { revocable: ['access'] } })
    expect(reasonOf(await world.revoke({ token: access({ azp: 'test-client' }) }, client))).toBe('ok')
  })
})

describe('logout: a token as its own revoker', () => {
  it.each<[string, string]>([
    ['R7 exception: a plain access token', access()],
    ['R8.1 an API key', apiKey()],
    ['R8.2, R13.1 a task token, which may revoke nothing else', access(task)],
    ['a session token', access({ pur: 'session' })],
    ['a refresh token', access({ pur: 'refresh' })],
  ])('%s', async (_name, token) => {
    const world = createWorld()
    expect(revoked(await world.revoke({ token, revokerToken: token })).revision).not.toBe('')
    expect(world.store.recorded).toMatchObject([{ id: payloadOf(token)['jti'] }])
  })

  it('is told by the id, not by the text', async () => {
    const world = createWorld()
    const [one, other] = [access(), access()]
    expect(one).not.toBe(other)
    expect(reasonOf(await world.revoke({ token: one, revokerToken: other }))).toBe('ok')
  })

  it('is not told by the id alone: another issuer may use the same', async () => {
    const world = createWorld()
    const foreign = access({ iss: FOREIGN_ISSUER }, { key: foreignIssuerKey() })
    expect(reasonOf(await world.revoke({ token: access(), revokerToken: foreign }))).toBe('not_owner')
  })

  it('can be repeated, although the token is revoked by then', async () => {
    const world = createWorld()
    world.deny('jti', validClaims.jti)
    expect(reasonOf(await world.revoke({ token: access(), revokerToken: access() }))).toBe('ok')
  })

  it('does not reach an ID token', async () => {
    const token = access({ pur: 'id' })
    expect(reasonOf(await createWorld().revoke({ token, revokerToken: token }))).toBe('not_revocable')
  })

  it('works for a caller with any right over that token, and gives no right over others', async () => {
    const mine = access({ azp: 'test-client' })
    const other = access({ azp: 'other-client' })
    expect(reasonOf(await createWorld().revoke({ token: mine, revokerToken: mine }, client))).toBe('ok')
    expect(reasonOf(await createWorld().revoke({ token: other, revokerToken: other }, client))).toBe('not_owner')
    expect(reasonOf(await createWorld().revoke({ token: other, revokerToken: other }, admin))).toBe('ok')
  })
})

describe('by id', () => {
  const request = { jti: 'some-id', issuer: ISSUER }

  it('is kept as long as any token of the issuer could live', async () => {
    const world = createWorld({ replaceExpiredWithinMs: 60_000 })
    revoked(await world.revoke(request, admin))
    expect(world.store.recorded).toEqual([
      { dimension: 'jti', issuer: ISSUER, id: 'some-id', until: NOW + 30 * 86_400 + 60 + LEEWAY + GRACE_SECONDS },
    ])
  })

  it('of an issuer that is not configured is nothing', async () => {
    const world = createWorld()
    expect(await world.revoke({ ...request, issuer: 'https://evil.example' }, admin)).toEqual({
      ok: true,
      value: nothing,
    })
    expect(world.store.recorded).toEqual([])
  })

  it.each(['on_behalf', 'own_client'])('is not for a caller with the right %s', async (revoke) => {
    const caller = callerWith({ revoke, client_id: 'c' })
    expect(reasonOf(await createWorld().revoke(request, caller))).toBe('caller_denied')
  })

  it.each<[string, object]>([
    ['nothing at all', {}],
    ['an id without its issuer', { jti: 'x' }],
    ['an issuer without an id', { issuer: ISSUER }],
    ['a token and an id', { token: apiKey(), jti: 'x', issuer: ISSUER }],
    ['a token and an issuer', { token: apiKey(), issuer: ISSUER }],
    ['an endless id', { jti: 'x'.repeat(129), issuer: ISSUER }],
    ['an id with a line break', { jti: 'x\n', issuer: ISSUER }],
  ])('%s is no request', async (_name, fields) => {
    expect(reasonOf(await createWorld().revoke(fields, admin))).toBe('request_invalid')
  })
})

describe('what is issued', () => {
  it('from a revoked API key carries the id that was revoked', async () => {
    const world = createWorld()
    const token = good(await world.issue(byApiKey()))
    revoked(await world.revoke({ token: apiKey() }, admin))
    const [stored] = world.store.recorded
    expect(payloadOf(token.token)).toMatchObject({
      context: { api_key: { jti: stored && 'id' in stored && stored.id } },
    })
  })
})

describe('the audit', () => {
  it('says who revoked what, with ids and without the tokens', async () => {
    const world = createWorld()
    const presented = [apiKey(), access()]
    await world.revoke({ token: presented[0] ?? '', revokerToken: presented[1] ?? '' })
    expect(world.log.lines).toEqual([
      {
        level: 'info',
        message: 'Revoked a token',
        fields: {
          audit: true,
          method: 'revoke',
          caller: 'portal',
          outcome: 'recorded',
          issuer: ISSUER,
          jti: apiKeyClaims.jti,
          sub: '42',
          kind: 'api_key',
          revision: '1-0',
        },
      },
    ])
    for (const part of presented.flatMap((text) => text.split('.'))) expect(world.log.text()).not.toContain(part)
  })

  it('says what was refused, with the cause that the caller is not told', async () => {
    const world = createWorld()
    await world.revoke({ token: apiKey(), revokerToken: access({ exp: NOW }) })
    expect(world.log.lines).toEqual([
      {
        level: 'warn',
        message: 'Refused a call to the token service',
        fields: {
          audit: true,
          method: 'revoke',
          caller: 'portal',
          reason: 'revoker_invalid',
          detail: 'token_expired',
          jti: validClaims.jti,
          sub: '42',
        },
      },
    ])
  })
})
