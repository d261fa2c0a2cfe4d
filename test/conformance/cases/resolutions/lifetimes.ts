// §10, C1 to C5: how long a token lives. Data only.
import { failedPrecondition, invalidArgument } from '../../../support/conformance/answers.ts'
import type { Case } from '../../../support/conformance/case.ts'
import { NOW } from '../../../support/conformance/fixture.ts'

const key = { key: { kind: 'api_key' } } as const
const soon = { soon: { kind: 'api_key', claims: { exp: NOW + 60 } } } as const
const outlives = failedPrecondition('api_key_expires_first')

export const lifetimes: readonly Case[] = [
  {
    id: 'C1',
    upstream: 'task_tokens.md against code and A4.1',
    asks: 'a task token without a lifetime',
    theirs: "docs: the type's maximum; code: that of access tokens, or the type's if it is shorter",
    tokens: key,
    steps: [
      { do: 'issue', grant: { apiKey: '{key}', taskType: 'FOO' }, gives: { seconds: 3600 } },
      { do: 'issue', grant: { apiKey: '{key}', taskType: 'SHORT' }, gives: { seconds: 100 } },
      { do: 'issue', grant: { apiKey: '{key}', taskType: 'NOT_IN_CONFIG' }, gives: { seconds: 3600 } },
    ],
  },
  {
    id: 'C2.1',
    upstream: 'review against code and A3.3',
    asks: 'more than the maximum',
    theirs: 'review: the request fails; code: capped',
    tokens: key,
    steps: [{ do: 'issue', grant: { apiKey: '{key}' }, expiresIn: 3601n, gives: { seconds: 3600 } }],
  },
  {
    id: 'C2.2',
    upstream: 'review against code and A4.3',
    asks: 'more than the maximum under ttl_policy: reject',
    theirs: 'review: the request fails',
    house: { signing: { ttl_policy: 'reject' } },
    tokens: key,
    steps: [
      {
        do: 'issue',
        grant: { apiKey: '{key}' },
        expiresIn: 3601n,
        gives: invalidArgument('expires_in_exceeds_max'),
      },
      {
        do: 'issue',
        grant: { apiKey: '{key}', taskType: 'FOO' },
        expiresIn: 4001n,
        gives: invalidArgument('expires_in_exceeds_max'),
      },
      { do: 'issue', grant: { apiKey: '{key}', taskType: 'FOO' }, expiresIn: 4000n, gives: { seconds: 4000 } },
    ],
  },
  {
    id: 'C3.1',
    upstream: 'docs against code',
    asks: 'a type of 100 s, granted for 100 s, for 5000 s',
    theirs: 'docs: fails; code: capped first, so it succeeds',
    tokens: key,
    steps: [{ do: 'issue', grant: { apiKey: '{key}', taskType: 'SHORT' }, expiresIn: 5000n, gives: { seconds: 100 } }],
  },
  {
    id: 'C3.2',
    upstream: 'authz/auth.py (89-110)',
    asks: 'a type granted for 200 s, for 100 s',
    theirs: 'refused: a grant …/200 is for exactly 200 s',
    differs: 'A rule says how long at most. Whoever may have 200 s may have 100 s.',
    tokens: key,
    steps: [
      {
        do: 'issue',
        grant: { apiKey: '{key}', taskType: 'TASK_TOKEN_TYPE_WITH_FIXED_EXPIRATION' },
        expiresIn: 100n,
        gives: { seconds: 100 },
      },
    ],
  },
  {
    id: 'C4.1',
    upstream: 'default_expiration_times.md, A5',
    asks: 'a token that would outlive its API key, by request or by default',
    theirs: 'refused, never shortened',
    tokens: soon,
    steps: [
      { do: 'issue', grant: { apiKey: '{soon}' }, expiresIn: 61n, gives: outlives },
      { do: 'issue', grant: { apiKey: '{soon}' }, gives: outlives },
      { do: 'issue', grant: { apiKey: '{soon}', taskType: 'SHORT' }, gives: outlives },
      { do: 'issue', grant: { apiKey: '{soon}' }, expiresIn: 60n, gives: { seconds: 60 } },
    ],
  },
  {
    id: 'C4.2',
    upstream: 'none',
    asks: 'the same under clamp_to_api_key: true',
    theirs: 'there is no such setting',
    differs: 'Our own setting: shortened to the end of the key.',
    house: { signing: { clamp_to_api_key: true } },
    tokens: soon,
    steps: [
      { do: 'issue', grant: { apiKey: '{soon}' }, gives: { seconds: 60, claims: { exp: NOW + 60 } } },
      { do: 'issue', grant: { apiKey: '{soon}', taskType: 'FOO' }, expiresIn: 4000n, gives: { seconds: 60 } },
    ],
  },
  {
    id: 'C5',
    upstream: 'cdis_jwt.py against utils.get_valid_expiration',
    asks: 'a lifetime of 0 or less, of every kind',
    theirs: 'regular 200, task 403, elsewhere 400 "Requested expiry must be a positive integer"',
    tokens: key,
    steps: [
      { do: 'issue', grant: { apiKey: '{key}' }, expiresIn: 0n, gives: invalidArgument('expires_in_invalid') },
      {
        do: 'issue',
        grant: { apiKey: '{key}', taskType: 'FOO' },
        expiresIn: -1n,
        gives: invalidArgument('expires_in_invalid'),
      },
      {
        do: 'issue',
        grant: { subject: '1234', kind: 'access' },
        expiresIn: 0n,
        gives: invalidArgument('expires_in_invalid'),
      },
    ],
  },
]
