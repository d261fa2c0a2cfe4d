// Rules about `issuers`: every issuer once, its keys over a safe channel, and our own tokens checked as they are minted.
import type { Draft } from '../draft.ts'
import type { IssuerConfig } from '../issuers.ts'
import { type Rule, repeated, when } from './rule.ts'

function own(draft: Draft) {
  return draft.entries('issuers').filter(({ value }) => 'own' in value.keys)
}

function ownBreaches(draft: Draft, key: keyof IssuerConfig, isWrong: (issuer: IssuerConfig) => boolean) {
  return own(draft).flatMap(({ path, value }) => when(isWrong(value), [...path, key]))
}

export const issuerRules: readonly Rule[] = [
  {
    name: 'issuer_name_twice',
    message: 'is the name of another issuer',
    find: (draft) =>
      repeated(draft.entries('issuers'), ({ value }) => value.name).map(({ path }) => ({ path: [...path, 'name'] })),
  },
  {
    name: 'issuer_twice',
    message: 'is configured by another entry already',
    find: (draft) =>
      repeated(draft.entries('issuers'), ({ value }) => value.issuer).map(({ path }) => ({
        path: [...path, 'issuer'],
      })),
  },
  {
    name: 'own_without_signing',
    message: 'own needs the section signing',
    find: (draft) => ownBreaches(draft, 'keys', () => draft.config.signing === undefined && !draft.broken('signing')),
  },
  {
    name: 'own_issuer_differs',
    message: 'must equal signing.issuer, since its keys are our own',
    find: (draft) => {
      const { signing } = draft.config
      return ownBreaches(draft, 'issuer', ({ issuer }) => signing !== undefined && issuer !== signing.issuer)
    },
  },
  {
    name: 'own_issuer_with_other_keys',
    message: 'must be { own: true }: this is the issuer of signing',
    find: (draft) =>
      draft
        .entries('issuers')
        .flatMap(({ path, value }) =>
          when(value.issuer === draft.config.signing?.issuer && !('own' in value.keys), [...path, 'keys']),
        ),
  },
  {
    name: 'own_purpose_differs',
    message: 'must be { claim: pur, access: access }, as our own tokens carry it',
    find: (draft) =>
      ownBreaches(
        draft,
        'purpose',
        ({ purpose }) => purpose === 'none' || purpose.claim !== 'pur' || purpose.access !== 'access',
      ),
  },
  {
    name: 'own_token_id_differs',
    message: 'must be jti, as our own tokens carry it',
    find: (draft) => ownBreaches(draft, 'token_id', ({ token_id }) => token_id !== 'jti'),
  },
  {
    name: 'transaction_type_as_bearer',
    message: 'transaction tokens are never bearer tokens',
    find: (draft) =>
      draft
        .entries('issuers')
        .flatMap(({ path, value }) =>
          [...value.types.entries()].flatMap(([index, type]) =>
            when(type === 'txntoken+jwt', [...path, 'types', index]),
          ),
        ),
  },
]
