// Appendix A.3 and §4.3: claims of an odd type or time, and where jose and PyJWT disagree about them. Data only.
import { allowed, denied } from '../../support/conformance/answers.ts'
import type { Case, Denied, Suite } from '../../support/conformance/case.ts'
import { NOW } from '../../support/conformance/fixture.ts'
import type { Claims } from '../../support/tokens.ts'

interface Row {
  readonly id: string
  readonly upstream?: string
  readonly asks: string
  readonly theirs: string
  readonly claims: Claims
  readonly gives?: Denied
  readonly differs?: string
}

const invalid = denied(401, 'claims_invalid')
const required = 'exp and iat are required, and integers: what never ends could not be revoked for good either.'
const shape = 'A claim of a type that nobody issues is refused, never a crash (W14).'

const rows: readonly Row[] = [
  {
    id: 'A.3.1',
    asks: 'exp is now',
    theirs: 'rejected',
    claims: { iat: NOW - 600, exp: NOW },
    gives: denied(401, 'token_expired'),
  },
  { id: 'A.3.2', asks: 'no exp', theirs: 'accepted', claims: { exp: undefined }, gives: invalid, differs: required },
  {
    id: 'A.3.3',
    asks: 'exp is a text with digits',
    theirs: 'accepted',
    claims: { exp: String(NOW + 600) },
    gives: invalid,
    differs: required,
  },
  {
    id: 'A.3.4',
    asks: 'exp is null',
    theirs: 'TypeError, not caught',
    claims: { exp: null },
    gives: invalid,
    differs: shape,
  },
  {
    id: 'A.3.5',
    asks: 'exp is no whole number',
    theirs: 'accepted',
    claims: { exp: NOW + 600.5 },
    gives: invalid,
    differs: required,
  },
  {
    id: 'A.3.6',
    upstream: 'A.3, the other side of it',
    asks: 'exp is the next second',
    theirs: 'accepted',
    claims: { exp: NOW + 1 },
  },
  {
    id: '4.3.1',
    asks: 'iat in the future',
    theirs: 'PyJWT rejects, jose accepts',
    claims: { iat: NOW + 31 },
    gives: denied(401, 'token_not_yet_valid'),
  },
  {
    id: '4.3.2',
    asks: 'exp 1e20',
    theirs: 'both accept',
    claims: { exp: 1e20 },
    gives: invalid,
    differs: 'No time that a clock or a store could hold.',
  },
  {
    id: '4.3.3',
    asks: 'exp far beyond the life that a token may have',
    theirs: 'both accept',
    claims: { exp: NOW + 31 * 86_400 },
    gives: denied(401, 'lifetime_exceeded'),
    differs: 'exp - iat is at most the max_lifetime of the issuer, so that a revocation need not be kept for ever.',
  },
  {
    id: '4.3.4',
    asks: 'a list of audiences with a number and a match',
    theirs: 'PyJWT rejects, jose accepts',
    claims: { aud: ['gen3', 5] },
    gives: invalid,
  },
  {
    id: '4.3.5',
    upstream: 'W14',
    asks: 'no iat',
    theirs: 'accepted',
    claims: { iat: undefined },
    gives: invalid,
    differs: required,
  },
  {
    id: '4.3.6',
    upstream: 'W14',
    asks: 'context is null',
    theirs: '500',
    claims: { context: null },
    differs: 'As good as none: nothing is asked of it.',
  },
  {
    id: '4.3.7',
    upstream: 'W14',
    asks: 'context is a text',
    theirs: '500',
    claims: { context: 'x' },
    gives: invalid,
    differs: shape,
  },
  {
    id: '4.3.8',
    upstream: 'W14',
    asks: 'context is a list',
    theirs: '500',
    claims: { context: [] },
    gives: invalid,
    differs: shape,
  },
  {
    id: '4.3.9',
    upstream: 'W14',
    asks: 'the task marker is a number',
    theirs: 'a task token',
    claims: { context: { task_token_type: 5 } },
    gives: invalid,
    differs: shape,
  },
  {
    id: '4.3.10',
    upstream: 'W14',
    asks: 'jti is a number',
    theirs: '500',
    claims: { jti: 5 },
    gives: invalid,
    differs: shape,
  },
  {
    id: '4.3.11',
    upstream: '§4.2',
    asks: 'scope is a number',
    theirs: 'JWTError',
    claims: { scope: 5 },
    gives: invalid,
  },
]

export const claims: Suite = {
  title: 'A.3, §4.3 Times and types of claims',
  file: 'claims.ts',
  about: 'PyJWT and jose, measured. Where they disagree the stricter one is right, and often neither is strict enough.',
  cases: rows.map(({ id, upstream, asks, theirs, claims: changed, gives, differs }): Case => {
    return {
      id,
      upstream: upstream ?? (id.startsWith('A.3') ? 'A.3' : '§4.3'),
      asks,
      theirs,
      ...(differs !== undefined && { differs }),
      tokens: { token: { kind: 'access', claims: changed } },
      steps: [{ do: 'check', at: 'gen3', bearer: '{token}', gives: gives ?? allowed }],
    }
  }),
}
