// Revoking a list of tokens, and taking the denylist from one store to another, with the real program on a real Redis.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { clientsOf, type Postern, runPostern, startPostern } from '../support/postern.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { expectNoSecrets } from '../support/secrets.ts'
import { describeWith } from '../support/tools.ts'

const listed = 60

describeWith('redis', 'many revocations at once', () => {
  let redis: RedisServer
  let postern: Postern
  let clients: ReturnType<typeof clientsOf>
  let tokens: readonly string[]
  let list: string

  beforeAll(async () => {
    redis = await startRedis()
    const url = `redis://127.0.0.1:${redis.port}`
    postern = await startPostern({
      config: (base) => ({ ...base, denylist: { store: 'redis', recovery_window: '1s', redis: { url } } }),
    })
    clients = clientsOf(postern)
    tokens = await Promise.all(Array.from({ length: listed }, mint))
    list = join(postern.folder, 'tokens.txt')
    await writeFile(list, `${tokens.slice(0, 30).join('\n')}\n\nnot a token\n${tokens.slice(30).join('\r\n')}\n`)
  })
  afterAll(async () => {
    clients?.close()
    await postern?.close()
    await redis?.close()
  })

  async function mint(): Promise<string> {
    const subject = { kind: 'TOKEN_KIND_ACCESS', subject: 'alice' } as const
    return (await clients.tokenService.issue({ subject })).token
  }
  const revokeFile = async (file: string, ...more: readonly string[]) => {
    const result = await runPostern(['revoke', '--address', postern.tokens, '--file', file, ...more])
    expectNoSecrets('the output of revoke --file', result.stdout + result.stderr)
    return { code: result.code, last: result.stderr.trimEnd().split('\n').at(-1), stderr: result.stderr }
  }
  const denylist = (command: string, input = '') =>
    runPostern(['denylist', command, '--config', postern.configFile], { input })
  const stats = async (): Promise<unknown> => JSON.parse((await denylist('stats')).stdout)
  const allowed = async () => {
    const answers = await Promise.all(tokens.map((token) => clients.authz.check({ token })))
    return answers.filter((answer) => answer.allowed).length
  }

  it('revoke --file tells what it could not do, by line, and goes on from there when called again', async () => {
    const absent = join(postern.folder, 'nobody.sock')
    const failed = await revokeFile(list, '--address', `unix:${absent}`, '--concurrency', '64')
    expect(failed.code).toBe(1)
    expect(failed.stderr).toMatch(/^line 1: /m)
    expect(failed.last).toContain('call it again to go on')
    expect(await readFile(`${list}.state`, 'utf8')).toBe('')
  })

  it('revoke --file revokes every token of the list; what is no token is unusable already', async () => {
    expect(await allowed()).toBe(listed)
    const { code, last } = await revokeFile(list, '--concurrency', '8')
    expect({ code, last }).toEqual({ code: 0, last: `${listed} revoked, 1 unusable already, 0 done before, 0 failed` })
    expect(await allowed()).toBe(0)
  })

  it('remembers in its state file what is done, and no token', async () => {
    const state = await readFile(`${list}.state`, 'utf8')
    expectNoSecrets('the state file', state)
    expect(state.trimEnd().split('\n')).toHaveLength(listed + 1)
    expect(state).toMatch(/^(\d+ [0-9a-f]{32}\n)+$/)
    // As after an interruption: the last lines are missing, and one is not whole.
    await writeFile(`${list}.state`, state.split('\n').slice(0, 51).join('\n').slice(0, -5))
    const { last } = await revokeFile(list)
    expect(last).toMatch(/^11 revoked|^10 revoked, 1 unusable/)
    expect(last).toContain('50 done before, 0 failed')
    expect((await revokeFile(list)).last).toBe(`0 revoked, 0 unusable already, ${listed + 1} done before, 0 failed`)
  })

  it('revoke --file - reads standard input', async () => {
    const token = await mint()
    const args = ['revoke', '--address', postern.tokens, '--file', '-']
    expect((await runPostern(args, { input: `${token}\n` })).stderr).toContain('1 revoked')
    expect(await clients.authz.check({ token })).toMatchObject({ allowed: false })
  })

  it('denylist export and import carry everything to an empty store', async () => {
    const exported = (await denylist('export')).stdout
    expectNoSecrets('the export', exported)
    expect(await stats()).toMatchObject({ state: 'live', revoked: listed + 1, not_before: 0, for_ever: 0, sidecars: 1 })
    await postern.stop()
    await redis.send('FLUSHALL')
    const { code, stderr } = await denylist('import', exported)
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: `imported ${listed + 1} entries\n` })
    expect(await stats()).toMatchObject({ revoked: listed + 1, not_before: 0, sidecars: 0 })
    await runPostern(['redis', 'init', '--config', postern.configFile])
    await postern.restart()
    expect(await allowed()).toBe(0)
    expect(await clients.authz.check({ token: await mint() })).toMatchObject({ allowed: true })
  })

  it('denylist import only ever raises, and refuses what is no whole export', async () => {
    const exported = (await denylist('export')).stdout
    const [head = '', ...lines] = exported.trimEnd().split('\n')
    const last = lines.pop() ?? ''
    const lowered = lines.map((line) => JSON.stringify({ ...JSON.parse(line), score: 5 }))
    expect((await denylist('import', [head, ...lowered, last].join('\n'))).code).toBe(0)
    expect((await denylist('export')).stdout.split('\n').slice(1).toSorted()).toEqual(
      exported.split('\n').slice(1).toSorted(),
    )
    const before = await redis.send('ZCARD', '{postern}:revoked')
    const half = await denylist('import', [head, ...lines.slice(0, 5)].join('\n'))
    expect(half).toMatchObject({ code: 1, stderr: 'postern: The export is not whole: 5 entries were added\n' })
    const wrong = await denylist('import', `${head}\n{"space":"revoked","member":"zz","score":1}\n`)
    expect(wrong).toMatchObject({ code: 1, stderr: 'postern: Line 2 is not of an export of the denylist\n' })
    expect(await redis.send('ZCARD', '{postern}:revoked')).toBe(before)
  })
})
