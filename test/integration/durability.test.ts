// The embedded store on disk: a revocation that was answered is there after a restart and after a crash at that very
// moment, and one folder belongs to one process.
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { clientsOf, type Postern, posternIssuer, startPostern } from '../support/postern.ts'
import { createTokenMaker } from '../support/token-maker.ts'

let postern: Postern | undefined

afterEach(async () => {
  await postern?.close()
  postern = undefined
})

async function startDurable(): Promise<Postern> {
  const started = await startPostern({
    config: (base, { folder }) => ({ ...base, denylist: { store: 'level', level: { path: join(folder, 'data') } } }),
  })
  postern = started
  return started
}

const reasonsOf = async (running: Postern, tokens: readonly string[]): Promise<readonly unknown[]> => {
  const { authz, close } = clientsOf(running)
  const answers = await Promise.all(tokens.map((token) => authz.check({ token })))
  close()
  return answers.map(({ reason }) => reason)
}

it('a revoked token is refused after a restart, and others are not', async () => {
  const running = await startDurable()
  const maker = createTokenMaker(posternIssuer, running.key)
  const [revoked, good] = [maker.access(), maker.access()]
  const { tokenService, close } = clientsOf(running)
  await tokenService.revoke({ token: revoked })
  close()
  await running.restart()
  expect(await reasonsOf(running, [revoked, good])).toEqual(['token_revoked', 'token_valid'])
})

it('a revoked token is refused after kill -9 in the moment in which Revoke has answered, every time', async () => {
  const running = await startDurable()
  const maker = createTokenMaker(posternIssuer, running.key)
  const revoked: string[] = []
  for (let crash = 0; crash < 5; crash += 1) {
    const token = maker.access()
    const { tokenService, close } = clientsOf(running)
    await tokenService.revoke({ token })
    const ended = running.kill9()
    revoked.push(token)
    await ended
    close()
    await running.restart()
    expect(await reasonsOf(running, revoked)).toEqual(revoked.map(() => 'token_revoked'))
  }
})

it('of many revocations under way at a crash, all that were answered are refused', async () => {
  const running = await startDurable()
  const maker = createTokenMaker(posternIssuer, running.key)
  const tokens = Array.from({ length: 200 }, () => maker.access())
  const answered: string[] = []
  const { tokenService, close } = clientsOf(running)
  const revoking = tokens.map((token) =>
    tokenService.revoke({ token }).then(
      () => answered.push(token),
      () => {},
    ),
  )
  await expect.poll(() => answered.length, { interval: 1, timeout: 10_000 }).toBeGreaterThan(20)
  const ended = running.kill9()
  await Promise.all(revoking)
  await ended
  close()
  await running.restart()
  expect(await reasonsOf(running, answered)).toEqual(answered.map(() => 'token_revoked'))
})

it('a second process on the same folder is refused, with the reason in words', async () => {
  const running = await startDurable()
  const data = join(running.folder, 'data')
  const second = startPostern({
    config: (base) => ({ ...base, denylist: { store: 'level', level: { path: data } } }),
  })
  await expect(second).rejects.toThrow(
    /ended \(exit code 1\).*another process uses it \(store: level is for one process/s,
  )
  expect(await running.isReady()).toBe(true)
})
