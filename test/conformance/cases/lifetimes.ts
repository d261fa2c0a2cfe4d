// §2: what `expires_in` may be, measured with the parser they use; and the lifetime of API keys (§2b). Data only.
import { invalidArgument } from '../../support/conformance/answers.ts'
import type { Suite } from '../../support/conformance/case.ts'
import { MAX_ACCESS, MAX_API_KEY } from '../../support/conformance/fixture.ts'

const key = { key: { kind: 'api_key' } } as const
const text = 'expires_in is a 64-bit integer of the protocol: a lifetime has one spelling.'
const positive = invalidArgument('expires_in_invalid', { text: 'expires_in must be a positive number of seconds' })
const notPositive = 'Nothing is minted that could never be used (C5).'

export const lifetimes: Suite = {
  title: '§2 The values of expires_in',
  file: 'lifetimes.ts',
  about: 'Fence `storage_creds/api.py` with a maximum of 3600 s for access tokens.',
  cases: [
    {
      id: 'E1',
      upstream: 'expires_in absent',
      asks: 'absent',
      theirs: '3600',
      tokens: key,
      steps: [{ do: 'issue', grant: { apiKey: '{key}' }, gives: { seconds: MAX_ACCESS } }],
    },
    {
      id: 'E2',
      upstream: 'expires_in=60',
      asks: '60',
      theirs: '60',
      tokens: key,
      steps: [{ do: 'issue', grant: { apiKey: '{key}' }, expiresIn: 60n, gives: { seconds: 60 } }],
    },
    {
      id: 'E3',
      upstream: 'expires_in=+60, " 60 ", full-width digits, 1_000',
      asks: 'other spellings of a number',
      theirs: 'accepted',
      notApplicable: text,
    },
    {
      id: 'E4',
      upstream: 'expires_in=3660',
      asks: 'a little above the maximum',
      theirs: 'capped to 3600',
      tokens: key,
      steps: [{ do: 'issue', grant: { apiKey: '{key}' }, expiresIn: 3660n, gives: { seconds: MAX_ACCESS } }],
    },
    {
      id: 'E5',
      upstream: 'expires_in=10^30',
      asks: 'as far above it as can be (2^63 - 1 for their 10^30)',
      theirs: 'capped to 3600',
      tokens: key,
      steps: [{ do: 'issue', grant: { apiKey: '{key}' }, expiresIn: 2n ** 63n - 1n, gives: { seconds: MAX_ACCESS } }],
    },
    {
      id: 'E6',
      upstream: 'expires_in=0',
      asks: '0',
      theirs: '200, exp = iat',
      differs: notPositive,
      tokens: key,
      steps: [{ do: 'issue', grant: { apiKey: '{key}' }, expiresIn: 0n, gives: positive }],
    },
    {
      id: 'E7',
      upstream: 'expires_in=-5',
      asks: '-5',
      theirs: '200, exp before iat',
      differs: notPositive,
      tokens: key,
      steps: [{ do: 'issue', grant: { apiKey: '{key}' }, expiresIn: -5n, gives: positive }],
    },
    {
      id: 'E8',
      upstream: 'task_token=FOO&expires_in=-5',
      asks: '-5 for a task token',
      theirs: '403',
      differs: 'The request is at fault, not the right to the type, so the answer is the same for every kind (C5).',
      tokens: key,
      steps: [
        { do: 'issue', grant: { apiKey: '{key}', taskType: 'FOO' }, expiresIn: -5n, gives: positive },
        { do: 'issue', grant: { apiKey: '{key}', taskType: 'FOO' }, expiresIn: 0n, gives: positive },
        { do: 'issue', grant: { apiKey: '{key}', taskType: 'NOT_IN_MAPPING' }, expiresIn: 0n, gives: positive },
      ],
    },
    {
      id: 'E9',
      upstream: 'expires_in=1.5, 1e3, true, 0x10, abc, empty',
      asks: 'what is no integer',
      theirs: '400',
      notApplicable: text,
    },
    {
      id: 'E10',
      upstream: 'expires_in=a&expires_in=b',
      asks: 'two values',
      theirs: 'the first counts',
      notApplicable: 'There is one field. Where a message has it twice, the last counts, as everywhere in protobuf.',
    },
    {
      id: 'E11',
      upstream: 'POST /credentials/api, expires_in absent',
      asks: 'an API key without a lifetime',
      theirs: '2592000',
      steps: [{ do: 'issue', grant: { subject: '1234', kind: 'api_key' }, gives: { seconds: MAX_API_KEY } }],
    },
    {
      id: 'E12',
      upstream: 'POST /credentials/api, expires_in=2592001',
      asks: 'an API key for longer than the maximum',
      theirs: 'capped to 2592000',
      steps: [
        {
          do: 'issue',
          grant: { subject: '1234', kind: 'api_key' },
          expiresIn: 2_592_001n,
          gives: { seconds: MAX_API_KEY },
        },
      ],
    },
    {
      id: 'E13',
      upstream: 'POST /credentials/api, expires_in=-5 or abc',
      asks: 'an API key with a lifetime that is none',
      theirs: 'a key that is born expired; abc: 500',
      differs: notPositive,
      steps: [
        { do: 'issue', grant: { subject: '1234', kind: 'api_key' }, expiresIn: -5n, gives: positive },
        { do: 'issue', grant: { subject: '1234', kind: 'api_key' }, expiresIn: 0n, gives: positive },
      ],
    },
  ],
}
