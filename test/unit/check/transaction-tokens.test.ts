// Transaction tokens at a Check: what draft-ietf-oauth-transaction-tokens asks of a receiver, by its sections, and that
// such a token is never taken for a bearer token nor a bearer token for one.
import { describe, expect, it } from 'vitest'
import { allowedResponse } from '../../../src/check/allowed.ts'
import { compilePolicies } from '../../../src/check/compile.ts'
import { decide } from '../../../src/check/decide.ts'
import type { Examined } from '../../../src/check/examine.ts'
import type { CompiledPolicy } from '../../../src/check/policy.ts'
import type { Verdict } from '../../../src/check/verdict.ts'
import { policies as policiesSchema } from '../../../src/config/policies.ts'
import { memberOf } from '../../../src/denylist/vocabulary.ts'
import { OkHttpResponse } from '../../../src/gen/envoy/service/auth/v3/external_auth.ts'
import { createVerifiedCache } from '../../../src/tokens/verified-cache.ts'
import { tokenVerifier } from '../../../src/tokens/verifier.ts'
import { headerEncodings, inputOf, type RequestPlan } from '../../support/check-request.ts'
import { createFakeClock } from '../../support/fakes/clock.ts'
import { createFakeDenylist } from '../../support/fakes/denylist.ts'
import { createFakeKeyRing } from '../../support/fakes/key-ring.ts'
import {
  type Claims,
  commons,
  foreignKey,
  ISSUER,
  type MintOptions,
  mint,
  NOW,
  ownKey,
  signCompact,
} from '../../support/tokens.ts'

const DOMAIN = 'commons.example'

const claims = {
  iss: ISSUER,
  aud: DOMAIN,
  sub: '42',
  txn: 'txn-1',
  jti: 'token-1',
  scope: 'trade.stocks',
  req_wl: 'api-gateway',
  iat: NOW,
  exp: NOW + 60,
  tctx: { ticker: 'MSFT' },
} as const satisfies Claims

function transaction(changes: Claims = {}, { key = ownKey(), header = {} }: MintOptions = {}): string {
  return signCompact({ alg: key.alg, kid: key.kid, typ: 'txntoken+jwt', ...header }, { ...claims, ...changes }, key)
}

function setUp() {
  const clock = createFakeClock()
  const denylist = createFakeDenylist()
  const issuer = commons({ keys: createFakeKeyRing(ownKey()) })
  const common = { issuers: ['commons'], audiences: [DOMAIN, 'gen3'] }
  const policies = policiesSchema.parse({
    both: { ...common, credentials: ['bearer', 'txn_token', 'cookie'], cookie: {} },
    inside: { ...common, credentials: ['txn_token'], scopes: ['trade.stocks'] },
    hidden: { ...common, credentials: ['txn_token'], forward_credential: false },
    outside: { ...common, credentials: ['bearer'] },
    anonymous: { ...common, credentials: ['txn_token'], anonymous: 'allow' },
  })
  const config = { policies, routes: [], default_policy: undefined, expose_reasons: false }
  const deps = {
    policies: compilePolicies(config, new Map([[issuer.name, issuer]])),
    verifier: tokenVerifier,
    cache: createVerifiedCache<CompiledPolicy, Examined>({ maxEntries: 100, maxBytes: 1_000_000 }),
    denylist,
    clock,
  }
  async function verdictOf(plan: RequestPlan): Promise<Verdict> {
    return decide(inputOf(plan), Number.POSITIVE_INFINITY, deps)
  }
  return { clock, denylist, verdictOf, ask: async (plan: RequestPlan) => (await verdictOf(plan)).reason }
}

const inside = (...values: readonly (string | Buffer)[]): RequestPlan => ({
  policy: 'inside',
  headers: values.map((value) => ['Txn-Token', value] as const),
})

describe('a receiver', () => {
  it('takes a good token from the header Txn-Token (section 12)', async () => {
    expect(await setUp().ask(inside(transaction()))).toBe('token_valid')
  })

  it.each<[string, string, string]>([
    ['9.1 typ MUST be txntoken+jwt: JWT', transaction({}, { header: { typ: 'JWT' } }), 'type_refused'],
    ['9.1 typ MUST be txntoken+jwt: at+jwt', transaction({}, { header: { typ: 'at+jwt' } }), 'type_refused'],
    ['9.1 typ MUST be txntoken+jwt: none', transaction({}, { header: { typ: undefined } }), 'type_refused'],
    ['9.2 iat is required', transaction({ iat: undefined }), 'claims_invalid'],
    ['9.2 exp is required', transaction({ exp: undefined }), 'claims_invalid'],
    ['9.2 aud is required', transaction({ aud: undefined }), 'audience_mismatch'],
    ['9.2 aud MUST be the trust domain', transaction({ aud: 'other.example' }), 'audience_mismatch'],
    ['9.2 txn is required', transaction({ txn: undefined }), 'claims_invalid'],
    ['9.2 txn is not empty', transaction({ txn: '' }), 'claims_invalid'],
    ['9.2 sub is required', transaction({ sub: undefined }), 'claims_invalid'],
    ['9.2 scope is required', transaction({ scope: undefined }), 'claims_invalid'],
    ['9.2 scope is a string', transaction({ scope: ['trade.stocks'] }), 'claims_invalid'],
    ['9.2 req_wl is required', transaction({ req_wl: undefined }), 'claims_invalid'],
    ['9.2 req_wl is a string', transaction({ req_wl: ['a', 'b'] }), 'claims_invalid'],
    ['12 MUST check the signature', `${transaction().slice(0, -4)}AAAA`, 'signature_invalid'],
    ['12 MUST check the signature: an unknown key', transaction({}, { key: foreignKey() }), 'key_unknown'],
    ['12 MUST check expiry', transaction({ iat: NOW - 60, exp: NOW }), 'token_expired'],
    ['an issuer that is not configured', transaction({ iss: 'https://evil.example' }), 'issuer_unknown'],
    ['a scope that the route does not need', transaction({ scope: 'trade.bonds' }), 'scope_missing'],
  ])('%s', async (_name, token, reason) => {
    expect(await setUp().ask(inside(token))).toBe(reason)
  })

  it.each(['TxnToken+JWT', 'application/txntoken+jwt'])('takes the type in the spelling %s', async (typ) => {
    expect(await setUp().ask(inside(transaction({}, { header: { typ } })))).toBe('token_valid')
  })

  describe.each(headerEncodings)('12 exactly one token in `%s`', (encoding) => {
    it.each<[string, readonly (string | Buffer)[], string]>([
      ['none', [], 'credential_missing'],
      ['an empty one', [''], 'credential_malformed'],
      ['joined by a comma', [`${transaction()}, ${transaction()}`], 'credential_ambiguous'],
      ['a scheme before it', [`Bearer ${transaction()}`], 'credential_malformed'],
      ['a space after it', [`${transaction()} `], 'credential_malformed'],
      ['something that is no token', ['blah'], 'credential_malformed'],
      ['a NUL in it', [Buffer.from(`${transaction()}\0`)], 'credential_ambiguous'],
      ['one that is too large', ['a'.repeat(9000)], 'token_too_large'],
    ])('%s', async (_name, values, reason) => {
      expect(await setUp().ask({ ...inside(...values), encoding })).toBe(reason)
    })
  })

  it('12 exactly one token: two headers', async () => {
    const plan = { ...inside(transaction(), transaction()), encoding: 'header_map' as const }
    expect(await setUp().ask(plan)).toBe('credential_ambiguous')
  })

  it('a bad token is never anonymous', async () => {
    const { ask } = setUp()
    expect(await ask({ policy: 'anonymous' })).toBe('anonymous')
    expect(await ask({ ...inside('blah'), policy: 'anonymous' })).toBe('credential_malformed')
  })
})

describe('kinds are never mistaken', () => {
  const bearer = (token: string) => [['authorization', `Bearer ${token}`]] as const

  it('12 Authorization MUST NOT be used, 13.12 and 13.13 it is no access token', async () => {
    const { ask } = setUp()
    expect(await ask({ policy: 'outside', headers: bearer(transaction()) })).toBe('type_refused')
    expect(await ask({ policy: 'both', headers: bearer(transaction()) })).toBe('type_refused')
    expect(await ask({ policy: 'both', headers: bearer(transaction({ pur: 'access' })) })).toBe('type_refused')
    expect(await ask({ policy: 'inside', headers: bearer(transaction()) })).toBe('credential_malformed')
  })

  it('a cookie does not carry one', async () => {
    const headers = [['cookie', `access_token=${transaction()}`]] as const
    expect(await setUp().ask({ policy: 'both', headers })).toBe('type_refused')
  })

  it('an access token is none, whatever claims it has', async () => {
    const { ask } = setUp()
    expect(await ask(inside(mint({ ...claims, pur: 'access' })))).toBe('type_refused')
    expect(await ask({ ...inside(mint()), policy: 'both' })).toBe('type_refused')
  })

  it('what the cache remembers of the one is not known of the other', async () => {
    const { ask } = setUp()
    const [access, txn] = [mint(), transaction()]
    for (let round = 0; round < 2; round += 1) {
      expect(await ask({ ...inside(txn), policy: 'both' })).toBe('token_valid')
      expect(await ask({ policy: 'both', headers: bearer(txn) })).toBe('type_refused')
      expect(await ask({ policy: 'both', headers: bearer(access) })).toBe('token_valid')
      expect(await ask({ ...inside(access), policy: 'both' })).toBe('type_refused')
    }
  })

  it('without the kind in the policy the header counts for nothing', async () => {
    const { ask } = setUp()
    expect(await ask({ ...inside(transaction()), policy: 'outside' })).toBe('credential_missing')
  })
})

describe('several credentials', () => {
  async function upstreamGets(plan: RequestPlan): Promise<readonly string[]> {
    const verdict = await setUp().verdictOf(plan)
    if (verdict.decision !== 'allow') throw new Error(verdict.reason)
    const { headersToRemove } = OkHttpResponse.decode(Buffer.concat([...allowedResponse(verdict)]))
    return ['authorization', 'txn-token', 'cookie'].filter((name) => !headersToRemove.includes(name))
  }

  it('12 a checked token is forwarded as it is, unless the policy says otherwise', async () => {
    expect(await upstreamGets(inside(transaction()))).toContain('txn-token')
    expect(await upstreamGets({ ...inside(transaction()), policy: 'hidden' })).not.toContain('txn-token')
  })

  it('Authorization goes first, and what was not checked does not go on', async () => {
    const headers = [
      ['authorization', `Bearer ${mint()}`],
      ['txn-token', 'unchecked'],
    ] as const
    expect(await upstreamGets({ policy: 'both', headers })).not.toContain('txn-token')
  })

  it('a transaction token goes before a cookie', async () => {
    const headers = [
      ['txn-token', transaction()],
      ['cookie', 'access_token=unchecked'],
    ] as const
    const kept = await upstreamGets({ policy: 'both', headers })
    expect(kept).toContain('txn-token')
    expect(kept).not.toContain('cookie')
  })
})

describe('the denylist', () => {
  it.each<[string, Parameters<typeof memberOf>, string]>([
    ['its transaction', ['transaction', ISSUER, 'txn-1'], 'transaction_revoked'],
    ['itself', ['jti', ISSUER, 'token-1'], 'token_revoked'],
    ['its signing key', ['key_id', ISSUER, ownKey().kid], 'key_revoked'],
  ])('refuses it for %s', async (_name, member, reason) => {
    const { denylist, ask } = setUp()
    denylist.revoke(memberOf(...member))
    expect(await ask(inside(transaction()))).toBe(reason)
  })

  it('refuses it for its subject', async () => {
    const { denylist, ask } = setUp()
    denylist.revokeBefore(memberOf('subject', ISSUER, '42'), NOW)
    expect(await ask(inside(transaction()))).toBe('subject_revoked')
  })
})
