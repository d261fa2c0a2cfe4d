// Rules about `callers`: each recognised in one way only, over a channel that proves who it is, with rights that work.
import { isLoopback } from '../address.ts'
import type { CallerConfig } from '../callers.ts'
import type { Draft } from '../draft.ts'
import type { Listener } from '../listen.ts'
import { type Breach, dangling, type Rule, type RuleContext, repeated } from './rule.ts'

/** Only the owner of the socket can open it. */
const PRIVATE_MODE = 0o600

function isPrivate({ address }: Listener, { dev }: RuleContext): boolean {
  return address.kind === 'unix' ? address.mode === PRIVATE_MODE : dev && isLoopback(address.host)
}

/** What a caller presents; two entries with the same would be one caller with two sets of rights. */
function identityKey({ identity }: CallerConfig): string {
  if (!('jwt' in identity)) return JSON.stringify(identity)
  const { issuer, audience, subject } = identity.jwt
  return JSON.stringify([issuer, audience, subject])
}

function callerBreaches(
  draft: Draft,
  find: (caller: CallerConfig) => readonly (string | number)[] | undefined,
): Breach[] {
  return draft.entries('callers').flatMap(({ path, value }) => {
    const key = find(value)
    return key === undefined ? [] : [{ path: [...path, ...key] }]
  })
}

export const callerRules: readonly Rule[] = [
  {
    name: 'caller_name_twice',
    message: 'is the name of another caller',
    find: (draft) =>
      repeated(draft.entries('callers'), ({ value }) => value.name).map(({ path }) => ({ path: [...path, 'name'] })),
  },
  {
    name: 'caller_identity_twice',
    message: 'is the identity of another caller',
    find: (draft) =>
      repeated(draft.entries('callers'), ({ value }) => identityKey(value)).map(({ path }) => ({
        path: [...path, 'identity'],
      })),
  },
  {
    name: 'local_caller_without_private_socket',
    message: 'needs listen.tokens on a unix socket of mode "0600"',
    find: (draft, context) => {
      const tokens = draft.config.listen?.tokens
      const open = tokens !== undefined && !isPrivate(tokens, context)
      return callerBreaches(draft, ({ identity }) => (open && 'local' in identity ? ['identity', 'local'] : undefined))
    },
  },
  {
    name: 'certificate_caller_without_client_ca',
    message: 'needs listen.tokens.tls with client_ca, or its certificate would not be asked for',
    find: (draft) => {
      const tokens = draft.config.listen?.tokens
      // A unix socket has no certificates; the entry may be for the processes that share this file and listen on TCP.
      const unasked = tokens?.address.kind === 'tcp' && tokens.tls?.client_ca === undefined
      return callerBreaches(draft, ({ identity }) =>
        unasked && ('spiffe' in identity || 'dns' in identity) ? ['identity'] : undefined,
      )
    },
  },
  {
    name: 'caller_issuer_is_trusted',
    message: 'is an issuer of tokens for Check, and such a token must never authenticate a caller',
    find: (draft) => {
      const { issuers, signing } = draft.config
      const trusted = new Set([...issuers.map(({ issuer }) => issuer), signing?.issuer])
      return callerBreaches(draft, ({ identity }) =>
        'jwt' in identity && trusted.has(identity.jwt.issuer) ? ['identity', 'jwt', 'issuer'] : undefined,
      )
    },
  },
  {
    name: 'caller_audience_in_policy',
    message: 'is an audience of tokens for Check, and such a token must never authenticate a caller',
    find: (draft) => {
      const { policies, signing } = draft.config
      const used = new Set([...Object.values(policies).flatMap(({ audiences }) => audiences), signing?.access.audience])
      return callerBreaches(draft, ({ identity }) =>
        'jwt' in identity && used.has(identity.jwt.audience) ? ['identity', 'jwt', 'audience'] : undefined,
      )
    },
  },
  {
    name: 'caller_issuer_differs',
    message: 'must have the keys, algorithms and limits that another caller gives for the same issuer',
    find: (draft) => {
      const firsts = new Map<string, string>()
      return callerBreaches(draft, ({ identity }) => {
        if (!('jwt' in identity)) return undefined
        const { issuer, audience: _audience, subject: _subject, ...trust } = identity.jwt
        const first = firsts.get(issuer) ?? JSON.stringify(trust)
        firsts.set(issuer, first)
        return first === JSON.stringify(trust) ? undefined : ['identity', 'jwt']
      })
    },
  },
  {
    name: 'own_client_without_client_id',
    message: 'own_client needs client_id',
    find: (draft) =>
      callerBreaches(draft, ({ revoke, client_id }) =>
        revoke === 'own_client' && client_id === undefined ? ['revoke'] : undefined,
      ),
  },
  {
    name: 'caller_task_type_unknown',
    message: 'is no type of signing.tasks.types',
    find: (draft) => {
      const { signing } = draft.config
      const known = Object.keys(signing?.tasks.types ?? {})
      if (signing === undefined) return []
      return draft
        .entries('callers')
        .flatMap(({ path, value }) =>
          value.issue.task_types.flatMap((type, index) =>
            type.endsWith('*') ? [] : dangling(type, known, [...path, 'issue', 'task_types', index]),
          ),
        )
    },
  },
]
