// What a Check must answer, said once more and independently: facts are kept as they were told, and nothing of the program
// is used: no members, no epochs combined, no retention, no caches.

export interface TokenFact {
  readonly kind: 'access' | 'task' | 'api_key'
  readonly sub: string
  readonly azp: string
  readonly kid: string
  readonly iat: number
  readonly exp: number
  /** The API key that it was minted from. */
  readonly root: TokenFact | undefined
}

type Epoch = { readonly at: number } & (
  | { readonly sub: string; readonly keepApiKeys: boolean }
  | { readonly azp: string }
)

export function createOracle() {
  const revoked = new Set<TokenFact>()
  const epochs: Epoch[] = []
  const revokedKeys = new Set<string>()
  const retiredKeys = new Set<string>()

  function hitBy(epoch: Epoch, token: TokenFact): boolean {
    if (Math.min(token.iat, token.root?.iat ?? token.iat) > epoch.at) return false
    if ('azp' in epoch) return token.azp === epoch.azp
    const ofApiKey = token.kind === 'api_key' || token.root !== undefined
    return token.sub === epoch.sub && !(epoch.keepApiKeys && ofApiKey)
  }

  function isRevoked(token: TokenFact): boolean {
    return (
      revoked.has(token) ||
      (token.root !== undefined && revoked.has(token.root)) ||
      revokedKeys.has(token.kid) ||
      epochs.some((epoch) => hitBy(epoch, token))
    )
  }

  return {
    revoked: (token: TokenFact) => void revoked.add(token),
    revokedAll: (epoch: Epoch) => void epochs.push(epoch),
    keyRevoked: (kid: string) => void revokedKeys.add(kid),
    keyRetired: (kid: string) => void retiredKeys.add(kid),
    /** By a Check of the policy that is meant for tokens of its kind. */
    allows: (token: TokenFact, now: number) =>
      token.kind !== 'api_key' && now < token.exp && !retiredKeys.has(token.kid) && !isRevoked(token),
    /** Something may be minted with this key that signs, and from this API key if there is one. */
    mints: (kid: string, apiKey: TokenFact | undefined, now: number) =>
      !revokedKeys.has(kid) && (apiKey === undefined || (now < apiKey.exp && !isRevoked(apiKey))),
  }
}
