// Runs a case: opens a house for it, takes its steps one after the other and compares each answer with what the case
// expects. No token of the case may be found in the log, in a denial or in an error.
import { status } from '@grpc/grpc-js'
import fc from 'fast-check'
import { expect } from 'vitest'
import { loadConfig } from '../../../src/config/load.ts'
import { ErrorInfo } from '../../../src/gen/google/rpc/error_details.ts'
import { Status } from '../../../src/gen/google/rpc/status.ts'
import type { GrantRequest } from '../../../src/issuing/request.ts'
import type { Result } from '../../../src/result.ts'
import { statusOf } from '../../../src/server/service-status.ts'
import type { ServiceError } from '../../../src/service-errors.ts'
import { headerEncodings } from '../check-request.ts'
import type { ExecutedCase, Issued, Refused, StepKind, StepOf, Template } from './case.ts'
import { configText } from './fixture.ts'
import { type House, openHouse } from './house.ts'
import { alterToken, signToken } from './tokens.ts'
import { describeStep } from './words.ts'

interface Stage {
  readonly house: House
  /** Puts tokens in the place of their names. */
  fill(template: Template): string
  keep(name: string, token: string): void
  /** Fails where the text holds one of the tokens. */
  expectNoToken(text: string, where: string): void
}

/** Rejects where an answer is not the expected one. */
export async function runCase(candidate: ExecutedCase): Promise<void> {
  const house = await openHouse(candidate.house)
  try {
    const tokens = createTokens(candidate.tokens ?? {})
    for (const step of candidate.steps) await runStep(step, { house, ...tokens })
    tokens.expectNoToken(house.log.text(), 'the log')
  } finally {
    await house.close()
  }
}

/** Tokens are made when a step needs them first: some are altered ones of those that an earlier step was given. */
function createTokens(specs: NonNullable<ExecutedCase['tokens']>) {
  const made = new Map<string, string>()

  function token(name: string): string {
    const known = made.get(name)
    if (known !== undefined) return known
    const spec = specs[name]
    if (spec === undefined) throw new Error(`The case has no token "${name}"`)
    const text = 'of' in spec ? alterToken(token(spec.of), spec.how) : signToken(name, spec)
    made.set(name, text)
    return text
  }

  return {
    fill: (template: Template) => template.replaceAll(/\{(\w+)\}/g, (_braces, name: string) => token(name)),
    keep: (name: string, text: string) => void made.set(name, text),
    expectNoToken: (text: string, where: string) => expectNoToken([...made.values()], text, where),
  }
}

/** By their signatures: those are in nothing else. The message does not repeat them. */
export function expectNoToken(tokens: readonly string[], text: string, where: string): void {
  const leaked = tokens.filter((token) => text.includes(token.slice(token.lastIndexOf('.') + 1)))
  expect(leaked.length, `tokens in ${where}`).toBe(0)
}

type Runner<Kind extends StepKind> = (step: StepOf<Kind>, stage: Stage, words: string) => Promise<void>

function runStep<Kind extends StepKind>(step: StepOf<Kind>, stage: Stage): Promise<void> {
  const runner: Runner<Kind> = runners[step.do]
  return runner(step, stage, describeStep(step))
}

const runners: { readonly [Kind in StepKind]: Runner<Kind> } = {
  async issue({ by = 'portal', grant, expiresIn, as, gives }, stage, words) {
    const { house, fill, keep } = stage
    const now = house.nowSeconds()
    const issued = await house.issue(by, { grant: toGrant(grant, fill), expiresIn })
    if ('code' in gives) return expectRefused(issued, gives, stage, words)
    if (!issued.ok) throw new Error(`${words}: refused with ${issued.reason.reason}`)
    const { token, jti, expiresAt, issuedTokenType } = issued.value
    keep(as ?? jti, token)
    expectToken(token, gives, words)
    expect(expiresAt, `${words}: expires_at`).toBe(payloadOf(token)['exp'])
    if (gives.seconds !== undefined) expect(expiresAt - now, words).toBe(gives.seconds)
    if (gives.tokenType !== undefined) expect(issuedTokenType, words).toBe(gives.tokenType)
  },

  async revoke({ by, token = '', revoker = '', jti = '', issuer = '', times = 1, gives }, stage, words) {
    const { house, fill } = stage
    const request = { token: fill(token), revokerToken: fill(revoker), jti, issuer, waitUntilApplied: false }
    const calls = await Promise.all(Array.from({ length: times }, () => house.revoke(by, request)))
    for (const revoked of calls) {
      if (gives !== 'recorded' && 'code' in gives) expectRefused(revoked, gives, stage, words)
      else if (!revoked.ok) throw new Error(`${words}: refused with ${revoked.reason.reason}`)
      else expect(revoked.value.revision !== '', words).toBe(gives === 'recorded')
    }
    if (gives !== 'recorded' && 'nothing' in gives) {
      expect(house.log.lines.at(-1)?.fields, words).toMatchObject({ audit: true, outcome: gives.nothing })
    }
  },

  async check({ at, method = 'GET', bearer, headers = [], gives }, { house, fill, expectNoToken }, words) {
    const own = bearer === undefined ? [] : [['authorization', `Bearer ${bearer}`] as const]
    const sent = [...own, ...headers].map(([name, value]) => [name, fill(value)] as const)
    for (const encoding of headerEncodings) {
      const answer = await house.check({ policy: at, method, headers: sent, encoding })
      const about = `${words} (${encoding})`
      const { reason } = answer.metadata
      if ('allow' in gives) {
        expect({ allowed: answer.allowed, reason }, about).toMatchObject({ allowed: true })
        for (const [name, value] of Object.entries(gives.sets ?? {}))
          expect(answer.headers.get(name), about).toBe(value)
        expect(answer.removed, about).toEqual(expect.arrayContaining([...(gives.removes ?? [])]))
      } else {
        const { http, text } = gives
        expect({ allowed: answer.allowed, http: answer.http, reason }, about).toEqual({
          allowed: false,
          http,
          reason: gives.reason,
        })
        if (text !== undefined) expect(answer.body, about).toMatchObject({ error_description: text })
        expectNoToken(JSON.stringify([answer.body, ...answer.headers, answer.metadata]), 'a denial')
      }
    }
  },

  async lookup({ token, gives }, { house, fill }, words) {
    expect(await house.lookup(fill(token)), words).toBe(gives)
  },

  async record({ revocation }, { house }) {
    await house.record([revocation])
  },

  async permits({ taskType, seconds, scopes = ['fence', 'user'], gives }, { house }, words) {
    const type = house.taskTypes.find(taskType)
    if (type === undefined) throw new Error(`${words}: there is no such type`)
    const [min, max] = typeof seconds === 'number' ? [seconds, seconds] : seconds
    const answer = (lifetime: number) => house.taskTypes.permits(type, { scopes, payload: {} }, lifetime)
    for (const edge of [min, max]) expect(answer(edge), words).toBe(gives)
    fc.assert(fc.property(fc.integer({ min, max }), (lifetime) => answer(lifetime) === gives))
  },

  async config({ policy, gives }, _stage, words) {
    const loaded = loadConfig(configText({}, policy))
    const messages = new Set(loaded.ok ? [] : loaded.reason.map(({ message }) => message))
    expect([...messages], words).toEqual(gives === 'accepted' ? [] : [gives.refused])
  },

  async keysAsked({ issuer, gives }, { house }, words) {
    expect(house.keysAsked(issuer), words).toEqual(gives)
  },

  async jwks({ gives }, { house }, words) {
    expect(house.jwksKids(), words).toEqual(gives)
  },

  async logged({ level, message, fields }, { house }, words) {
    expect(house.log.lines, words).toContainEqual({ level, message, fields: expect.objectContaining(fields) })
  },

  wait: ({ seconds }, { house }) => house.wait(seconds),

  async breakdown({ what }, { house }) {
    house.breakDown(what)
  },
}

function toGrant(grant: StepOf<'issue'>['grant'], fill: Stage['fill']): GrantRequest {
  if ('apiKey' in grant) return { kind: 'api_key', apiKey: fill(grant.apiKey), taskType: grant.taskType ?? '' }
  const { kind: tokenKind, subject, scopes = ['openid', 'user'], clientId = '', user } = grant
  return { kind: 'subject', tokenKind, subject, scopes, clientId, user }
}

function expectRefused(result: Result<unknown, ServiceError>, refused: Refused, stage: Stage, words: string): void {
  if (result.ok) throw new Error(`${words}: was not refused`)
  stage.expectNoToken(JSON.stringify(result.reason), 'an error')
  const { code, metadata } = statusOf(result.reason)
  const [details] = metadata?.get('grpc-status-details-bin') ?? []
  const [info] = Buffer.isBuffer(details) ? Status.decode(details).details : []
  const { reason, domain } = ErrorInfo.decode(info?.value ?? new Uint8Array())
  expect({ code: status[code], reason, domain }, words).toEqual({
    code: refused.code,
    reason: refused.reason,
    domain: 'postern',
  })
  if (refused.text !== undefined) expect(result.reason.message, words).toContain(refused.text)
  if (refused.cause !== undefined) expect(result.reason.audit?.cause, words).toBe(refused.cause)
}

function expectToken(token: string, expected: Issued, words: string): void {
  const { claims = {}, claimNames, contextNames, header = {} } = expected
  const payload = payloadOf(token)
  for (const [name, value] of Object.entries(claims)) expect(payload[name], `${words}: ${name}`).toEqual(value)
  if (claimNames !== undefined) expect(Object.keys(payload).sort(), words).toEqual([...claimNames].sort())
  if (contextNames !== undefined) {
    expect(Object.keys(Object(payload['context'])).sort(), words).toEqual([...contextNames].sort())
  }
  expect(part(token, 0), words).toMatchObject(header)
}

function payloadOf(token: string): Record<string, unknown> {
  return part(token, 1)
}

function part(token: string, index: number): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString())
}
