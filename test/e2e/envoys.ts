// Envoys that are configured otherwise than envoy/envoy.yaml, made from it: changes of its text for startEnvoy. What
// operators may leave out, and what this repository's file does not need.
import { type Document, isMap, isSeq, parseDocument } from 'yaml'

type Edit = (config: string) => string

const hcm = ['filter_chains', 0, 'filters', 0, 'typed_config']
const ingress = ['static_resources', 'listeners', 0, ...hcm]
const perRoute = 'typed_per_filter_config'

function edit(change: (document: Document) => void): Edit {
  return (config) => {
    const document = parseDocument(config)
    change(document)
    return document.toString({ lineWidth: 0 })
  }
}

function remove(document: Document, path: readonly (string | number)[]): void {
  if (!document.deleteIn(path)) throw new Error(`there is no ${path.join('.')}`)
}

/** Clients' own x-auth-* reach the Check, and the answer of the Check may set and remove anything. */
export const withoutHeaderRules = edit((document) => {
  remove(document, [...ingress, 'early_header_mutation_extensions'])
  remove(document, [...ingress, 'http_filters', 0, 'typed_config', 'decoder_header_mutation_rules'])
})

/** No route names a policy: Postern has to find it by its own routes. */
export const withoutPolicies = edit((document) => {
  const host = [...ingress, 'route_config', 'virtual_hosts', 0]
  remove(document, [...host, perRoute])
  const routes = document.getIn([...host, 'routes'])
  if (!isSeq(routes)) throw new Error('there are no routes')
  for (const route of routes.items) if (isMap(route)) route.delete(perRoute)
})

/** Besides, a TCP listener whose connections are checked, and that leads to the upstream. */
export function withTcpListener(port: number, options: { readonly failureModeAllow: boolean }): Edit {
  const type = (name: string) => ({ '@type': `type.googleapis.com/envoy.extensions.filters.network.${name}` })
  const filters = [
    {
      name: 'envoy.filters.network.ext_authz',
      typed_config: {
        ...type('ext_authz.v3.ExtAuthz'),
        stat_prefix: 'tcp_authz',
        transport_api_version: 'V3',
        grpc_service: { envoy_grpc: { cluster_name: 'postern' }, timeout: '0.5s' },
        failure_mode_allow: options.failureModeAllow,
      },
    },
    {
      name: 'envoy.filters.network.tcp_proxy',
      typed_config: { ...type('tcp_proxy.v3.TcpProxy'), stat_prefix: 'tcp', cluster: 'upstream' },
    },
  ]
  return edit((document) => {
    const listener = {
      name: 'tcp',
      address: { socket_address: { address: '127.0.0.1', port_value: port } },
      filter_chains: [{ filters }],
    }
    document.addIn(['static_resources', 'listeners'], document.createNode(listener))
  })
}

/** Several Posterns behind one cluster, asked for their health: those that say they are not serving get no Checks. */
export function withCheckServers(paths: readonly string[]): Edit {
  return edit((document) => {
    const cluster = ['static_resources', 'clusters', 0]
    if (document.getIn([...cluster, 'name']) !== 'postern') throw new Error('the first cluster is not Postern')
    const endpoints = paths.map((path) => ({ endpoint: { address: { pipe: { path } } } }))
    document.setIn([...cluster, 'load_assignment', 'endpoints', 0, 'lb_endpoints'], document.createNode(endpoints))
    const health = {
      ...{ timeout: '1s', interval: '0.1s', no_traffic_interval: '0.1s', unhealthy_threshold: 1, healthy_threshold: 1 },
      grpc_health_check: { service_name: 'envoy.service.auth.v3.Authorization' },
    }
    document.setIn([...cluster, 'health_checks'], document.createNode([health]))
  })
}
