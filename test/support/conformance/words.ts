// Steps and tokens in words: for the README, and for the message of a step that fails. Nothing that needs a test runner.
import type { Allowed, Denied, ExecutedCase, Issued, Refused, Step, StepKind, StepOf } from './case.ts'
import { NOW } from './fixture.ts'
import type { TokenSpec } from './tokens.ts'

/** "what is done → what is expected". */
export function describeStep<Kind extends StepKind>(step: StepOf<Kind>): string {
  const describe: (step: StepOf<Kind>) => string = describers[step.do]
  return describe(step)
}

export function describeSteps(steps: readonly Step[]): readonly string[] {
  return steps.map((step) => describeStep(step))
}

const describers: { readonly [Kind in StepKind]: (step: StepOf<Kind>) => string } = {
  issue: ({ by, grant, expiresIn, as, gives }) => {
    const lifetime = expiresIn === undefined ? '' : `, ${expiresIn} s`
    const name = as === undefined ? '' : ` = {${as}}`
    return `Issue(${describeGrant(grant)}${lifetime})${caller(by)}${name} → ${issued(gives)}`
  },
  revoke: ({ by, token, revoker, jti, issuer, times = 1, gives }) => {
    const target = jti === undefined && issuer === undefined ? (token ?? '') : `jti ${jti}, issuer ${issuer}`
    const asked = revoker === undefined ? target : `${target}, revoker ${revoker}`
    const often = times === 1 ? '' : `${times} times at once: `
    return `${often}Revoke(${asked})${caller(by)} → ${revoked(gives)}`
  },
  check: ({ at, method, bearer, headers = [], gives }) => {
    const credential = bearer === undefined ? [] : [`Bearer ${bearer}`]
    const sent = [...credential, ...headers.map(([name, value]) => `${name}: ${visible(value)}`)]
    const request = [method, sent.length === 0 ? 'nothing' : sent.join(' + ')].filter(Boolean).join(' ')
    return `Check at ${at}: ${request} → ${verdict(gives)}`
  },
  lookup: ({ token, gives }) => `denylist of ${token} → ${gives}`,
  record: ({ revocation: { dimension, id } }) => `put on the denylist: ${dimension} ${id}`,
  permits: ({ taskType, seconds, gives }) => {
    const lifetime = typeof seconds === 'number' ? `${seconds} s` : `every lifetime from ${seconds.join(' to ')} s`
    return `task rules: ${taskType} for ${lifetime} → ${gives ? 'granted' : 'refused'}`
  },
  config: ({ policy, gives }) =>
    `policy ${JSON.stringify(policy)} → ${gives === 'accepted' ? gives : `configuration error "${gives.refused}"`}`,
  keysAsked: ({ issuer, gives }) => `keys of ${issuer} looked up → ${gives.length === 0 ? 'none' : gives.join(', ')}`,
  jwks: ({ gives }) => `JWKS → ${gives.join(', ')}`,
  logged: ({ level, message, fields }) => `log ${level} "${message}" ${JSON.stringify(fields)}`,
  wait: ({ seconds }) => `${seconds} s pass`,
  breakdown: ({ what }) => (what === 'store' ? 'the store fails' : 'the keys of partner cannot be had'),
}

/** Control characters and spaces at either end. */
function visible(value: string): string {
  return value.replaceAll(/\p{Cc}|^ | $/gu, (char) => JSON.stringify(char).slice(1, -1).replace(' ', '␠'))
}

function caller(by: string | undefined): string {
  return by === undefined ? '' : ` by ${by}`
}

function describeGrant(grant: StepOf<'issue'>['grant']): string {
  if ('apiKey' in grant) return [grant.apiKey, grant.taskType].filter((part) => part !== undefined).join(' as ')
  const { subject, kind, scopes, clientId, user } = grant
  return [
    `${kind} for ${subject === '' ? 'nobody' : subject}`,
    ...(scopes === undefined ? [] : [`scopes ${scopes.join(' ')}`]),
    ...(clientId === undefined ? [] : [`client ${clientId}`]),
    ...(user === undefined
      ? []
      : [JSON.stringify(user).length > 100 ? 'a large user' : `user ${JSON.stringify(user)}`]),
  ].join(', ')
}

function issued(gives: Issued | Refused): string {
  if ('code' in gives) return refused(gives)
  const { seconds, claims = {}, claimNames, contextNames, header = {}, tokenType } = gives
  return [
    'token',
    ...(seconds === undefined ? [] : [`lives ${seconds} s`]),
    ...Object.entries(claims).map(([name, value]) =>
      value === undefined ? `no ${name}` : `${name} ${JSON.stringify(value)}`,
    ),
    ...(claimNames === undefined ? [] : [`claims exactly ${claimNames.join(', ')}`]),
    ...(contextNames === undefined ? [] : [`context exactly ${contextNames.join(', ') || 'empty'}`]),
    ...Object.entries(header).map(([name, value]) => `header ${name} ${value}`),
    ...(tokenType === undefined ? [] : [`issued_token_type ${tokenType}`]),
  ].join('; ')
}

function refused({ code, reason, text, cause }: Refused): string {
  const words = text === undefined ? '' : ` "${text}"`
  return `${code} ${reason}${words}${cause === undefined ? '' : ` (audit: ${cause})`}`
}

function revoked(gives: StepOf<'revoke'>['gives']): string {
  if (gives === 'recorded') return 'OK, recorded'
  return 'nothing' in gives ? `OK, nothing stored (audit: ${gives.nothing})` : refused(gives)
}

function verdict(gives: Allowed | Denied): string {
  if (!('allow' in gives)) return `${gives.http} ${gives.reason}${gives.text === undefined ? '' : ` "${gives.text}"`}`
  const sets = Object.entries(gives.sets ?? {}).map(([name, value]) => `sets ${name}: ${value}`)
  const removes = (gives.removes ?? []).map((name) => `removes ${name}`)
  return ['allowed', ...sets, ...removes].join(', ')
}

/** The tokens of a case that are not just one of their kind. */
export function describeTokens(tokens: NonNullable<ExecutedCase['tokens']>): readonly string[] {
  return Object.entries(tokens).flatMap(([name, spec]) => {
    const words = describeToken(spec)
    return words === undefined ? [] : [`{${name}}: ${words}`]
  })
}

function describeToken(spec: TokenSpec): string | undefined {
  if ('of' in spec) return `{${spec.of}} ${spec.how}`
  const { kind, claims = {}, header = {}, key } = spec
  const changes = [
    ...Object.entries(claims).map(([name, value]) => describeClaim(name, value)),
    ...Object.entries(header).map(([name, value]) => `header ${name} ${shortened(value)}`),
    ...(key === undefined ? [] : [`signed by the ${key} key`]),
  ]
  return changes.length === 0 ? undefined : `${kind}; ${changes.join('; ')}`
}

const times: readonly string[] = ['iat', 'exp', 'nbf']

function describeClaim(name: string, value: unknown): string {
  if (value === undefined) return `no ${name}`
  return `${name} ${times.includes(name) && Number.isInteger(value) ? describeTime(Number(value)) : shortened(value)}`
}

/** Far from any clock a number says more by itself. */
const NEAR_SECONDS = 10_000_000

function describeTime(seconds: number): string {
  const offset = seconds - NOW
  if (Math.abs(offset) > NEAR_SECONDS) return String(seconds)
  return offset === 0 ? 'now' : `now ${offset < 0 ? '-' : '+'} ${Math.abs(offset)}`
}

const LONGEST_VALUE = 100

function shortened(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE / 2)}… (${text.length} characters)`
}
