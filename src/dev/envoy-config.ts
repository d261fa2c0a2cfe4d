// Puts the values of one run (addresses, mostly) into envoy/envoy.yaml, which is valid as it stands. Text and values in,
// text out: where the file is, and what listens on those addresses, is the caller's knowledge.
import { type Document, isMap, isSeq, parseDocument } from 'yaml'

interface TcpAddress {
  readonly host: string
  readonly port: number
}

export type EnvoyAddress = TcpAddress | { readonly unix: string }

/** What is absent stays as the file has it. */
export interface EnvoyValues {
  readonly listen?: TcpAddress
  /** Postern's `listen.check`. */
  readonly check?: EnvoyAddress
  /** The application. */
  readonly upstream?: EnvoyAddress
  /** Its gRPC services (HTTP/2 without TLS). */
  readonly upstreamGrpc?: EnvoyAddress
  /** Adds an admin listener, which the file deliberately has not. */
  readonly admin?: TcpAddress
  /** For the test that shows it makes no difference to what Postern answers. Never for real use. */
  readonly failureModeAllow?: boolean
}

type Path = readonly (string | number)[]

const listeners: Path = ['static_resources', 'listeners']
const clusters: Path = ['static_resources', 'clusters']

/** Throws where the file has not the parts it is known for: that is a broken installation, nothing a caller did. */
export function renderEnvoyConfig(text: string, values: EnvoyValues): string {
  const document = parseDocument(text)
  const [syntaxError] = document.errors
  if (syntaxError) throw syntaxError

  const ingress = named(document, listeners, 'ingress')
  if (values.listen) set(document, [...ingress, 'address'], addressOf(values.listen))
  if (values.check) setEndpoint(document, 'postern', values.check)
  if (values.upstream) setEndpoint(document, 'upstream', values.upstream)
  if (values.upstreamGrpc) setEndpoint(document, 'upstream_grpc', values.upstreamGrpc)
  if (values.failureModeAllow !== undefined) {
    const filters: Path = [...ingress, 'filter_chains', 0, 'filters', 0, 'typed_config', 'http_filters']
    const extAuthz = named(document, filters, 'envoy.filters.http.ext_authz')
    set(document, [...extAuthz, 'typed_config', 'failure_mode_allow'], values.failureModeAllow)
  }
  if (values.admin) document.setIn(['admin'], document.createNode({ address: addressOf(values.admin) }))
  return document.toString({ lineWidth: 0 })
}

function setEndpoint(document: Document, cluster: string, address: EnvoyAddress): void {
  const endpoint: Path = ['load_assignment', 'endpoints', 0, 'lb_endpoints', 0, 'endpoint', 'address']
  set(document, [...named(document, clusters, cluster), ...endpoint], addressOf(address))
}

function addressOf(address: EnvoyAddress): unknown {
  return 'unix' in address
    ? { pipe: { path: address.unix } }
    : { socket_address: { address: address.host, port_value: address.port } }
}

/** Replaces a value that is there: `setIn` alone would also invent a path that Envoy does not know. */
function set(document: Document, path: Path, value: unknown): void {
  if (!document.hasIn(path)) throw new Error(`envoy.yaml has no ${path.join('.')}`)
  document.setIn(path, document.createNode(value))
}

/** The path of the list's element of that name. */
function named(document: Document, list: Path, name: string): Path {
  const items = document.getIn(list)
  const index = isSeq(items) ? items.items.findIndex((item) => isMap(item) && item.get('name') === name) : -1
  if (index === -1) throw new Error(`envoy.yaml has no ${name} in ${list.join('.')}`)
  return [...list, index]
}
