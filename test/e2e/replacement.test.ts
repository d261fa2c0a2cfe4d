// A Postern is told to stop (SIGTERM) while requests flow, and another takes over: no client sees an error. By a symbolic
// link from the socket that Envoy knows to the one of the instance, and by the health that both report to Envoy.
import { rename, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type Postern, startPostern } from '../support/postern.ts'
import { describeWith } from '../support/tools.ts'
import { withCheckServers } from './envoys.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage
let next: Postern

/** Requests at once: enough that some are always on their way. */
const clients = 8
/** Answers to wait for before and after, so that the replacement happens in the middle of traffic. */
const enough = 100

/** Sends requests without a pause until told to end; what came back is counted by status. */
function startTraffic() {
  const token = stage.own.access()
  const statuses = new Map<number, number>()
  let ended = false
  async function ask(): Promise<void> {
    while (!ended) {
      const { status } = await stage.get('/data', { token })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  const asking = Promise.all(Array.from({ length: clients }, ask))
  const total = () => [...statuses.values()].reduce((sum, count) => sum + count, 0)
  return {
    async more(): Promise<void> {
      const before = total()
      await eventually('more answers', () => total() >= before + enough, 20_000)
    },
    async end(): Promise<ReadonlyMap<number, number>> {
      ended = true
      await asking
      return statuses
    },
  }
}

function report(how: string, statuses: ReadonlyMap<number, number>): void {
  const good = statuses.get(200) ?? 0
  const bad = [...statuses.values()].reduce((sum, count) => sum + count, 0) - good
  process.stdout.write(`replacing Postern by ${how}: ${good} requests answered 200, ${bad} otherwise\n`)
}

describeWith('envoy', 'a Postern that is told to stop while requests flow', () => {
  afterEach(async () => {
    await stage?.close()
    await next?.close()
  })

  it('is replaced through its socket without an error for any client', async () => {
    const link = (folder: string) => join(folder, 'current.sock')
    stage = await openStage({
      // An instance removes the socket it has made when it ends: each has one of its own, Envoy knows a link to it.
      editEnvoy: (config, { folder }) => config.replace(join(folder, 'check.sock'), link(folder)),
    })
    await symlink(join(stage.postern.folder, 'check.sock'), link(stage.postern.folder))
    next = await startPostern({ key: stage.postern.key })
    const traffic = startTraffic()
    await traffic.more()
    await symlink(join(next.folder, 'check.sock'), link(next.folder))
    await rename(link(next.folder), link(stage.postern.folder))
    const { code } = await stage.postern.stop()
    expect(code).toBe(0)
    await traffic.more()
    const statuses = await traffic.end()
    report('a link', statuses)
    expect([...statuses.keys()]).toEqual([200])
  })

  it('gets no more requests once it has said so, and finishes those that it has', async () => {
    next = await startPostern()
    const second = join(next.folder, 'check.sock')
    stage = await openStage({
      config: (base) => ({ ...base, shutdown: { wait: '1s', drain: '5s' } }),
      editEnvoy: (config, { folder }) => withCheckServers([join(folder, 'check.sock'), second])(config),
    })
    await eventually('two healthy Posterns', async () => (await stage.envoy.stat(healthy)) === 2)
    const traffic = startTraffic()
    await traffic.more()
    expect(checksOf(await stage.postern.metrics())).toBeGreaterThan(0)
    const stopped = stage.postern.stop()
    await eventually('one healthy Postern', async () => (await stage.envoy.stat(healthy)) === 1)
    const { code } = await stopped
    expect(code).toBe(0)
    await traffic.more()
    const statuses = await traffic.end()
    report('health checks', statuses)
    expect([...statuses.keys()]).toEqual([200])
  })
})

const healthy = 'cluster.postern.membership_healthy'

function checksOf(metrics: string): number {
  return Number(/^postern_checks_total\{[^}]*decision="allow"[^}]*\} (\d+)/m.exec(metrics)?.[1] ?? 0)
}
