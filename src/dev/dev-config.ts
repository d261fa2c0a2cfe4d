// The configuration of `postern dev`: everything on loopback, keys and data in one folder, one caller who may do all.
// Its policies are those that envoy/envoy.yaml names. It is written to that folder, so that it can be read and changed.

export interface DevAddresses {
  readonly directory: string
  readonly tokensPort: number
  readonly httpPort: number
  readonly adminPort: number
}

export const DEV_ISSUER = 'https://postern.dev/user'

export function devConfig({ directory, tokensPort, httpPort, adminPort }: DevAddresses): string {
  return `# Written by \`postern dev\`; yours to change: it is read again at the next start. Reference: docs/configuration.md
listen:
  check:  { address: "unix:${directory}/check.sock", mode: "0600" }
  tokens: { address: "127.0.0.1:${tokensPort}" }
  http:   { address: "127.0.0.1:${httpPort}" }
  admin:  { address: "127.0.0.1:${adminPort}" }

denylist:
  store: level
  level: { path: "${directory}/data" }

issuers:
  - name: dev
    issuer: ${DEV_ISSUER}
    keys: { own: true }

signing:
  issuer: ${DEV_ISSUER}
  keys: { directory: "${directory}/keys" }
  access: { audience: dev, default_ttl: 1h, max_ttl: 1h }
  tasks:
    types: { WORKFLOW: { max_ttl: 4d } }
    rules: [ { types: [WORKFLOW], max_ttl: 4d, when: { scopes: [user] } } ]
  revocable: [access]               # so that the lines \`postern dev\` prints can revoke what they issue

callers:
  - name: local
    identity: { local: true }       # loopback only in dev; elsewhere a unix socket of mode 0600
    issue: { grants: [api_key, subject], kinds: [access, api_key], task_types: ["*"], subjects: ["*"], scopes: ["*"], user: true }
    revoke: any

policies:
  default:  { issuers: [dev], audiences: [dev] }
  workflow: { issuers: [dev], audiences: [], task_types: [WORKFLOW] }
  browser:  { issuers: [dev], audiences: [dev], credentials: [bearer, cookie], cookie: { name: access_token }, preflight: allow }
  open:     { issuers: [dev], audiences: [dev], anonymous: allow }
  leash:    { issuers: [dev], audiences: [dev], stream_leash: { token_expiry: true, at_most: 15m } }
default_policy: default

expose_reasons: true                # the exact reason in every denial; off by default
shutdown: { wait: 0s, drain: 2s }
`
}
