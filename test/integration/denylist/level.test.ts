// The embedded store over the end of its process: an acknowledged revocation is there afterwards, however it ended.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { revocation, token } from '../../support/denylist/entries.ts'
import { startDenylist, type TestDenylist } from '../../support/denylist/running.ts'
import { startProcess } from '../../support/processes.ts'

const recorder = fileURLToPath(new URL('../../support/denylist/level-recorder.ts', import.meta.url))

describe('the embedded store', () => {
  let path: string
  let running: TestDenylist | undefined

  async function open(): Promise<TestDenylist> {
    running = await startDenylist({ store: { kind: 'level', path } })
    return running
  }

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'postern-level-'))
  })
  afterEach(async () => {
    await running?.close()
    await rm(path, { recursive: true, force: true })
  })

  it('knows after a restart what was revoked before', async () => {
    const before = await open()
    await before.log.record([revocation('a')])
    await before.close()
    const { denylist } = await open()
    expect(denylist.lookup(token('a'))).toBe('token_revoked')
    expect(denylist.lookup(token('b'))).toBe('clear')
  })

  it('lost nothing that was acknowledged when the process was killed in the middle of its work', async () => {
    const child = await startProcess({
      command: process.execPath,
      args: ['--import', 'tsx', recorder, path],
      readyWhen: /recorded killed20\n/,
    })
    await child.kill9()
    const acknowledged = [...child.stdout().matchAll(/recorded (killed\d+)\n/g)].map(([, id]) => id ?? '')
    expect(acknowledged.length).toBeGreaterThan(20)
    const { denylist } = await open()
    for (const id of acknowledged) expect(denylist.lookup(token(id)), id).toBe('token_revoked')
  })

  it('says in words that another process has the folder', async () => {
    await open()
    await expect(startDenylist({ store: { kind: 'level', path } })).rejects.toThrow(
      /another process uses it \(store: level is for one process; use store: redis for several\)/,
    )
  })

  it('says in words that the folder is of no use', async () => {
    await expect(startDenylist({ store: { kind: 'level', path: '/dev/null/x' } })).rejects.toThrow(
      'The denylist in /dev/null/x cannot be opened',
    )
  })
})
