// RevokeAll through a real process: the command, the call, what a Check says before and after, and what is printed.
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientsOf, type Postern, runPostern, startPostern } from '../../support/postern.ts'

let postern: Postern
let clients: ReturnType<typeof clientsOf>

beforeAll(async () => {
  postern = await startPostern({
    config: (base) => ({
      ...base,
      callers: base.callers.map((caller) => ({ ...caller, revoke_all: ['subject', 'key_id'] })),
    }),
  })
  clients = clientsOf(postern)
})

afterAll(async () => {
  clients.close()
  await postern.close()
})

async function issueFor(subject: string): Promise<string> {
  return (await clients.tokenService.issue({ subject: { kind: 'TOKEN_KIND_ACCESS', subject } })).token
}

async function isAllowed(token: string): Promise<boolean> {
  return (await clients.authz.check({ token })).allowed
}

function revokeAll(...args: readonly string[]) {
  return runPostern(['revoke-all', '--address', postern.tokens, '--wait', ...args])
}

test('a subject is refused from then on, and gets good tokens at once', async () => {
  const [before, other] = [await issueFor('alice'), await issueFor('bob')]
  expect(await isAllowed(before)).toBe(true)
  const { code, stdout, stderr } = await revokeAll('--subject', 'alice')
  expect(stderr).toMatch(
    /^revoked what was issued up to \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z; applied by 1 of 1 sidecars\n$/,
  )
  expect(stdout).toMatch(/^\S+\n$/)
  expect(code).toBe(0)
  expect([await isAllowed(before), await isAllowed(other)]).toEqual([false, true])
  expect(await isAllowed(await issueFor('alice'))).toBe(true)
})

test('the answer says the epoch, and none for what is refused for ever', async () => {
  const seconds = { not_before: { seconds: expect.stringMatching(/^\d+$/) } }
  expect(await clients.tokenService.call('RevokeAll', { subject: 'carol' })).toMatchObject(seconds)
  expect(await clients.tokenService.call('RevokeAll', { key_id: 'leaked' })).toMatchObject({ not_before: null })
})

test.each<[string, readonly string[], number, RegExp]>([
  ['no target', [], 2, /exactly one of/],
  ['two targets', ['--subject', 'a', '--client-id', 'b'], 2, /exactly one of/],
  ['an empty target', ['--subject', ''], 1, /request_invalid/],
  [
    'an unknown issuer',
    ['--subject', 'a', '--issuer', 'https://evil.example'],
    1,
    /issuer is not configured.*request_invalid/,
  ],
  ['a right that the caller lacks', ['--client-id', 'a'], 1, /caller_denied/],
  ['a missing revoker token', ['--subject', 'a', '--revoker-token-file', join('no', 'such')], 1, /Cannot read/],
])('the command refuses %s', async (_name, args, code, words) => {
  const ended = await revokeAll(...args)
  expect(ended.stderr).toMatch(words)
  expect(ended.code).toBe(code)
})
