// Tokens for real processes, whose clock is the world's: valid ones and such that no honest issuer would make, signed by
// whichever key a test has at hand. Remembered as something that must never be printed.
import { randomUUID } from 'node:crypto'
import { rememberSecret } from './secrets.ts'
import { type Claims, signCompact, type TestKey } from './tokens.ts'

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

export interface TokenMaker {
  readonly issuer: string
  readonly key: TestKey
  /** An access token with some claims changed; `undefined` takes one away. */
  access(claims?: Claims, options?: MakeOptions): string
}

export interface MakeOptions {
  readonly key?: TestKey
  /** Header parameters to change; `undefined` takes one away. */
  readonly header?: Claims
}

export function createTokenMaker(issuer: string, key: TestKey): TokenMaker {
  return {
    issuer,
    key,
    access(claims = {}, { key: signer = key, header = {} } = {}) {
      const now = nowSeconds()
      const valid = {
        ...{ pur: 'access', iss: issuer, sub: 'alice', aud: ['gen3'], iat: now, exp: now + 600, jti: randomUUID() },
        ...{ scope: ['fence', 'openid', 'user'], azp: '', context: { user: { name: 'alice@example.org' } } },
      }
      return rememberSecret(
        signCompact({ alg: signer.alg, kid: signer.kid, typ: 'JWT', ...header }, { ...valid, ...claims }, signer),
      )
    },
  }
}
