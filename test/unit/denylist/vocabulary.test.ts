// Names become members as the design says, and a token answers to every way it can be revoked.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Dimension } from '../../../src/denylist/port.ts'
import { memberOf, refsOf, type TokenIdentity } from '../../../src/denylist/vocabulary.ts'

const issuer = 'https://commons.example/user'
const hex = (dimension: Dimension, id: string) => memberOf(dimension, issuer, id).toString('hex')

const plain: TokenIdentity = { issuer, jti: 'token-1', keyId: 'key-1', issuedAt: 1_800_000_000 }

function shape(token: TokenIdentity) {
  const { marks, epochs } = refsOf(token)
  return {
    marks: marks.map(({ reason, member }) => `${reason} ${member.toString('hex')}`),
    epochs: epochs.map(({ reason, member, issuedAt }) => `${reason} ${member.toString('hex')} ${issuedAt}`),
  }
}

describe('a member', () => {
  it('is the first 16 bytes of SHA-256 of the JSON array of dimension, issuer and id', () => {
    const digest = createHash('sha256').update('["jti","https://commons.example/user","a\\"b"]').digest('hex')
    expect(hex('jti', 'a"b')).toBe(digest.slice(0, 32))
  })

  it('differs for any two different names, whatever characters they contain', () => {
    const name = fc.tuple(
      fc.constantFrom<Dimension>('jti', 'subject', 'subject_sessions', 'client_id', 'key_id', 'transaction'),
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(
      fc.property(name, name, (a, b) => {
        const same = a.every((part, i) => part === b[i])
        expect(memberOf(...a).equals(memberOf(...b))).toBe(same)
      }),
    )
  })

  it('keeps lone surrogates apart', () => {
    expect(hex('jti', '\ud800')).not.toBe(hex('jti', '\udfff'))
  })
})

describe('a token', () => {
  it('answers to its id and its key', () => {
    expect(shape(plain)).toEqual({
      marks: [`token_revoked ${hex('jti', 'token-1')}`, `key_revoked ${hex('key_id', 'key-1')}`],
      epochs: [],
    })
  })

  it('answers to subject, sessions, client and transaction where it names them', () => {
    const token = { ...plain, subject: 'u1', clientId: 'portal', transaction: 't1' }
    expect(shape(token).marks).toContain(`transaction_revoked ${hex('transaction', 't1')}`)
    expect(shape(token).epochs).toEqual([
      `subject_revoked ${hex('subject', 'u1')} 1800000000`,
      `subject_revoked ${hex('subject_sessions', 'u1')} 1800000000`,
      `client_revoked ${hex('client_id', 'portal')} 1800000000`,
    ])
  })

  it.each([
    ['an empty client', { clientId: '' }],
    ['an empty subject', { subject: '' }],
    ['an empty transaction', { transaction: '' }],
  ])('does not answer to %s', (_, more) => {
    expect(shape({ ...plain, ...more })).toEqual(shape(plain))
  })

  it('minted from an API key answers to that key, is as old as it, and is no session', () => {
    const token = { ...plain, subject: 'u1', apiKey: { jti: 'api-1', issuedAt: 1_700_000_000 } }
    expect(shape(token).marks).toContain(`api_key_revoked ${hex('jti', 'api-1')}`)
    expect(shape(token).epochs).toEqual([`subject_revoked ${hex('subject', 'u1')} 1700000000`])
  })

  it('that is an API key itself answers with that reason, and is no session', () => {
    const token = { ...plain, subject: 'u1', isApiKey: true }
    expect(shape(token).marks).toContain(`api_key_revoked ${hex('jti', 'token-1')}`)
    expect(shape(token).epochs).toEqual([`subject_revoked ${hex('subject', 'u1')} 1800000000`])
  })

  it('is as old as the first token of its transaction', () => {
    const [epoch] = refsOf({ ...plain, subject: 'u1', rootIssuedAt: 1_600_000_000 }).epochs
    expect(epoch?.issuedAt).toBe(1_600_000_000)
  })

  it('is never younger than it says, whatever its root says', () => {
    const [epoch] = refsOf({ ...plain, subject: 'u1', rootIssuedAt: 1_900_000_000 }).epochs
    expect(epoch?.issuedAt).toBe(plain.issuedAt)
  })
})
