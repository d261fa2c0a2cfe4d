// What the entry of a caller allows it to mint. The default is nothing.
import { describe, expect, it } from 'vitest'
import { mayAskForTaskType, mayMintFor, mayUseGrant, type Wish } from '../../../src/issuing/rights.ts'
import { callerWith, issueRights } from '../../support/issuing/world.ts'

const wish: Wish = { kind: 'access', subject: 'user-1', scopes: ['openid', 'user'], hasUser: true }

describe('an entry without rights', () => {
  const nobody = callerWith({ issue: {} })
  it('may use no grant', () => {
    const grants = ['api_key', 'subject', 'transaction', 'replacement', 'upstream'] as const
    expect(grants.filter((grant) => mayUseGrant(nobody, grant))).toEqual([])
  })
  it('may ask for no task type and mint for no subject', () => {
    expect(mayAskForTaskType(nobody, 'WORKFLOW')).toBe(false)
    expect(mayMintFor(nobody, { kind: 'access', subject: 'x', scopes: [], hasUser: false })).toBe(false)
  })
})

describe('the subject grant needs every right', () => {
  it.each<[string, object, Partial<Wish>, boolean]>([
    ['all of them', {}, {}, true],
    ['another kind', { kinds: ['api_key'] }, {}, false],
    ['the exact subject', { subjects: ['user-1'] }, {}, true],
    ['another subject', { subjects: ['user-2'] }, {}, false],
    ['a subject that begins like the exact one', { subjects: ['user-1'] }, { subject: 'user-12' }, false],
    ['a subject by its beginning', { subjects: ['job-*', 'user-*'] }, {}, true],
    ['the bare beginning', { subjects: ['user-*'] }, { subject: 'user-' }, true],
    ['a subject with another beginning', { subjects: ['user-*'] }, { subject: 'xuser-1' }, false],
    ['a beginning in another case', { subjects: ['USER-*'] }, {}, false],
    ['a subject that is a star itself', { subjects: ['user-1'] }, { subject: '*' }, false],
    ['all scopes by name', { scopes: ['user', 'openid'] }, {}, true],
    ['one scope too many', { scopes: ['openid'] }, {}, false],
    ['no scopes', { scopes: [] }, { scopes: [] }, true],
    ['a scope by its beginning, which is no pattern', { scopes: ['openid', 'user'] }, { scopes: ['user2'] }, false],
    ['a user object without the right', { user: false }, {}, false],
    ['no user object and no right to it', { user: false }, { hasUser: false }, true],
  ])('%s', (_name, rights, changes, allowed) => {
    expect(mayMintFor(issueRights(rights), { ...wish, ...changes })).toBe(allowed)
  })
})

describe('task types', () => {
  it.each<[string, readonly string[], boolean]>([
    ['by the exact name', ['WORKFLOW'], true],
    ['by the star', ['*'], true],
    ['by a beginning', ['WORK*'], true],
    ['not by another name', ['TES'], false],
    ['not by none', [], false],
  ])('%s', (_name, types, allowed) => {
    expect(mayAskForTaskType(issueRights({ task_types: types }), 'WORKFLOW')).toBe(allowed)
  })
})
