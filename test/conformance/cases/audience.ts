// Appendix A.2: the audience of a token against the expected one, as PyJWT judges it. Data only.
import { allowed, denied } from '../../support/conformance/answers.ts'
import type { Case, Denied, Suite } from '../../support/conformance/case.ts'
import { ISSUER, type PolicyName } from '../../support/conformance/fixture.ts'

const mismatch = denied(401, 'audience_mismatch')
const invalid = denied(401, 'claims_invalid')

interface Row {
  readonly aud: unknown
  readonly at: PolicyName
  readonly expected: string
  readonly theirs: string
  readonly gives?: Denied
}

/** In the order of the appendix; `http://b` is the base URL. */
const rows: readonly Row[] = [
  { aud: ['gen3', 'c'], at: 'gen3', expected: 'gen3', theirs: 'passes' },
  { aud: 'gen3', at: 'gen3', expected: 'gen3', theirs: 'passes' },
  { aud: 'gen3x', at: 'gen3', expected: 'gen3', theirs: 'rejected', gives: mismatch },
  { aud: [ISSUER], at: 'legacy', expected: 'gen3 or the base URL', theirs: 'passes' },
  { aud: ['FOO'], at: 'legacy', expected: 'gen3 or the base URL', theirs: 'rejected', gives: mismatch },
  { aud: undefined, at: 'gen3', expected: 'gen3', theirs: 'rejected', gives: mismatch },
  { aud: [], at: 'gen3', expected: 'gen3', theirs: 'rejected', gives: mismatch },
  { aud: ['gen3', 5], at: 'gen3', expected: 'gen3', theirs: 'rejected', gives: invalid },
  { aud: 5, at: 'gen3', expected: 'gen3', theirs: 'rejected', gives: invalid },
  { aud: { gen3: 1 }, at: 'gen3', expected: 'gen3', theirs: 'rejected', gives: invalid },
  { aud: ['Gen3'], at: 'gen3', expected: 'gen3', theirs: 'rejected', gives: mismatch },
  // Ours, in the same spirit.
  { aud: ['gen'], at: 'gen3', expected: 'gen3', theirs: 'rejected', gives: mismatch },
  { aud: 'gen3 other', at: 'gen3', expected: 'gen3', theirs: 'rejected', gives: mismatch },
  { aud: [['gen3']], at: 'gen3', expected: 'gen3', theirs: 'rejected', gives: invalid },
  { aud: '', at: 'gen3', expected: 'gen3', theirs: 'rejected', gives: mismatch },
  { aud: null, at: 'gen3', expected: 'gen3', theirs: 'rejected', gives: invalid },
]

function shown(aud: unknown): string {
  return aud === undefined ? 'none' : JSON.stringify(aud)
}

const expected = rows.map(({ aud, at, expected: audience, theirs, gives }, index): Case => {
  return {
    id: `A.2.${index + 1}`,
    upstream: index < 11 ? 'A.2' : 'none: the same rule',
    asks: `aud ${shown(aud)} where ${audience} is expected`,
    theirs,
    tokens: { token: { kind: 'access', claims: { aud } } },
    steps: [{ do: 'check', at, bearer: '{token}', gives: gives ?? allowed }],
  }
})

const needsAudience = 'needs audiences or task_types: a token for anything must not be good here'

/** What PyJWT says where no audience is expected, or an empty list of them. */
const nothingExpected = [
  { aud: undefined, expected: 'none', theirs: 'passes' },
  { aud: ['gen3'], expected: 'none', theirs: 'rejected' },
  { aud: [], expected: 'none', theirs: 'passes' },
  { aud: null, expected: 'none', theirs: 'passes' },
  { aud: ['gen3'], expected: '[]', theirs: 'rejected' },
].map(({ aud, expected: audience, theirs }, index): Case => {
  return {
    id: `A.2.${rows.length + index + 1}`,
    upstream: 'A.2',
    asks: `aud ${shown(aud)} where ${audience} is expected`,
    theirs,
    differs:
      'A policy without an audience and without a task type is a configuration error: the question never comes up.',
    steps: [
      {
        do: 'config',
        policy: { issuers: ['fence'], ...(audience === '[]' && { audiences: [] }) },
        gives: { refused: needsAudience },
      },
    ],
  }
})

export const audience: Suite = {
  title: 'A.2 The audience',
  file: 'audience.ts',
  about: 'PyJWT, measured. One common member is enough; exact, with regard to case, texts only.',
  cases: [...expected, ...nothingExpected],
}
