// The runner itself: an answer other than the expected one fails the case, for every kind of step. Without this a case
// could pass because nothing was compared.
import { describe, expect, it } from 'vitest'
import { allowed, denied, invalidArgument, permissionDenied, unauthenticated } from '../support/conformance/answers.ts'
import type { ExecutedCase, Step } from '../support/conformance/case.ts'
import { expectNoToken, runCase } from '../support/conformance/run.ts'

function caseOf(...steps: readonly Step[]): ExecutedCase {
  const tokens = {
    access: { kind: 'access' },
    task: { kind: 'task' },
    key: { kind: 'api_key' },
    cut: { of: 'task', how: 'truncated' },
  } as const
  return { id: 'Z', upstream: 'none', asks: 'anything', theirs: 'nothing', tokens, steps }
}

const mint = { do: 'issue', grant: { apiKey: '{key}' } } as const
const refused = { do: 'issue', grant: { apiKey: '' } } as const
const use = { do: 'check', at: 'gen3', bearer: '{access}' } as const
const misuse = { do: 'check', at: 'foo', bearer: '{access}' } as const
const revoke = { do: 'revoke', by: 'client', token: '{task}' } as const
const vain = { do: 'revoke', by: 'client', token: '{cut}' } as const
const line = { do: 'logged', level: 'info', message: 'Issued a token' } as const

describe('an answer that is not the expected one fails the case', () => {
  it.each<[string, Step, Step]>([
    ['a token instead of a refusal', { ...mint, gives: {} }, { ...mint, gives: permissionDenied('caller_denied') }],
    [
      'a refusal instead of a token',
      { ...refused, gives: invalidArgument('request_invalid') },
      { ...refused, gives: {} },
    ],
    [
      'a refusal with another code',
      { ...refused, gives: invalidArgument('request_invalid') },
      { ...refused, gives: unauthenticated('request_invalid') },
    ],
    [
      'a refusal for another reason',
      { ...refused, gives: invalidArgument('request_invalid') },
      { ...refused, gives: invalidArgument('task_type_unknown') },
    ],
    [
      'a refusal with another text',
      { ...refused, gives: invalidArgument('request_invalid', { text: 'api_key is required' }) },
      { ...refused, gives: invalidArgument('request_invalid', { text: 'token is required' }) },
    ],
    [
      'a refusal with another cause',
      { ...mint, grant: { apiKey: 'x' }, gives: unauthenticated('api_key_invalid', { cause: 'credential_malformed' }) },
      { ...mint, grant: { apiKey: 'x' }, gives: unauthenticated('api_key_invalid', { cause: 'token_expired' }) },
    ],
    ['a token with another lifetime', { ...mint, gives: { seconds: 3600 } }, { ...mint, gives: { seconds: 3601 } }],
    [
      'a token with another claim',
      { ...mint, gives: { claims: { aud: ['gen3'] } } },
      { ...mint, gives: { claims: { aud: ['gen3', 'FOO'] } } },
    ],
    [
      'a token with a claim that should be absent',
      { ...mint, gives: { claims: { nbf: undefined } } },
      { ...mint, gives: { claims: { iss: undefined } } },
    ],
    [
      'a token with more claims',
      { ...mint, gives: { contextNames: ['api_key'] } },
      { ...mint, gives: { claimNames: ['pur', 'iss'] } },
    ],
    [
      'a token with more in its context',
      { ...mint, gives: { contextNames: ['api_key'] } },
      { ...mint, gives: { contextNames: [] } },
    ],
    [
      'a token with another header',
      { ...mint, gives: { header: { kid: 'test-keypair' } } },
      { ...mint, gives: { header: { kid: 'previous-RS256' } } },
    ],
    [
      'a token of another type',
      { ...mint, gives: { tokenType: 'urn:ietf:params:oauth:token-type:access_token' } },
      { ...mint, gives: { tokenType: 'urn:postern:token-type:api_key' } },
    ],
    ['an allow instead of a denial', { ...use, gives: allowed }, { ...use, gives: denied(401, 'audience_mismatch') }],
    [
      'a denial instead of an allow',
      { ...misuse, gives: denied(401, 'audience_mismatch') },
      { ...misuse, gives: allowed },
    ],
    [
      'a denial with another status',
      { ...misuse, gives: denied(401, 'audience_mismatch') },
      { ...misuse, gives: denied(403, 'audience_mismatch') },
    ],
    [
      'a denial for another reason',
      { ...misuse, gives: denied(401, 'audience_mismatch') },
      { ...misuse, gives: denied(401, 'purpose_refused') },
    ],
    [
      'a denial with another text',
      { ...misuse, gives: denied(401, 'audience_mismatch', 'The token is not valid here') },
      { ...misuse, gives: denied(401, 'audience_mismatch', 'Token is denylisted') },
    ],
    [
      'another header for the upstream',
      { ...use, gives: { allow: true, sets: { 'x-auth-subject': '1234' } } },
      { ...use, gives: { allow: true, sets: { 'x-auth-subject': '80' } } },
    ],
    [
      'a header that is not removed',
      { ...use, gives: { allow: true, removes: ['x-auth-task-type'] } },
      { ...use, gives: { allow: true, removes: ['x-auth-subject'] } },
    ],
    [
      'a revocation instead of nothing',
      { ...revoke, gives: 'recorded' },
      { ...revoke, gives: { nothing: 'recorded' } },
    ],
    [
      'nothing instead of a revocation',
      { ...vain, gives: { nothing: 'signature_invalid' } },
      { ...vain, gives: 'recorded' },
    ],
    [
      'nothing for another reason',
      { ...vain, gives: { nothing: 'signature_invalid' } },
      { ...vain, gives: { nothing: 'token_expired' } },
    ],
    [
      'a revocation instead of a refusal',
      { ...revoke, gives: 'recorded' },
      { ...revoke, gives: permissionDenied('not_owner') },
    ],
    [
      'a refusal instead of a revocation',
      { ...revoke, by: 'nobody', gives: unauthenticated('caller_unauthenticated') },
      { ...revoke, by: 'nobody', gives: 'recorded' },
    ],
    [
      'a denylist that lacks the token',
      { do: 'lookup', token: '{task}', gives: 'clear' },
      { do: 'lookup', token: '{task}', gives: 'token_revoked' },
    ],
    [
      'rules that grant one lifetime of many',
      { do: 'permits', taskType: 'FOO', seconds: [1, 4000], gives: true },
      { do: 'permits', taskType: 'FOO', seconds: [1, 4001], gives: true },
    ],
    [
      'a configuration that is accepted',
      { do: 'config', policy: { issuers: ['fence'], audiences: ['x'] }, gives: 'accepted' },
      { do: 'config', policy: { issuers: ['fence'], audiences: ['x'] }, gives: { refused: 'is no policy' } },
    ],
    [
      'a configuration that is refused',
      { do: 'config', policy: { audiences: ['x'] }, gives: { refused: 'needs issuers: no token would be accepted' } },
      { do: 'config', policy: { audiences: ['x'] }, gives: 'accepted' },
    ],
    [
      'keys that were looked up',
      { do: 'keysAsked', issuer: 'partner', gives: [] },
      { do: 'keysAsked', issuer: 'partner', gives: ['partner-ES256'] },
    ],
    [
      'other keys in the JWKS',
      { do: 'jwks', gives: ['test-keypair', 'previous-RS256'] },
      { do: 'jwks', gives: ['test-keypair', 'previous-RS256', 'retired-RS256'] },
    ],
  ])('%s', async (_name, right, wrong) => {
    await expect(runCase(caseOf(right))).resolves.toBeUndefined()
    await expect(runCase(caseOf(wrong))).rejects.toThrow()
  })

  it('a line that is not in the log', async () => {
    const issue: Step = { ...mint, gives: {} }
    await expect(runCase(caseOf(issue, { ...line, fields: { sub: '1234' } }))).resolves.toBeUndefined()
    await expect(runCase(caseOf(issue, { ...line, fields: { sub: '80' } }))).rejects.toThrow()
  })

  it('a token that the case does not have', async () => {
    await expect(runCase(caseOf({ ...use, bearer: '{nobody}', gives: allowed }))).rejects.toThrow('no token "nobody"')
  })

  it('a token in the log, a denial or an error', () => {
    const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl'
    expectNoToken([token], '{"jti":"1","reason":"token_expired"}', 'the log')
    expect(() => expectNoToken([token], `{"detail":"could not read ${token}"}`, 'the log')).toThrow('the log')
  })
})
