// Rotation of the signing keys of a running process by `postern keys`, from one key to the next until the first is retired:
// what was signed before stays good, can be revoked, and is then refused. Changes are in force within two seconds.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import type { AuthzClient } from '../support/authz-client.ts'
import { eventually } from '../support/eventually.ts'
import { http1 } from '../support/http-client.ts'
import { clientsOf, type Postern, runPostern, startPostern } from '../support/postern.ts'
import type { TokenClient } from '../support/token-client.ts'

let postern: Postern
let tokenService: TokenClient
let authz: AuthzClient
let closeClients: () => void
let oldKid: string
let newKid: string

/** Design: hot-reloaded within 2 s. What a loaded machine adds to it is not the program's. */
const reloadWithinMs = 2_000
const loadMs = 2_000

beforeAll(async () => {
  postern = await startPostern()
  ;({ tokenService, authz, close: closeClients } = clientsOf(postern))
  oldKid = postern.key.kid
})
afterAll(async () => {
  closeClients?.()
  await postern?.close()
})

const keys = (...args: readonly string[]) => runPostern(['keys', ...args, '--directory', postern.keysFolder])

const jwkSet = z.object({ keys: z.array(z.object({ kid: z.string() })) })

async function publishedKids(): Promise<readonly string[]> {
  const answer = await http1(postern.httpPort, { path: '/.well-known/jwks.json' })
  return jwkSet.parse(answer.json()).keys.map(({ kid }) => kid)
}

/** Counted from the end of the command, which is when its user would look. */
async function inForce(what: string, ask: () => Promise<boolean>): Promise<void> {
  const before = performance.now()
  await eventually(what, ask, reloadWithinMs + loadMs)
  process.stdout.write(`${what}: ${Math.round(performance.now() - before)} ms after the command\n`)
}

async function mint(kind: 'TOKEN_KIND_ACCESS' | 'TOKEN_KIND_API_KEY' = 'TOKEN_KIND_ACCESS'): Promise<string> {
  return (await tokenService.issue({ subject: { kind, subject: 'alice', scopes: ['user'] } })).token
}

function kidOf(token: string): unknown {
  const header: unknown = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
  return typeof header === 'object' && header !== null && 'kid' in header ? header.kid : undefined
}

const ofOldKey: string[] = []
let oldApiKey: string

it('begins with one key that signs', async () => {
  for (let count = 0; count < 4; count += 1) ofOldKey.push(await mint())
  oldApiKey = await mint('TOKEN_KIND_API_KEY')
  for (const token of ofOldKey) expect(kidOf(token)).toBe(oldKid)
  expect(await publishedKids()).toEqual([oldKid])
})

it('publishes a new key before it signs', async () => {
  const { code, stdout } = await keys('new', '--algorithm', 'RS256')
  expect(code).toBe(0)
  newKid = /^(\S+) +next +RS256 /m.exec(stdout)?.[1] ?? ''
  expect(stdout).toMatch(new RegExp(`^${oldKid} +current +ES256 `, 'm'))
  await inForce('a new key is published', async () => (await publishedKids()).includes(newKid))
  expect([...(await publishedKids())].toSorted()).toEqual([newKid, oldKid].toSorted())
  expect(kidOf(await mint())).toBe(oldKid)
})

it('lets nobody promote it before everybody can know it', async () => {
  const { code, stderr } = await keys('promote', newKid)
  expect(code).toBe(1)
  expect(stderr).toMatch(/has not been published long enough.*Allowed from \d{4}-.*With --force: /)
  expect(kidOf(await mint())).toBe(oldKid)
})

it('signs with it once it is promoted, and accepts what the previous key signed', async () => {
  expect((await keys('promote', newKid, '--force')).code).toBe(0)
  await inForce('a promoted key signs', async () => kidOf(await mint()) === newKid)
  expect((await authz.check({ token: await mint() })).allowed).toBe(true)
  for (const token of ofOldKey) expect((await authz.check({ token })).allowed).toBe(true)
  expect(await publishedKids()).toContain(oldKid)
})

it('revokes a token of the previous key, which is then refused', async () => {
  const revoked = ofOldKey.pop() ?? ''
  expect((await tokenService.revoke({ token: revoked })).revision).not.toBe('')
  expect((await authz.check({ token: revoked })).reason).toBe('token_revoked')
  for (const token of ofOldKey) expect((await authz.check({ token })).allowed).toBe(true)
})

it('mints from an API key of the previous key', async () => {
  const { token } = await tokenService.issue({ api_key: { api_key: oldApiKey } })
  expect(kidOf(token)).toBe(newKid)
  expect((await authz.check({ token })).allowed).toBe(true)
})

it('keeps its keys while the files make no sense, says so, and goes on once they do', async () => {
  const file = join(postern.keysFolder, 'states.yaml')
  const good = await readFile(file, 'utf8')
  await writeFile(file, `${good}\nnonsense: { state: current }\n`)
  expect(await postern.logLine(({ msg }) => msg === 'Could not load own keys')).toMatchObject({
    ...{ level: 'error', component: 'signing', state: 'last good set kept' },
  })
  expect(kidOf(await mint())).toBe(newKid)
  expect((await authz.check({ token: await mint() })).allowed).toBe(true)
  await writeFile(file, good)
})

it('lets nobody retire a key whose tokens may be in use, nor the one that signs', async () => {
  const inUse = await keys('retire', oldKid)
  expect(inUse.code).toBe(1)
  expect(inUse.stderr).toMatch(/Tokens signed by this key may still be valid.*Allowed from .*With --force: /)
  const current = await keys('retire', newKid, '--force')
  expect(current.code).toBe(1)
  expect(current.stderr).toContain('The key is current: promote another one first')
  const unknown = await keys('retire', 'nobody')
  expect({ code: unknown.code, stderr: unknown.stderr }).toEqual({ code: 1, stderr: 'postern: There is no such key\n' })
})

it('refuses tokens of a retired key at Check, and goes on to mint from and revoke by it', async () => {
  expect((await keys('retire', oldKid, '--force')).code).toBe(0)
  await inForce('a retired key is not published', async () => !(await publishedKids()).includes(oldKid))
  const [token = '', revocable = ''] = ofOldKey
  await inForce(
    'tokens of a retired key are refused',
    async () => (await authz.check({ token })).reason === 'key_unknown',
  )
  expect((await tokenService.revoke({ token: revocable })).revision).not.toBe('')
  const fromOldKey = await tokenService.issue({ api_key: { api_key: oldApiKey } })
  expect((await authz.check({ token: fromOldKey.token })).allowed).toBe(true)
  await tokenService.revoke({ token: oldApiKey })
  expect((await authz.check({ token: fromOldKey.token })).reason).toBe('api_key_revoked')
  await expect(tokenService.issue({ api_key: { api_key: oldApiKey } })).rejects.toMatchObject({
    reason: 'api_key_revoked',
  })
})

it('has the same keys after a restart', async () => {
  await postern.restart()
  expect(await publishedKids()).toEqual([newKid])
  expect(kidOf(await mint())).toBe(newKid)
  const list = await keys('list')
  expect(list.stdout).toMatch(new RegExp(`^${oldKid} +retired `, 'm'))
  expect(list.stdout).toMatch(new RegExp(`^${newKid} +current `, 'm'))
})
