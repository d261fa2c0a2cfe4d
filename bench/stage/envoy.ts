// The real Envoy with the configuration that users get, except that it answers requests itself instead of asking an
// upstream and writes no access log: what is measured is the way through ext_authz.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Document, parseDocument } from 'yaml'
import { renderEnvoyConfig } from '../../src/dev/envoy-config.ts'
import { freePort } from '../../test/support/ports.ts'
import { startProcess } from '../../test/support/processes.ts'
import { findEnvoy } from '../../tools/find-envoy.mjs'

const host = '127.0.0.1'
const manager = ['static_resources', 'listeners', 0, 'filter_chains', 0, 'filters', 0, 'typed_config'] as const

/** Paths below it pass without a Check. */
export const NO_AUTH_PATH = '/no-auth/'

export async function startBenchEnvoy(checkSocket: string) {
  const found = findEnvoy()
  if ('missing' in found) throw new Error(found.missing)
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  const [port, adminPort, nobody] = await Promise.all([freePort(), freePort(), freePort()])
  const template = await readFile(join(import.meta.dirname, '../../envoy/envoy.yaml'), 'utf8')
  const config = parseDocument(
    renderEnvoyConfig(template, {
      listen: { host, port },
      check: { unix: checkSocket },
      upstream: { host, port: nobody },
      upstreamGrpc: { host, port: nobody },
      admin: { host, port: adminPort },
    }),
  )
  answerAlone(config)
  const configFile = join(folder, 'envoy.yaml')
  await writeFile(configFile, config.toString({ lineWidth: 0 }))
  const running = await startProcess({
    command: found.path,
    args: ['-c', configFile, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'],
    cwd: folder,
    readyWhen: async () => (await fetch(`http://${host}:${adminPort}/ready`)).ok,
  })
  return {
    port,
    pid: running.pid,
    version: found.version,
    async stop() {
      await running.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function answerAlone(config: Document): void {
  config.deleteIn([...manager, 'access_log'])
  const answer = { status: 200, body: { inline_string: 'ok' } }
  const perRoute = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute',
    disabled: true,
  }
  const routes = [
    {
      match: { prefix: NO_AUTH_PATH },
      direct_response: answer,
      typed_per_filter_config: { 'envoy.filters.http.ext_authz': perRoute },
    },
    { match: { prefix: '/' }, direct_response: answer },
  ]
  config.setIn([...manager, 'route_config', 'virtual_hosts', 0, 'routes'], config.createNode(routes))
}
