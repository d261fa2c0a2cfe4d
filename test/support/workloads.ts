// Callers of the token service that prove themselves by a workload JWT: their entries in the configuration, the key set
// file that Postern reads, and the tokens. One platform issues all of them; `sub` tells them apart.
import { join } from 'node:path'
import type { Place } from './postern.ts'
import { createTokenMaker, type MakeOptions } from './token-maker.ts'
import { type Claims, jwkSetText, keyFor, publicJwk } from './tokens.ts'

const platform = 'https://platform.example'
const audience = 'postern-tokens'
const key = () => keyFor('ES256', 'platform')
const fileName = 'platform.jwks.json'

/** For `files` of startPostern. */
export const workloadFiles = (): Readonly<Record<string, string>> => ({ [fileName]: jwkSetText(publicJwk(key())) })

/** `identity` of a caller. */
export function workloadIdentity(name: string, keys: { readonly file: string } | { readonly url: string }) {
  return { jwt: { issuer: platform, audience, subject: name, keys } }
}

/** A whole entry of `callers`, with the keys from the file. */
export function workload(name: string, { folder }: Place, rights: object) {
  return { name, identity: workloadIdentity(name, { file: join(folder, fileName) }), ...rights }
}

/** Like platforms make them: without `jti` and `pur`. */
export function workloadJwt(name: string, claims: Claims = {}, options: MakeOptions = {}): string {
  const plain = { pur: undefined, jti: undefined, scope: undefined, azp: undefined, context: undefined }
  return maker().access({ ...plain, aud: [audience], sub: name, ...claims }, options)
}

/** The key that signs them. */
export const workloadKey = key

const maker = () => createTokenMaker(platform, key())
