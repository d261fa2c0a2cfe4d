// Every kind of token at every place that takes one: where it does not belong it is refused, and for that reason (W4).
// Data only.
import { allowed, badKey, denied, unauthenticated } from '../../support/conformance/answers.ts'
import type { Case, Denied, ExecutedCase, Refused, Step, Suite } from '../../support/conformance/case.ts'
import type { TokenKind } from '../../support/conformance/tokens.ts'

interface Row {
  readonly gen3: Denied | undefined
  readonly foo: Denied | undefined
  readonly asKey: Refused | undefined
  /** In the place of the token by which a user revokes another one of theirs. */
  readonly asRevoker: Refused | undefined
}

const purpose = denied(401, 'purpose_refused')
const audience = denied(401, 'audience_mismatch')
const noRevoker = unauthenticated('revoker_invalid', { cause: 'purpose_refused' })
const noKey = badKey('purpose_refused')

const rows: Readonly<Record<TokenKind, Row>> = {
  access: { gen3: undefined, foo: audience, asKey: noKey, asRevoker: undefined },
  task: { gen3: audience, foo: undefined, asKey: noKey, asRevoker: noRevoker },
  api_key: { gen3: purpose, foo: purpose, asKey: undefined, asRevoker: undefined },
  refresh: { gen3: purpose, foo: purpose, asKey: noKey, asRevoker: noRevoker },
  id: { gen3: purpose, foo: purpose, asKey: noKey, asRevoker: noRevoker },
  session: { gen3: purpose, foo: purpose, asKey: noKey, asRevoker: noRevoker },
}

/** A, an: for sentences. */
const names: Readonly<Record<TokenKind, string>> = {
  access: 'an access token',
  task: 'a task token',
  api_key: 'an API key',
  refresh: 'a refresh token',
  id: 'an ID token',
  session: 'a session token',
}

interface Place {
  readonly id: string
  readonly name: string
  readonly theirs: (kind: TokenKind) => string
  readonly step: (row: Row) => Step
  /** Besides `{token}`. */
  readonly tokens?: NonNullable<ExecutedCase['tokens']>
  /** Whether their answer to this kind is ours. */
  readonly agrees: (kind: TokenKind) => boolean
}

const places: readonly Place[] = [
  {
    id: 'gen3',
    name: 'at a route of the commons',
    theirs: (kind) =>
      kind === 'task' ? 'refused by its audience' : 'accepted where its scopes suffice: nobody asks for the purpose',
    step: ({ gen3 }) => ({ do: 'check', at: 'gen3', bearer: '{token}', gives: gen3 ?? allowed }),
    agrees: (kind) => kind === 'access' || kind === 'task',
  },
  {
    id: 'foo',
    name: 'at the route of its task type',
    theirs: (kind) => (kind === 'task' ? 'accepted' : 'refused by its audience'),
    step: ({ foo }) => ({ do: 'check', at: 'foo', bearer: '{token}', gives: foo ?? allowed }),
    agrees: () => true,
  },
  {
    id: 'key',
    name: 'in the place of an API key',
    theirs: (kind) => (kind === 'api_key' ? '200' : '401'),
    step: ({ asKey }) => ({ do: 'issue', grant: { apiKey: '{token}' }, gives: asKey ?? {} }),
    agrees: () => true,
  },
  {
    id: 'revoker',
    name: 'as the token by which its owner revokes another',
    theirs: () => 'accepted if it has the scope openid: expiry, audience and purpose are not checked',
    step: ({ asRevoker }) => ({
      do: 'revoke',
      by: 'portal',
      token: '{other}',
      revoker: '{token}',
      gives: asRevoker ?? 'recorded',
    }),
    tokens: { other: { kind: 'refresh' } },
    agrees: (kind) => kind === 'access' || kind === 'api_key',
  },
]

const kindNames: readonly TokenKind[] = ['access', 'task', 'api_key', 'refresh', 'id', 'session']

function caseOf(kind: TokenKind, place: Place): Case {
  return {
    id: `M.${kind}.${place.id}`,
    upstream: place.id === 'revoker' ? 'W11' : 'W4',
    asks: `${names[kind]} ${place.name}`,
    theirs: place.theirs(kind),
    ...(place.agrees(kind) ? {} : { differs: 'A token is good for its purpose and for no other (W4, W11).' }),
    tokens: { token: { kind }, ...place.tokens },
    steps: [place.step(rows[kind])],
  }
}

export const kinds: Suite = {
  title: 'W4 Every kind of token, everywhere',
  file: 'kinds.ts',
  about: 'Six kinds of token, four places. All of one user, unexpired, genuine.',
  cases: kindNames.flatMap((kind) => places.map((place) => caseOf(kind, place))),
}
