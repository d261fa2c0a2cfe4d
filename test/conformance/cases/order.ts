// §2: the order of the checks of Issue. Every case has two faults; the answer says which one is looked for first.
// Data only.
import {
  badKey,
  failedPrecondition,
  invalidArgument,
  permissionDenied,
  unauthenticated,
} from '../../support/conformance/answers.ts'
import type { Suite } from '../../support/conformance/case.ts'
import { ISSUER, MAX_ACCESS, NOW } from '../../support/conformance/fixture.ts'

const soon = { kind: 'api_key', claims: { jti: 'soon', exp: NOW + 60 } } as const

export const order: Suite = {
  title: '§2 The order of the checks',
  file: 'order.ts',
  about:
    'Fence `storage_creds/api.py`, `cdis_jwt.py`, `authz/auth.py`. Each case has the fault of its row and the one of a later row.',
  cases: [
    {
      id: 'S1',
      upstream: 'api.py: 1 before 2',
      asks: 'no API key, and an unknown type',
      theirs: '400 about the API key',
      steps: [
        {
          do: 'issue',
          grant: { apiKey: '', taskType: 'BAR' },
          gives: invalidArgument('request_invalid', { text: 'api_key is required' }),
        },
      ],
    },
    {
      id: 'S2',
      upstream: 'api.py: 2 before 3',
      asks: 'an unknown type, and a lifetime that is none',
      theirs: '400 about the type',
      tokens: { key: { kind: 'api_key' } },
      steps: [
        {
          do: 'issue',
          grant: { apiKey: '{key}', taskType: 'BAR' },
          expiresIn: 0n,
          gives: invalidArgument('task_type_unknown'),
        },
      ],
    },
    {
      id: 'S3',
      upstream: 'api.py: 3 before 5',
      asks: 'a lifetime that is none, and a bad API key',
      theirs: '400 about the lifetime',
      steps: [{ do: 'issue', grant: { apiKey: 'blah' }, expiresIn: 0n, gives: invalidArgument('expires_in_invalid') }],
    },
    {
      id: 'S4',
      upstream: 'cdis_jwt.py: 4 never fails',
      asks: 'a lifetime above the maximum, and a bad API key',
      theirs: '401 about the API key',
      steps: [{ do: 'issue', grant: { apiKey: 'blah' }, expiresIn: 9999n, gives: badKey('credential_malformed') }],
    },
    {
      id: 'S4.1',
      upstream: 'none',
      asks: 'the same under ttl_policy: reject',
      theirs: 'there is no such setting',
      differs: 'Our own setting (C2): what the request itself says is wrong comes before the key.',
      house: { signing: { ttl_policy: 'reject' } },
      steps: [
        {
          do: 'issue',
          grant: { apiKey: 'blah' },
          expiresIn: 9999n,
          gives: invalidArgument('expires_in_exceeds_max'),
        },
      ],
    },
    {
      id: 'S5',
      upstream: 'cdis_jwt.py: 5 before 6',
      asks: 'a revoked API key that ends too soon',
      theirs: '401 about the API key',
      tokens: { soon },
      steps: [
        { do: 'issue', grant: { apiKey: '{soon}' }, gives: failedPrecondition('api_key_expires_first') },
        { do: 'record', revocation: { dimension: 'jti', issuer: ISSUER, id: 'soon', until: NOW + 60 } },
        { do: 'issue', grant: { apiKey: '{soon}' }, gives: unauthenticated('api_key_revoked') },
      ],
    },
    {
      id: 'S6',
      upstream: 'cdis_jwt.py, auth.py: 6 before 8',
      asks: 'an API key that ends too soon, and a type that nobody may have',
      theirs: '400 about the end of the key',
      tokens: { soon },
      steps: [
        {
          do: 'issue',
          grant: { apiKey: '{soon}', taskType: 'NOT_IN_MAPPING' },
          gives: failedPrecondition('api_key_expires_first'),
        },
        {
          do: 'issue',
          grant: { apiKey: '{soon}', taskType: 'NOT_IN_MAPPING' },
          expiresIn: 60n,
          gives: permissionDenied('task_type_denied'),
        },
      ],
    },
    {
      id: 'S7',
      upstream: 'auth.py: 7 before 8',
      asks: 'a type that nobody may have, and a token that would be too large',
      theirs: '500: it is minted before it is authorised',
      differs: 'Authorised before anything is minted (W8).',
      tokens: { large: { kind: 'api_key', claims: { context: { user: { name: 'a'.repeat(4097) } } } } },
      steps: [
        { do: 'issue', grant: { apiKey: '{large}', taskType: 'FOO' }, gives: invalidArgument('token_too_large') },
        {
          do: 'issue',
          grant: { apiKey: '{large}', taskType: 'NOT_IN_MAPPING' },
          gives: permissionDenied('task_type_denied'),
        },
      ],
    },
    {
      id: 'S8',
      upstream: 'auth.py (89-110)',
      asks: 'by whose rights a task token is authorised',
      theirs: 'by those of the token that was just minted',
      differs: 'By those of the API key (W8): a rule may ask for a scope that the task token will not have.',
      house: {
        signing: { tasks: { types: { FOO: {} }, rules: [{ types: ['FOO'], when: { scopes: ['data'] } }] } },
      },
      tokens: {
        with: { kind: 'api_key', claims: { scope: ['fence', 'openid', 'data'] } },
        without: { kind: 'api_key', claims: { scope: ['fence', 'openid'] } },
      },
      steps: [
        {
          do: 'issue',
          grant: { apiKey: '{with}', taskType: 'FOO' },
          gives: { seconds: MAX_ACCESS, claims: { scope: ['fence', 'openid'] } },
        },
        { do: 'issue', grant: { apiKey: '{without}', taskType: 'FOO' }, gives: permissionDenied('task_type_denied') },
      ],
    },
    {
      id: 'S9',
      upstream: 'none: the endpoint knows no callers',
      asks: 'a caller without the right, and a request without anything',
      theirs: 'anybody who has an API key may call',
      differs: 'Callers are authenticated and have rights, which come before everything that is asked.',
      steps: [
        { do: 'issue', by: 'nobody', grant: { apiKey: '' }, gives: unauthenticated('caller_unauthenticated') },
        { do: 'issue', by: 'bystander', grant: { apiKey: '' }, gives: permissionDenied('caller_denied') },
      ],
    },
  ],
}
