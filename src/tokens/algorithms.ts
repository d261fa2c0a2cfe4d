// JWS algorithms (RFC 7518, section 3.1; RFC 8037) as a table: which keys each may use, and how Node checks it.
// node:crypto instead of jose here: measured two to four times less CPU a signature (docs/decisions.md).
import { constants, type KeyObject, verify } from 'node:crypto'

interface AlgorithmRow {
  readonly fits: (key: KeyObject) => boolean
  readonly verify: (data: Buffer, signature: Buffer, key: KeyObject) => boolean
}

/** Below 2048 bits RSA is weak (RFC 7518, section 3.3); above 4096 one signature costs as much as ten. */
const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 4096
/** A larger public exponent only makes verification dear. */
const MAX_RSA_EXPONENT = 0xffff_ffffn

function isSoundRsa(key: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  return (
    key.asymmetricKeyType === 'rsa' &&
    modulusLength >= MIN_RSA_BITS &&
    modulusLength <= MAX_RSA_BITS &&
    publicExponent >= 3n &&
    publicExponent <= MAX_RSA_EXPONENT
  )
}

function rsa(hash: string): AlgorithmRow {
  return { fits: isSoundRsa, verify: (data, signature, key) => verify(hash, data, key, signature) }
}

function rsaPss(hash: string): AlgorithmRow {
  const options = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  return { fits: isSoundRsa, verify: (data, signature, key) => verify(hash, data, { key, ...options }, signature) }
}

function ecdsa(hash: string, curve: string): AlgorithmRow {
  return {
    fits: (key) => key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === curve,
    verify: (data, signature, key) => verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, signature),
  }
}

const ed25519: AlgorithmRow = {
  fits: (key) => key.asymmetricKeyType === 'ed25519',
  verify: (data, signature, key) => verify(null, data, key, signature),
}

/** `none` and the HMAC family have no row, so no configuration can admit them. */
const rows: ReadonlyMap<string, AlgorithmRow> = new Map([
  ['RS256', rsa('sha256')],
  ['RS384', rsa('sha384')],
  ['RS512', rsa('sha512')],
  ['PS256', rsaPss('sha256')],
  ['PS384', rsaPss('sha384')],
  ['PS512', rsaPss('sha512')],
  ['ES256', ecdsa('sha256', 'prime256v1')],
  ['ES384', ecdsa('sha384', 'secp384r1')],
  ['ES512', ecdsa('sha512', 'secp521r1')],
  ['EdDSA', ed25519],
  ['Ed25519', ed25519],
])

/** The algorithms a public key may be used with; none for a weak, oversized or foreign key. */
export function algorithmsOf(key: KeyObject): readonly string[] {
  return [...rows].filter(([, row]) => row.fits(key)).map(([name]) => name)
}

export function verifySignature(
  algorithm: string,
  key: KeyObject,
  signed: { readonly signingInput: string; readonly signature: Buffer },
): boolean {
  return rows.get(algorithm)?.verify(Buffer.from(signed.signingInput, 'latin1'), signed.signature, key) ?? false
}
