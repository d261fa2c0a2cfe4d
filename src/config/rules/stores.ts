// Rules about `denylist`: a store that can do what is asked of it, and revocations that are kept long enough.
import type { Draft } from '../draft.ts'
import { signedLifetimes } from './lifetimes.ts'
import { type Rule, when } from './rule.ts'

/** How long a token may live that was issued, or is derived from one that was, when all tokens were revoked. */
function longestLifetime({ config: { issuers, signing } }: Draft): number {
  // A token may be dated ahead by the leeway, and a transaction goes on through its replacements.
  const accepted = issuers.map(({ max_lifetime, leeway }) => max_lifetime + leeway)
  return Math.max(0, ...accepted, ...signedLifetimes(signing), signing?.transaction?.max_total ?? 0)
}

export const storeRules: readonly Rule[] = [
  {
    name: 'redis_missing',
    message: 'needs the section denylist.redis',
    find: ({ config: { denylist } }) =>
      when(denylist.store === 'redis' && denylist.redis === undefined, ['denylist', 'store']),
  },
  {
    name: 'lookup_without_redis',
    message: 'lookup needs store: redis',
    find: ({ config: { denylist } }) =>
      when(denylist.mode === 'lookup' && denylist.store !== 'redis', ['denylist', 'mode']),
  },
  {
    name: 'workers_without_redis',
    message: 'several processes need store: redis; the other stores belong to one process',
    find: (draft) => {
      const { workers, denylist } = draft.config
      return when(workers > 1 && denylist.store !== 'redis' && !draft.broken('denylist'), ['workers'])
    },
  },
  {
    name: 'epoch_retention_too_short',
    message:
      'must be at least the longest lifetime of a token plus its leeway, or revoking all tokens is forgotten too early',
    find: (draft) => {
      const tooShort = draft.config.denylist.epoch_retention < longestLifetime(draft)
      return when(tooShort && !draft.broken('denylist'), ['denylist', 'epoch_retention'])
    },
  },
  {
    name: 'command_timeout_too_long',
    message: 'must be shorter than denylist.max_staleness, or one slow command would make every answer unknown',
    find: ({ config: { denylist } }) =>
      when(denylist.redis !== undefined && denylist.redis.command_timeout >= denylist.max_staleness, [
        'denylist',
        'redis',
        'command_timeout',
      ]),
  },
  {
    name: 'client_certificate_incomplete',
    message: 'needs both cert and key, or neither',
    find: ({ config: { denylist, token_service } }) => [
      ...when(isHalf(denylist.redis?.tls), ['denylist', 'redis', 'tls']),
      ...when(isHalf(token_service?.tls), ['token_service', 'tls']),
    ],
  },
]

function isHalf(tls: { readonly cert?: string | undefined; readonly key?: string | undefined } | undefined): boolean {
  return (tls?.cert === undefined) !== (tls?.key === undefined)
}
