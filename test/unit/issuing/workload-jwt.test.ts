// A workload JWT as proof of who is calling.
import { describe, expect, it } from 'vitest'
import { createWorkloadJwts } from '../../../src/issuing/workload-jwt.ts'
import { tokenVerifier } from '../../../src/tokens/verifier.ts'
import { createFakeClock } from '../../support/fakes/clock.ts'
import { createFakeKeyRing } from '../../support/fakes/key-ring.ts'
import { commons, issuersByIss, keyFor, NOW, signCompact } from '../../support/tokens.ts'

const key = keyFor('ES256', 'platform')
const PLATFORM = 'https://platform.example'

function setup() {
  const keys = createFakeKeyRing(key)
  const platform = commons({ name: 'batch', issuer: PLATFORM, purpose: undefined, keys })
  const jwts = createWorkloadJwts({
    verifier: tokenVerifier,
    issuers: issuersByIss(platform),
    clock: createFakeClock(),
  })
  return { keys, jwts }
}

const claims = { iss: PLATFORM, sub: 'ns/batch', aud: ['postern'], iat: NOW, exp: NOW + 600 }

function token(changes: object = {}, header: object = {}): string {
  return signCompact({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header }, { ...claims, ...changes }, key)
}

describe('a workload JWT', () => {
  it('proves issuer, subject and audiences, and needs neither jti nor pur', async () => {
    expect(await setup().jwts.identify(token())).toEqual({
      ok: true,
      value: { kind: 'jwt', issuer: PLATFORM, subject: 'ns/batch', audiences: ['postern'] },
    })
  })

  it.each<[string, string, string]>([
    ['expired', token({ exp: NOW }), 'token_expired'],
    ['without exp', token({ exp: undefined }), 'claims_invalid'],
    ['without iat', token({ iat: undefined }), 'claims_invalid'],
    ['without subject', token({ sub: undefined }), 'claims_invalid'],
    ['without audience', token({ aud: undefined }), 'claims_invalid'],
    ['with an empty audience list', token({ aud: [] }), 'claims_invalid'],
    ['with an audience that is no text', token({ aud: ['postern', 5] }), 'claims_invalid'],
    ['of an unknown issuer', token({ iss: 'https://commons.example/user' }), 'issuer_unknown'],
    ['by an unknown key', token({}, { kid: 'x' }), 'key_unknown'],
    ['changed after signing', `${token().slice(0, -4)}AAAA`, 'signature_invalid'],
    ['that is no token', 'hello', 'credential_malformed'],
  ])('%s proves nothing', async (_name, text, cause) => {
    const { jwts } = setup()
    expect(await jwts.identify(text)).toMatchObject({ reason: { reason: 'caller_unauthenticated', audit: { cause } } })
  })

  it('cannot be judged without keys', async () => {
    const { jwts, keys } = setup()
    keys.setUnavailable(true)
    expect(await jwts.identify(token())).toMatchObject({ reason: { reason: 'keys_unavailable' } })
  })
})
