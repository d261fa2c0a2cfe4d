// Rules about `listen`: something must answer, and nothing that matters may travel in plaintext.
import { formatAddress, isLoopback } from '../address.ts'
import type { Draft } from '../draft.ts'
import type { Listener } from '../listen.ts'
import type { Path } from '../problem.ts'
import { type Rule, repeated, when } from './rule.ts'

interface Entry {
  readonly path: Path
  readonly name: string
  readonly listener: Listener
}

function listeners({ config }: Draft): Entry[] {
  return Object.entries(config.listen ?? {}).flatMap(([name, listener]) =>
    listener === undefined ? [] : [{ path: ['listen', name], name, listener }],
  )
}

function isPlainTcp({ address, tls }: Listener): boolean {
  return address.kind === 'tcp' && tls === undefined
}

function isOnLoopback({ address }: Listener): boolean {
  return address.kind === 'tcp' && isLoopback(address.host)
}

/** Port 0 is a new port each time. */
function addressKey({ address }: Listener): string | undefined {
  return address.kind === 'tcp' && address.port === 0 ? undefined : formatAddress(address)
}

export const listenerRules: readonly Rule[] = [
  {
    name: 'nothing_listens',
    message: 'has neither check nor tokens, so the process would have nothing to do',
    find: (draft) => {
      const { check, tokens } = draft.config.listen ?? {}
      const absent = check === undefined && tokens === undefined
      return when(absent && !draft.broken('listen'), ['listen'])
    },
  },
  {
    name: 'tcp_without_tls',
    message: 'needs tls: plaintext is for loopback and unix sockets',
    find: (draft) =>
      listeners(draft).filter(
        ({ name, listener }) => name !== 'tokens' && isPlainTcp(listener) && !isOnLoopback(listener),
      ),
  },
  {
    name: 'tokens_tcp_without_tls',
    message: 'needs tls on every TCP address: whoever listens in would own the tokens',
    find: (draft, { dev }) =>
      listeners(draft).filter(
        ({ name, listener }) => name === 'tokens' && isPlainTcp(listener) && !(dev && isOnLoopback(listener)),
      ),
  },
  {
    name: 'address_twice',
    message: 'has the address of another listener',
    find: (draft) => repeated(listeners(draft), ({ listener }) => addressKey(listener)),
  },
  {
    name: 'tokens_without_signing',
    message: 'needs the section signing',
    find: (draft) => {
      const { listen, signing } = draft.config
      return when(listen?.tokens !== undefined && signing === undefined && !draft.broken('signing'), [
        'listen',
        'tokens',
      ])
    },
  },
  {
    name: 'tokens_without_callers',
    message: 'needs callers: nobody could use it',
    find: (draft) => {
      const { listen, callers } = draft.config
      return when(listen?.tokens !== undefined && callers.length === 0 && !draft.broken('callers'), [
        'listen',
        'tokens',
      ])
    },
  },
  {
    name: 'check_without_policies',
    message: 'needs policies: every request would be refused',
    find: (draft) => {
      const { listen, policies } = draft.config
      const none = Object.keys(policies).length === 0 && !draft.broken('policies')
      return when(listen?.check !== undefined && none, ['listen', 'check'])
    },
  },
]
