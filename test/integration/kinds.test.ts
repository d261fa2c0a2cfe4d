// A token of every kind, presented everywhere a token can be presented: good where it belongs, and elsewhere refused with
// the reason of the table. One matrix; a kind or a place that is added has to fill its row or column.
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { audited } from '../support/audit.ts'
import type { AuthzClient } from '../support/authz-client.ts'
import { clientsOf, type Postern, posternIssuer, startPostern } from '../support/postern.ts'
import type { TokenClient } from '../support/token-client.ts'
import { createTokenMaker } from '../support/token-maker.ts'
import type { Claims } from '../support/tokens.ts'
import { workload, workloadFiles, workloadJwt } from '../support/workloads.ts'

let postern: Postern
let tokenService: TokenClient
let authz: AuthzClient
let closeClients: () => void

beforeAll(async () => {
  postern = await startPostern({
    files: workloadFiles(),
    config: ({ callers, policies, ...base }, place) => ({
      ...base,
      callers: [...callers, workload('portal', place, { revoke: 'on_behalf' })],
      policies: {
        ...policies,
        task: { issuers: ['commons'], task_types: ['WORKFLOW'] },
        no_tasks: { issuers: ['commons'], audiences: ['gen3'], deny_task_tokens: true },
        open: { issuers: ['commons'], audiences: ['gen3'], anonymous: 'allow' },
      },
    }),
  })
  ;({ tokenService, authz, close: closeClients } = clientsOf(postern))
})
afterAll(async () => {
  closeClients?.()
  await postern?.close()
})

const make = (claims: Claims = {}, header: Claims = {}) =>
  createTokenMaker(posternIssuer, postern.key).access(claims, { header })

async function minted(kind: 'TOKEN_KIND_ACCESS' | 'TOKEN_KIND_API_KEY'): Promise<string> {
  return (await tokenService.issue({ subject: { kind, subject: 'alice', scopes: ['openid', 'user'] } })).token
}

const marker = { context: { task_token_type: 'WORKFLOW' } }

/** What we mint is minted; what others of our issuer might make is made with our own key. */
const kinds = {
  access: () => minted('TOKEN_KIND_ACCESS'),
  api_key: () => minted('TOKEN_KIND_API_KEY'),
  task: async () => {
    const apiKey = await minted('TOKEN_KIND_API_KEY')
    return (await tokenService.issue({ api_key: { api_key: apiKey, task_type: 'WORKFLOW' } })).token
  },
  'task for an audience of ours': async () => make({ ...marker, aud: ['gen3', 'WORKFLOW'] }),
  'access with a task type as its audience': async () => make({ aud: ['WORKFLOW'] }),
  refresh: async () => make({ pur: 'refresh' }),
  id: async () => make({ pur: 'id', aud: ['gen3', 'app'] }),
  session: async () => make({ pur: 'session' }),
  'of no purpose': async () => make({ pur: undefined }),
  transaction: async () => make({ pur: undefined, txn: 't-1', aud: ['gen3'] }, { typ: 'txntoken+jwt' }),
} as const satisfies Record<string, () => Promise<string>>

type Kind = keyof typeof kinds

const reasonOf = async (policy: string, token: string) => String((await authz.check({ policy, token })).reason)

/** The reason that an operator finds: in metadata, or in the audit line where the caller is told less. */
const places = {
  'a Check': (token: string) => reasonOf('default', token),
  'a Check for a task': (token: string) => reasonOf('task', token),
  'a Check without tasks': (token: string) => reasonOf('no_tasks', token),
  'an anonymous Check': (token: string) => reasonOf('open', token),
  'Issue, for an API key': (token: string) =>
    detailOf(() => tokenService.issue({ api_key: { api_key: token } }), {
      ...{ code: status.UNAUTHENTICATED, reason: 'api_key_invalid' },
    }),
  'Revoke, for its revoker': (token: string) =>
    detailOf(
      () => tokenService.revoke({ token: make(marker), revoker_token: token }, { workloadJwt: workloadJwt('portal') }),
      { code: status.UNAUTHENTICATED, reason: 'revoker_invalid' },
    ),
  'the token service, for a caller': (token: string) =>
    detailOf(() => tokenService.issue({}, { workloadJwt: token }), {
      ...{ code: status.UNAUTHENTICATED, reason: 'caller_unauthenticated' },
    }),
} as const satisfies Record<string, (token: string) => Promise<string>>

type Place = keyof typeof places

async function detailOf(call: () => Promise<unknown>, refusal: { code: number; reason: string }): Promise<string> {
  const { outcome, line } = await audited(postern, call, (one) => one['msg'] !== 'Issued a token' || 'rootJti' in one)
  if (!(outcome instanceof Error)) return 'good'
  expect(outcome).toMatchObject(refusal)
  return String(line['detail'])
}

const good = 'good'
const valid = 'token_valid'
const stranger = 'issuer_unknown'

const matrix: Readonly<Record<Kind, Readonly<Record<Place, string>>>> = {
  access: row(valid, 'audience_mismatch', valid, valid, 'purpose_refused', good),
  api_key: row('purpose_refused', 'purpose_refused', 'purpose_refused', 'purpose_refused', good, good),
  task: row('audience_mismatch', valid, 'purpose_refused', 'audience_mismatch', 'purpose_refused', 'purpose_refused'),
  'task for an audience of ours': row(valid, valid, 'purpose_refused', valid, 'purpose_refused', 'purpose_refused'),
  'access with a task type as its audience': {
    ...everywhere('audience_mismatch'),
    'Issue, for an API key': 'purpose_refused',
  },
  refresh: everywhere('purpose_refused'),
  id: everywhere('purpose_refused'),
  session: everywhere('purpose_refused'),
  'of no purpose': everywhere('purpose_refused'),
  transaction: { ...everywhere('type_refused'), 'Revoke, for its revoker': 'purpose_refused' },
}

function row(
  check: string,
  task: string,
  noTasks: string,
  anonymous: string,
  apiKey: string,
  revoker: string,
): Readonly<Record<Place, string>> {
  return {
    ...{ 'a Check': check, 'a Check for a task': task, 'a Check without tasks': noTasks },
    ...{ 'an anonymous Check': anonymous, 'Issue, for an API key': apiKey, 'Revoke, for its revoker': revoker },
    'the token service, for a caller': stranger,
  }
}

function everywhere(reason: string): Readonly<Record<Place, string>> {
  return row(reason, reason, reason, reason, reason, reason)
}

describe.each(Object.entries(matrix))('a token of the kind "%s"', (kind, expected) => {
  it.each(Object.entries(expected))(`presented to %s: %s`, async (place, reason) => {
    expect(await placeNamed(place)(await kindNamed(kind)())).toBe(reason)
  })
})

function kindNamed(name: string): () => Promise<string> {
  const [, kind] = Object.entries(kinds).find(([one]) => one === name) ?? []
  if (kind === undefined) throw new Error(`no kind ${name}`)
  return kind
}

function placeNamed(name: string): (token: string) => Promise<string> {
  const [, place] = Object.entries(places).find(([one]) => one === name) ?? []
  if (place === undefined) throw new Error(`no place ${name}`)
  return place
}
