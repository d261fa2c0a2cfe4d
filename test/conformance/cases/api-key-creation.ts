// §6.2: creating and listing API keys. tests/credentials/api_key/test_api_key.py. Data only.
import { permissionDenied } from '../../support/conformance/answers.ts'
import type { Suite } from '../../support/conformance/case.ts'

export const apiKeyCreation: Suite = {
  title: '§6.2 API keys',
  file: 'api-key-creation.ts',
  about: 'Fence `tests/credentials/api_key/test_api_key.py`. An API key is minted by the grant `subject`.',
  cases: [
    {
      id: 'K1',
      upstream: 'test_create_api_key (4)',
      asks: 'a key with scopes that users may have',
      theirs: 'key_id and api_key',
      steps: [
        {
          do: 'issue',
          grant: { subject: '1234', kind: 'api_key', scopes: ['fence', 'data', 'user'] },
          as: 'key',
          gives: {
            claims: {
              pur: 'api_key',
              aud: ['gen3'],
              sub: '1234',
              scope: ['fence', 'data', 'user'],
              context: undefined,
            },
            claimNames: ['pur', 'iss', 'sub', 'aud', 'iat', 'exp', 'jti', 'scope', 'azp'],
            tokenType: 'urn:postern:token-type:api_key',
          },
        },
        { do: 'issue', grant: { apiKey: '{key}' }, gives: {} },
      ],
    },
    {
      id: 'K2',
      upstream: 'test_create_api_key_disallowed_scope (14)',
      asks: 'a key with the scope credentials',
      theirs: '400',
      differs:
        'Which scopes may be asked for is a right of the caller, so the answer is about the caller (PERMISSION_DENIED) and not about the request.',
      steps: [
        {
          do: 'issue',
          grant: { subject: '1234', kind: 'api_key', scopes: ['credentials'] },
          gives: permissionDenied('caller_denied'),
        },
      ],
    },
    {
      id: 'K3',
      upstream: 'test_list_api_key (23)',
      asks: 'a list of the keys of a user',
      theirs: '200 and three ids',
      notApplicable:
        'Postern keeps no record of what it has minted: who asked for a key gets its id with the answer, and the audit has a line for each.',
    },
  ],
}
