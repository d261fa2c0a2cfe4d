// §6.1: an access token or a task token from an API key. tests/credentials/api_key/test_access.py. Data only.
import { failedPrecondition, permissionDenied } from '../../support/conformance/answers.ts'
import type { Case, Step, Suite } from '../../support/conformance/case.ts'
import { MAX_ACCESS, MAX_FOO } from '../../support/conformance/fixture.ts'

/** What the upstream fixtures do first: the user creates an API key. */
function newKey(seconds?: bigint): Step {
  return {
    do: 'issue',
    grant: { subject: '1234', kind: 'api_key', scopes: ['fence', 'data', 'user', 'openid'] },
    ...(seconds !== undefined && { expiresIn: seconds }),
    as: 'key',
    gives: {},
  }
}

const outlives = failedPrecondition('api_key_expires_first', {
  text: 'Cannot issue a token that would expire after the provided API key does',
})

const issuing: readonly Case[] = [
  {
    id: 'A1',
    upstream: 'test_get_access_token (20)',
    asks: 'a fresh API key',
    theirs: '200 and an access_token',
    steps: [
      newKey(),
      { do: 'issue', grant: { apiKey: '{key}' }, as: 'access', gives: { claims: { pur: 'access', aud: ['gen3'] } } },
      { do: 'check', at: 'gen3', bearer: '{access}', gives: { allow: true } },
    ],
  },
  {
    id: 'A2',
    upstream: 'test_get_access_token_with_formdata (40)',
    asks: 'a fresh API key, as form data like A1',
    theirs: '200',
    steps: [newKey(), { do: 'issue', grant: { apiKey: '{key}' }, gives: { seconds: MAX_ACCESS } }],
  },
  {
    id: 'A3.1',
    upstream: 'test_get_access_token_with_expires_in[None] (60)',
    asks: 'no lifetime asked for',
    theirs: 'exp = now + 3600',
    steps: [newKey(), { do: 'issue', grant: { apiKey: '{key}' }, gives: { seconds: 3600 } }],
  },
  {
    id: 'A3.2',
    upstream: 'test_get_access_token_with_expires_in[60] (60)',
    asks: '60 s',
    theirs: 'exp = now + 60',
    steps: [newKey(), { do: 'issue', grant: { apiKey: '{key}' }, expiresIn: 60n, gives: { seconds: 60 } }],
  },
  {
    id: 'A3.3',
    upstream: 'test_get_access_token_with_expires_in[3660] (60)',
    asks: 'more than the maximum',
    theirs: '200, capped: exp = now + 3600',
    steps: [newKey(), { do: 'issue', grant: { apiKey: '{key}' }, expiresIn: 3660n, gives: { seconds: 3600 } }],
  },
  {
    id: 'A4.1',
    upstream: 'test_task_token (95): FOO, None',
    asks: 'FOO, no lifetime asked for',
    theirs: '200; aud exactly [FOO]; exp = now + 3600, not 4000',
    steps: [
      newKey(),
      {
        do: 'issue',
        grant: { apiKey: '{key}', taskType: 'FOO' },
        gives: { seconds: 3600, claims: { aud: ['FOO'] } },
      },
    ],
  },
  {
    id: 'A4.2',
    upstream: 'test_task_token (95): FOO, 3660',
    asks: 'FOO, more than access tokens may have',
    theirs: '200; aud [FOO]; exp = now + 3660',
    steps: [
      newKey(),
      {
        do: 'issue',
        grant: { apiKey: '{key}', taskType: 'FOO' },
        expiresIn: 3660n,
        gives: { seconds: 3660, claims: { aud: ['FOO'] } },
      },
    ],
  },
  {
    id: 'A4.3',
    upstream: 'test_task_token (95): FOO, 4060',
    asks: 'FOO, more than the type may have',
    theirs: '200, capped: exp = now + 4000',
    steps: [
      newKey(),
      {
        do: 'issue',
        grant: { apiKey: '{key}', taskType: 'FOO' },
        expiresIn: 4060n,
        gives: { seconds: MAX_FOO, claims: { aud: ['FOO'] } },
      },
    ],
  },
  {
    id: 'A4.4',
    upstream: 'test_task_token (95): NOT_IN_CONFIG, 4060',
    asks: 'a type without a lifetime of its own',
    theirs: '200; aud [NOT_IN_CONFIG]; exp = now + 3600',
    steps: [
      newKey(),
      {
        do: 'issue',
        grant: { apiKey: '{key}', taskType: 'NOT_IN_CONFIG' },
        expiresIn: 4060n,
        gives: { seconds: MAX_ACCESS, claims: { aud: ['NOT_IN_CONFIG'] } },
      },
    ],
  },
  {
    id: 'A4.5',
    upstream: 'test_task_token (95): NOT_IN_MAPPING, 3660',
    asks: 'a type that Arborist grants to nobody',
    theirs: '403',
    steps: [
      newKey(),
      {
        do: 'issue',
        grant: { apiKey: '{key}', taskType: 'NOT_IN_MAPPING' },
        expiresIn: 3660n,
        gives: permissionDenied('task_type_denied'),
      },
    ],
  },
  {
    id: 'A5.1',
    upstream: '…_almost_expired_key (166): 30',
    asks: 'a key that lives 60 s, a token for 30 s',
    theirs: '200',
    steps: [newKey(60n), { do: 'issue', grant: { apiKey: '{key}' }, expiresIn: 30n, gives: { seconds: 30 } }],
  },
  {
    id: 'A5.2',
    upstream: '…_almost_expired_key (166): 3660',
    asks: 'a key that lives 60 s, a token for 3660 s',
    theirs: '400 "Cannot issue an access token that would expire after the provided API key does …"',
    steps: [newKey(60n), { do: 'issue', grant: { apiKey: '{key}' }, expiresIn: 3660n, gives: outlives }],
  },
  {
    id: 'A5.3',
    upstream: '…_almost_expired_key (166): FOO, 3660',
    asks: 'a key that lives 60 s, a FOO token for 3660 s',
    theirs: '400 and the same text',
    steps: [
      newKey(60n),
      { do: 'issue', grant: { apiKey: '{key}', taskType: 'FOO' }, expiresIn: 3660n, gives: outlives },
    ],
  },
]

/** `can_user_get_task_token`: their Arborist grants are our task rules, and both are asked with a lifetime. */
const authorizing: readonly Case[] = [
  {
    id: 'A6.1',
    upstream: 'test_can_user_get_task_token (227): FOO, None',
    asks: 'FOO without a lifetime',
    theirs: 'False: not an integer',
    differs:
      'Their inner function can be called without a lifetime; the rules here are only ever asked with the one that would be granted. At Issue "none asked for" is 3600 s there as well (A4.1).',
    steps: [newKey(), { do: 'issue', grant: { apiKey: '{key}', taskType: 'FOO' }, gives: { seconds: 3600 } }],
  },
  {
    id: 'A6.2',
    upstream: 'test_can_user_get_task_token (227): FOO, random',
    asks: 'FOO for any lifetime up to its maximum',
    theirs: 'True for a random one of 1..4000',
    steps: [{ do: 'permits', taskType: 'FOO', seconds: [1, 4000], gives: true }],
  },
  {
    id: 'A6.3',
    upstream: 'test_can_user_get_task_token (227): FOO, 4000',
    asks: 'FOO for exactly its maximum',
    theirs: 'True',
    steps: [{ do: 'permits', taskType: 'FOO', seconds: 4000, gives: true }],
  },
  {
    id: 'A6.4',
    upstream: 'test_can_user_get_task_token (227): FOO, 4001',
    asks: 'FOO for a second more than its maximum',
    theirs: 'False',
    steps: [{ do: 'permits', taskType: 'FOO', seconds: 4001, gives: false }],
  },
  {
    id: 'A6.5',
    upstream: 'test_can_user_get_task_token (227): TASK_TOKEN_TYPE_WITH_FIXED_EXPIRATION, None',
    asks: 'a type granted for 200 s, without a lifetime',
    theirs: 'False: not an integer',
    steps: [
      newKey(),
      {
        do: 'issue',
        grant: { apiKey: '{key}', taskType: 'TASK_TOKEN_TYPE_WITH_FIXED_EXPIRATION' },
        gives: permissionDenied('task_type_denied'),
      },
    ],
  },
  {
    id: 'A6.6',
    upstream: 'test_can_user_get_task_token (227): TASK_TOKEN_TYPE_WITH_FIXED_EXPIRATION, 200',
    asks: 'a type granted for 200 s, for 200 s',
    theirs: 'True',
    steps: [
      { do: 'permits', taskType: 'TASK_TOKEN_TYPE_WITH_FIXED_EXPIRATION', seconds: 200, gives: true },
      newKey(),
      {
        do: 'issue',
        grant: { apiKey: '{key}', taskType: 'TASK_TOKEN_TYPE_WITH_FIXED_EXPIRATION' },
        expiresIn: 200n,
        gives: { seconds: 200 },
      },
    ],
  },
  {
    id: 'A6.7',
    upstream: 'test_can_user_get_task_token (227): TASK_TOKEN_TYPE_WITH_FIXED_EXPIRATION, 260',
    asks: 'a type granted for 200 s, for 260 s',
    theirs: 'False',
    steps: [
      { do: 'permits', taskType: 'TASK_TOKEN_TYPE_WITH_FIXED_EXPIRATION', seconds: 260, gives: false },
      newKey(),
      {
        do: 'issue',
        grant: { apiKey: '{key}', taskType: 'TASK_TOKEN_TYPE_WITH_FIXED_EXPIRATION' },
        expiresIn: 260n,
        gives: permissionDenied('task_type_denied'),
      },
    ],
  },
  {
    id: 'A6.8',
    upstream: 'test_can_user_get_task_token (227): BLANKET_ACCESS_NOT_IN_CONFIG, random',
    asks: 'a type granted without limit, for any lifetime up to the fallback maximum',
    theirs: 'True for a random one of 1..3600',
    steps: [{ do: 'permits', taskType: 'BLANKET_ACCESS_NOT_IN_CONFIG', seconds: [1, 3600], gives: true }],
  },
  {
    id: 'A6.9',
    upstream: 'test_can_user_get_task_token (227): BLANKET_ACCESS_NOT_IN_CONFIG, 3601',
    asks: 'the same for a second more',
    theirs: 'False',
    steps: [{ do: 'permits', taskType: 'BLANKET_ACCESS_NOT_IN_CONFIG', seconds: 3601, gives: false }],
  },
  {
    id: 'A6.10',
    upstream: 'test_can_user_get_task_token (227): WRONG_METHOD, 200',
    asks: 'a type whose grant is for something else',
    theirs: 'False: the grant is for the method delete',
    steps: [
      { do: 'permits', taskType: 'WRONG_METHOD', seconds: 200, gives: false },
      newKey(),
      {
        do: 'issue',
        grant: { apiKey: '{key}', taskType: 'WRONG_METHOD' },
        expiresIn: 200n,
        gives: permissionDenied('task_type_denied'),
      },
    ],
  },
]

export const apiKeyAccess: Suite = {
  title: '§6.1 An access token or a task token from an API key',
  file: 'api-key-access.ts',
  about:
    'Fence `tests/credentials/api_key/test_access.py`. 200 is a token here, 400 INVALID_ARGUMENT or FAILED_PRECONDITION, 403 PERMISSION_DENIED. Arborist grants are task rules.',
  cases: [...issuing, ...authorizing],
}
