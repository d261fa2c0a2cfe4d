// §11: bugs and weaknesses of the systems we replace, and what shows that they are not repeated. Data only.

/** By cases of ours, by other test files (from the root of the repository), or not at all and why. */
export type Bug = {
  readonly id: string
  readonly what: string
} & (
  | { readonly shownBy: readonly [string, ...string[]]; readonly files?: readonly string[] }
  | { readonly files: readonly [string, ...string[]] }
  | { readonly notApplicable: string }
)

export const bugs: readonly Bug[] = [
  { id: 'W1', what: 'Rotating keys switches denylist and revocation off', shownBy: ['G5', 'C19.1', 'C19.2'] },
  { id: 'W2', what: 'Another carrier or scheme skips the denylist', shownBy: ['G2', 'X13', 'X14'] },
  {
    id: 'W3',
    what: 'Checker and upstream read different tokens out of one request',
    shownBy: ['C21.4', 'C21.7', 'C21.16', 'C21.20', 'X12', 'X13', 'X17', 'C22'],
  },
  {
    id: 'W4',
    what: 'API keys and refresh tokens work as access tokens',
    shownBy: ['M.api_key.gen3', 'M.refresh.gen3', 'M.id.gen3', 'M.session.gen3', 'U12.3'],
  },
  { id: 'W5', what: 'The token decides whose keys are fetched', shownBy: ['D1.1', 'D1.2', 'D2', 'D3', 'U18.3'] },
  { id: 'W6', what: 'A token for a user who does not exist', shownBy: ['N18'] },
  { id: 'W7', what: 'Lifetimes of zero and less', shownBy: ['N1', 'N2', 'E6', 'E7', 'E8', 'E13', 'C5'] },
  { id: 'W8', what: 'Minted first, authorised afterwards', shownBy: ['S7', 'S8'] },
  { id: 'W9', what: 'A task token has scopes that its API key lacks', shownBy: ['N17'] },
  {
    id: 'W10',
    what: 'What a revoked API key has minted lives on; logout revokes nothing',
    shownBy: ['C15', 'R8.1', 'R7.1'],
  },
  {
    id: 'W11',
    what: 'Revoked by expired, foreign or any tokens, or by nobody',
    shownBy: ['C18.1', 'C18.2', 'P9.user', 'R13.4', 'M.task.revoker', 'M.refresh.revoker'],
  },
  { id: 'W12', what: 'RFC 7009 differs from path to path', shownBy: ['P2.user', 'P3.user', 'P4.user', 'C7'] },
  {
    id: 'W13',
    what: 'An endless table, keyed by jti alone, of 36 characters',
    shownBy: ['C8', 'A.6.5', 'A.5.3', 'A.5.4', 'P11'],
  },
  {
    id: 'W14',
    what: 'Claims of an odd shape end in 500',
    shownBy: ['A.3.4', '4.3.5', '4.3.6', '4.3.7', '4.3.8', '4.3.9', '4.3.10', 'G11', 'U10', 'A.5.8', 'P9.user', 'E13'],
  },
  {
    id: 'W15',
    what: 'Clients, scopes and task types in one list of audiences',
    shownBy: ['C13.2', 'C13.3', 'C13.4', 'C13.5'],
  },
  { id: 'W16', what: 'A token of the future counts as not denylisted', shownBy: ['G7'] },
  { id: 'W17', what: 'Checked by one clock, minted by another', shownBy: ['N16', 'C4.1', 'C4.2'] },
  { id: 'W18', what: 'Concurrent revocations collide', shownBy: ['P4.race'] },
  {
    id: 'W19',
    what: 'Default arguments and lists of the caller are changed',
    notApplicable: 'Arguments are readonly by type, and the configuration is frozen.',
  },
  {
    id: 'W20',
    what: 'Keys, claims and Authorization values in the log',
    shownBy: ['G15', 'G16'],
    files: ['test/support/conformance/run.ts'],
  },
  { id: 'W21', what: 'Identity headers from unverified tokens, or from the client', shownBy: ['X18', 'U1', 'X16'] },
  {
    id: 'W22',
    what: 'Keys fetched without limit, or never again',
    files: ['test/unit/tokens/key-ring.test.ts', 'test/integration/tokens/key-source.test.ts'],
  },
  {
    id: 'W23',
    what: 'Content-Type compared as text',
    notApplicable: 'gRPC has one content type, and its library reads it.',
  },
  { id: 'W24', what: 'CSRF protection for POST alone', shownBy: ['X4.1', 'X4.2', 'X4.3', 'X11'] },
  { id: 'W25', what: 'The denylist is asked on two paths', shownBy: ['G18'] },
  { id: 'W26', what: 'Tests that assert nothing', shownBy: ['R5', 'R7.1', 'R8.2', 'R13.1', 'R13.3', 'R13.5'] },
  {
    id: 'W27',
    what: 'Azul: tokens without aud, iss and kid; tokens in addresses; concurrent refresh',
    notApplicable: 'Upstream identity (Enroll, Exchange) is not built in this version.',
  },
  {
    id: 'W28',
    what: 'Every Check of a good token asks the database',
    files: ['test/unit/denylist/denylist.test.ts', 'test/unit/denylist/mirror-state.test.ts'],
  },
]
