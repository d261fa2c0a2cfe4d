// A signing key leaks: `postern keys revoke` against a running process. Its tokens are refused, new ones are signed by
// another key at once, and the rules of `promote` and `retire` are those of the configuration.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientsOf, type Postern, runPostern, startPostern } from '../../support/postern.ts'

let postern: Postern
let clients: ReturnType<typeof clientsOf>

beforeAll(async () => {
  postern = await startPostern({
    config: (base) => ({
      ...base,
      callers: base.callers.map((caller) => ({ ...caller, revoke_all: ['key_id'] })),
    }),
  })
  clients = clientsOf(postern)
})

afterAll(async () => {
  clients.close()
  await postern.close()
})

function keys(command: string, ...args: readonly string[]) {
  return runPostern(['keys', command, '--directory', postern.keysFolder, ...args])
}

async function issue(): Promise<{ token: string; kid: string | undefined }> {
  const { token } = await clients.tokenService.issue({ subject: { kind: 'TOKEN_KIND_ACCESS', subject: 'alice' } })
  return { token, kid: decodeProtectedHeader(token).kid }
}

async function isAllowed(token: string): Promise<boolean> {
  return (await clients.authz.check({ token })).allowed
}

const revoke = (kid: string) => keys('revoke', kid, '--address', postern.tokens, '--wait')

test('the only key that signs is not revoked', async () => {
  const { code, stderr } = await revoke(postern.key.kid)
  expect([code, stderr]).toEqual([1, expect.stringContaining('The key is current and no other can sign')])
  expect(await isAllowed((await issue()).token)).toBe(true)
})

test('with another key there, its tokens are refused and new ones are good at once', async () => {
  const leaked = await issue()
  expect((await keys('new', '--algorithm', 'ES256')).code).toBe(0)
  expect(await isAllowed(leaked.token)).toBe(true)
  const { code, stdout, stderr } = await revoke(postern.key.kid)
  expect(stderr).toBe('revoked for ever; applied by 1 of 1 sidecars\n')
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^\S+\n$/)])
  const fresh = await issue()
  expect(fresh.kid).not.toBe(leaked.kid)
  expect([await isAllowed(leaked.token), await isAllowed(fresh.token)]).toEqual([false, true])
  expect((await keys('list')).stdout).toMatch(new RegExp(`^${postern.key.kid} +revoked `, 'm'))
})

test('the command can be repeated, and says what is left to do where the token service cannot be told', async () => {
  expect((await revoke(postern.key.kid)).code).toBe(0)
  const { code, stderr } = await keys('revoke', postern.key.kid, '--address', `unix:${postern.folder}/no.sock`)
  expect(code).toBe(1)
  expect(stderr).toMatch(/signs no more, but its tokens may still be accepted: repeat the command\. .*UNAVAILABLE/)
})

test('promote waits for refresh and jwks_max_age, retire for the longest token of a Check', async () => {
  const config = ['--config', postern.configFile]
  await keys('new', '--algorithm', 'ES256')
  const listed = (await keys('list')).stdout.split('\n')
  const next = listed.find((line) => line.includes(' next ')) ?? ''
  const [kid = '', , , since = ''] = next.split(/ +/)
  const allowedFrom = new Date(Date.parse(since) + 10 * 60_000).toISOString()
  expect((await keys('promote', kid, ...config)).stderr).toContain(`Allowed from ${allowedFrom}`)
  expect((await keys('promote', kid)).stderr).toContain(`Allowed from ${allowedFrom}`)
  expect((await keys('promote', kid, ...config, '--force')).code).toBe(0)

  const previous = (await keys('list')).stdout.split('\n').find((line) => line.includes(' previous ')) ?? ''
  const [old = '', , , until = ''] = previous.split(/ +/)
  // WORKFLOW lives longest of what a Check takes: four days, though API keys live thirty.
  const retirable = new Date(Date.parse(until) + 4 * 86_400_000 + 5000).toISOString()
  expect((await keys('retire', old, ...config)).stderr).toContain(`Allowed from ${retirable}`)
})

test('what the directory says of a revoked key holds for whoever reads it next', async () => {
  const states = join(postern.keysFolder, 'states.yaml')
  await writeFile(states, `${postern.key.kid}: { state: revoked, since: "2026-01-01T00:00:00Z" }\n`)
  expect((await keys('list')).stderr).toContain('states.yaml must name exactly one current key')
})
