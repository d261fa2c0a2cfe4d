// Rules about addresses that keys and identities come from: nobody on the way may change or read what they answer.
import { isLoopback } from '../address.ts'
import type { Draft } from '../draft.ts'
import type { ForeignKeysConfig } from '../issuers.ts'
import type { Path } from '../problem.ts'
import { type Rule, when } from './rule.ts'

interface Remote {
  readonly path: Path
  readonly url: string
}

interface Source {
  readonly path: Path
  readonly keys: ForeignKeysConfig | { readonly own: true }
}

function keySources(draft: Draft): Source[] {
  return [
    ...draft.entries('issuers').map(({ path, value }) => ({ path: [...path, 'keys'], keys: value.keys })),
    ...draft
      .entries('callers')
      .flatMap(({ path, value: { identity } }) =>
        'jwt' in identity ? [{ path: [...path, 'identity', 'jwt', 'keys'], keys: identity.jwt.keys }] : [],
      ),
  ]
}

function remotes(draft: Draft): Remote[] {
  const { signing } = draft.config
  const kms = signing !== undefined && 'kms' in signing.keys ? signing.keys.kms.endpoint : undefined
  return [
    ...keySources(draft).flatMap(({ path, keys }) =>
      'url' in keys ? [{ path: [...path, 'url'], url: keys.url }] : [],
    ),
    ...draft.entries('providers').map(({ path, value }) => ({ path: [...path, 'issuer'], url: value.issuer })),
    ...(kms === undefined ? [] : [{ path: ['signing', 'keys', 'kms', 'endpoint'], url: kms }]),
  ]
}

/** URL keeps the brackets of an IPv6 host. */
function isOnLoopback(url: URL): boolean {
  return isLoopback(url.hostname.replace(/^\[|\]$/g, ''))
}

export const urlRules: readonly Rule[] = [
  {
    name: 'url_without_https',
    message: 'must be https: plain http is for loopback',
    find: (draft) =>
      remotes(draft).flatMap(({ path, url }) => {
        const parsed = new URL(url)
        return when(parsed.protocol !== 'https:' && !isOnLoopback(parsed), path)
      }),
  },
  {
    name: 'url_with_password',
    message: 'must not contain a user or a password',
    find: (draft) =>
      remotes(draft).flatMap(({ path, url }) => {
        const { username, password } = new URL(url)
        return when(username !== '' || password !== '', path)
      }),
  },
  {
    name: 'max_stale_below_refresh',
    message: 'is shorter than refresh, so the keys would expire between two fetches',
    find: (draft) =>
      keySources(draft).flatMap(({ path, keys }) =>
        when('url' in keys && keys.max_stale < keys.refresh, [...path, 'max_stale']),
      ),
  },
]
