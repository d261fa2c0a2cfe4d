// The renderer of envoy/envoy.yaml: it changes the values it is given, all of them, and nothing else.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type EnvoyValues, renderEnvoyConfig } from '../../../src/dev/envoy-config.ts'

const file = readFileSync(new URL('../../../envoy/envoy.yaml', import.meta.url), 'utf8')

/** Every difference between the file and the rendered text, as `path: new value`. */
function changes(values: EnvoyValues): Record<string, unknown> {
  const before = flatten(parse(file))
  const after = flatten(parse(renderEnvoyConfig(file, values)))
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return Object.fromEntries(
    [...names].filter((name) => before[name] !== after[name]).map((name) => [name, after[name]]),
  )
}

function flatten(value: unknown, path = ''): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return { [path]: value }
  return Object.assign({}, ...Object.entries(value).map(([name, inner]) => flatten(inner, `${path}/${name}`)))
}

const listener = '/static_resources/listeners/0'
const clusterAddress = (index: number) =>
  `/static_resources/clusters/${index}/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address`
const extAuthz = `${listener}/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config`

describe('renderEnvoyConfig', () => {
  const cases: readonly { name: string; values: EnvoyValues; expected: Record<string, unknown> }[] = [
    { name: 'nothing when it is given nothing', values: {}, expected: {} },
    {
      name: 'the listener',
      values: { listen: { host: '0.0.0.0', port: 8080 } },
      expected: {
        [`${listener}/address/socket_address/address`]: '0.0.0.0',
        [`${listener}/address/socket_address/port_value`]: 8080,
      },
    },
    {
      name: 'the unix socket of the check server',
      values: { check: { unix: '/run/postern/check.sock' } },
      expected: { [`${clusterAddress(0)}/pipe/path`]: '/run/postern/check.sock' },
    },
    {
      name: 'the check server from a unix socket to TCP',
      values: { check: { host: '127.0.0.1', port: 9191 } },
      expected: {
        [`${clusterAddress(0)}/pipe/path`]: undefined,
        [`${clusterAddress(0)}/socket_address/address`]: '127.0.0.1',
        [`${clusterAddress(0)}/socket_address/port_value`]: 9191,
      },
    },
    {
      name: 'the upstreams',
      values: { upstream: { host: '127.0.0.1', port: 3000 }, upstreamGrpc: { host: '127.0.0.1', port: 3001 } },
      expected: {
        [`${clusterAddress(1)}/socket_address/port_value`]: 3000,
        [`${clusterAddress(2)}/socket_address/port_value`]: 3001,
      },
    },
    {
      name: 'an admin listener that is not there otherwise',
      values: { admin: { host: '127.0.0.1', port: 9901 } },
      expected: {
        '/admin/address/socket_address/address': '127.0.0.1',
        '/admin/address/socket_address/port_value': 9901,
      },
    },
    {
      name: 'the failure mode',
      values: { failureModeAllow: true },
      expected: { [`${extAuthz}/failure_mode_allow`]: true },
    },
  ]

  it.each(cases)('changes $name', ({ values, expected }) => {
    expect(changes(values)).toEqual(expected)
  })

  it('keeps the comments, so that a rendered file explains itself too', () => {
    const rendered = renderEnvoyConfig(file, { listen: { host: '127.0.0.1', port: 1 } })
    expect(rendered.match(/^ *#/gm)).toEqual(file.match(/^ *#/gm))
  })

  const broken = [
    { name: 'no listeners', text: 'static_resources: {}', message: /no ingress/ },
    { name: 'another cluster', text: file.replace('name: postern\n', 'name: authz\n'), message: /no postern/ },
    {
      name: 'a cluster without endpoints',
      text: file.replace(/load_assignment/g, 'other'),
      message: /no .*load_assignment/,
    },
    { name: 'no YAML', text: '{', message: /./ },
  ]

  it.each(broken)('refuses a file with $name', ({ text, message }) => {
    expect(() => renderEnvoyConfig(text, { check: { unix: '/x' } })).toThrow(message)
  })
})

describe('envoy.yaml', () => {
  const parsed = JSON.stringify(parse(file))

  it('never lets a request through because nobody answered', () => {
    expect(file.match(/failure_mode_allow: (\w+)/g)).toEqual(['failure_mode_allow: false'])
  })

  it('switches the check off for no route', () => {
    expect(parsed).not.toContain('"disabled":true')
  })

  it('opens no admin port', () => {
    expect(parse(file)).not.toHaveProperty('admin')
  })

  it('listens and connects on loopback only', () => {
    const addresses = Object.entries(flatten(parse(file))).filter(([name]) => name.endsWith('/socket_address/address'))
    expect(new Set(addresses.map(([, address]) => address))).toEqual(new Set(['127.0.0.1']))
  })
})
