// §10, C12 and C13: for whom a token is. Data only.
import { allowed, denied, invalidArgument } from '../../../support/conformance/answers.ts'
import type { Case } from '../../../support/conformance/case.ts'

export const audiences: readonly Case[] = [
  {
    id: 'C12',
    upstream: 'PyJWT any-of, go-authutils all-of',
    asks: 'one audience in common',
    theirs: 'PyJWT: passes; go-authutils: refused',
    tokens: {
      wide: { kind: 'access', claims: { aud: ['other', 'gen3'] } },
      text: { kind: 'access', claims: { aud: 'gen3' } },
    },
    steps: [
      { do: 'check', at: 'legacy', bearer: '{wide}', gives: allowed },
      { do: 'check', at: 'legacy', bearer: '{text}', gives: allowed },
    ],
  },
  {
    id: 'C13.1',
    upstream: 'R10: aud [gen3, FOO] and the marker',
    asks: 'a marked token that is also for gen3, on three routes',
    theirs: 'by its audience everywhere',
    differs: 'Accepted by either, and refused where a policy says deny_task_tokens.',
    tokens: { both: { kind: 'task', claims: { aud: ['gen3', 'FOO'] } } },
    steps: [
      { do: 'check', at: 'gen3', bearer: '{both}', gives: allowed },
      { do: 'check', at: 'foo', bearer: '{both}', gives: allowed },
      { do: 'check', at: 'no_tasks', bearer: '{both}', gives: denied(401, 'purpose_refused') },
    ],
  },
  {
    id: 'C13.2',
    upstream: 'W15: one list for audiences, clients and types',
    asks: 'a token for FOO without the marker',
    theirs: 'accepted by the services of FOO',
    differs: 'An audience alone never satisfies the rule for a task type.',
    tokens: { unmarked: { kind: 'access', claims: { aud: ['FOO'] } } },
    steps: [{ do: 'check', at: 'foo', bearer: '{unmarked}', gives: denied(401, 'audience_mismatch') }],
  },
  {
    id: 'C13.3',
    upstream: 'C13',
    asks: 'a marker FOO on a token that is not for FOO',
    theirs: 'refused by its audience',
    tokens: { misplaced: { kind: 'task', claims: { aud: ['BAR'] } } },
    steps: [{ do: 'check', at: 'foo', bearer: '{misplaced}', gives: denied(401, 'audience_mismatch') }],
  },
  {
    id: 'C13.4',
    upstream: 'W15: a client with the id FOO',
    asks: 'an access token for a client that is called like a task type, or like the commons',
    theirs: '200: its tokens pass for task tokens',
    differs: 'A client id becomes an audience, so it must not be one that means something else.',
    steps: [
      {
        do: 'issue',
        grant: { subject: '1234', kind: 'access', clientId: 'FOO' },
        gives: invalidArgument('request_invalid', { text: 'client_id is reserved' }),
      },
      {
        do: 'issue',
        grant: { subject: '1234', kind: 'access', clientId: 'gen3' },
        gives: invalidArgument('request_invalid', { text: 'client_id is reserved' }),
      },
    ],
  },
  {
    id: 'C13.5',
    upstream: 'C13',
    asks: 'a policy with a task type for an audience',
    theirs: 'there is no such check',
    differs: 'A configuration error: names of task types are nothing else.',
    steps: [
      {
        do: 'config',
        policy: { issuers: ['fence'], audiences: ['FOO'] },
        gives: { refused: 'is also an audience, an issuer or a client id; a task type must be nothing else' },
      },
    ],
  },
]
