// Rules about `routes`: each leads to a policy that exists, matches something of its own, and can be reached.
import type { RouteConfig } from '../policies.ts'
import { dangling, type Rule, when } from './rule.ts'

/** Every request that matches `route` matches `earlier` too. */
function covers(earlier: RouteConfig, route: RouteConfig): boolean {
  return (
    coversHosts(earlier.hosts, route.hosts) &&
    coversMethods(earlier.methods, route.methods) &&
    coversPath(earlier, route)
  )
}

function coversHosts(earlier: readonly string[], hosts: readonly string[]): boolean {
  if (earlier.length === 0) return true
  return hosts.length > 0 && hosts.every((host) => earlier.some((pattern) => coversHost(pattern, host)))
}

function coversHost(pattern: string, host: string): boolean {
  return pattern === host || (pattern.startsWith('*.') && host.endsWith(pattern.slice(1)))
}

function coversMethods(earlier: readonly string[], methods: readonly string[]): boolean {
  if (earlier.length === 0) return true
  return methods.length > 0 && methods.every((method) => earlier.includes(method))
}

function coversPath(earlier: RouteConfig, route: RouteConfig): boolean {
  if (earlier.path === undefined && earlier.path_prefix === undefined) return true
  if (earlier.path !== undefined) return earlier.path === route.path
  const start = route.path ?? route.path_prefix
  return start !== undefined && isWithin(earlier.path_prefix ?? '/', start)
}

/** Prefixes match whole segments. */
function isWithin(prefix: string, path: string): boolean {
  return path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)
}

export const routeRules: readonly Rule[] = [
  {
    name: 'route_policy_unknown',
    message: 'is no policy',
    find: (draft) => {
      const known = draft.names('policies')
      return draft.entries('routes').flatMap(({ path, value }) => dangling(value.policy, known, [...path, 'policy']))
    },
  },
  {
    name: 'route_with_two_paths',
    message: 'must have path or path_prefix, not both',
    find: (draft) =>
      draft
        .entries('routes')
        .flatMap(({ path, value }) => when(value.path !== undefined && value.path_prefix !== undefined, path)),
  },
  {
    name: 'route_shadowed',
    message: 'is never reached: an earlier route matches all its requests',
    find: (draft) =>
      draft.entries('routes').flatMap(({ path, value }, index, all) =>
        when(
          all.slice(0, index).some((earlier) => covers(earlier.value, value)),
          path,
        ),
      ),
  },
]
