// Until when a revocation has to be enforced, and whether a token is beyond every use already. Pure, in whole seconds.

export interface Use {
  readonly nowSeconds: number
  /** How far the clocks of those who check may be apart. */
  readonly leewaySeconds: number
  /** The longest time after its expiry in which the token could still be replaced. */
  readonly windowSeconds: number
}

/** Not at `exp` itself: somebody's clock may be behind ours, and a revocation must not be lost to that. */
export function isBeyondUse(
  token: { readonly exp: number },
  { nowSeconds, leewaySeconds, windowSeconds }: Use,
): boolean {
  return token.exp + windowSeconds + leewaySeconds <= nowSeconds
}

export interface Retention extends Use {
  /** The longest life that any token of the issuer may have; a longer one is refused at every Check. */
  readonly longestSeconds: number
  /** Kept for that much longer, so that an expired token is still called revoked. */
  readonly graceSeconds: number
}

/**
 * The end of the token's life and what comes on top. An `exp` that lies further ahead than any token may live is cut
 * there, or one odd token would be kept for ever; the count begins at `iat` where that is still to come.
 */
export function untilOf(token: { readonly iat: number; readonly exp: number }, keep: Retention): number {
  const latestEnd = Math.max(token.iat, keep.nowSeconds) + keep.longestSeconds
  return Math.min(token.exp, latestEnd) + keep.windowSeconds + keep.leewaySeconds + keep.graceSeconds
}
