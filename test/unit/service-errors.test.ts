// The table of the token service's errors: what each reason is on the wire, and what its text may say.
import { readFileSync } from 'node:fs'
import { status } from '@grpc/grpc-js'
import { describe, expect, it } from 'vitest'
import { fail, serviceErrors } from '../../src/service-errors.ts'

describe('the table of service errors', () => {
  const expected: Readonly<Record<string, readonly string[]>> = {
    INVALID_ARGUMENT: [
      'request_invalid',
      'expires_in_invalid',
      'expires_in_exceeds_max',
      'task_type_unknown',
      'token_too_large',
      'not_revocable',
    ],
    FAILED_PRECONDITION: ['api_key_expires_first', 'not_enrolled'],
    UNAUTHENTICATED: ['caller_unauthenticated', 'api_key_invalid', 'api_key_revoked', 'revoker_invalid'],
    PERMISSION_DENIED: ['caller_denied', 'task_type_denied', 'not_owner'],
    RESOURCE_EXHAUSTED: ['quota_exceeded'],
    UNAVAILABLE: ['store_unavailable', 'keys_unavailable', 'upstream_unavailable'],
    UNIMPLEMENTED: ['not_implemented'],
    INTERNAL: ['internal_error'],
  }

  it('gives every reason the code of the contract', () => {
    const byCode: Record<string, string[]> = {}
    for (const [reason, { code }] of Object.entries(serviceErrors)) {
      const name = status[code]
      byCode[name] = [...(byCode[name] ?? []), reason]
    }
    expect(byCode).toEqual(expected)
  })

  it('has texts that end without a full stop and differ from each other', () => {
    const texts = Object.values(serviceErrors).map(({ text }) => text)
    expect(new Set(texts).size).toBe(texts.length)
    expect(texts.filter((text) => text.endsWith('.'))).toEqual([])
  })
})

describe('docs/token-service.md', () => {
  it('lists every reason with its code, and no other', () => {
    const page = readFileSync(new URL('../../docs/token-service.md', import.meta.url), 'utf8')
    const [, errors = ''] = page.split('\n## Errors\n')
    const [section = ''] = errors.split('\n## ')
    const rows = [...section.matchAll(/^\| `(\w+)` \| ([A-Z_]+) \|/gm)].map(([, reason, code]) => [reason, code])
    expect(rows).toEqual(Object.entries(serviceErrors).map(([reason, { code }]) => [reason, status[code]]))
  })
})

describe('fail', () => {
  it('takes the text of the table', () => {
    expect(fail('not_owner')).toEqual({
      ok: false,
      reason: { reason: 'not_owner', message: 'The token belongs to somebody else' },
    })
  })

  it('takes another constant text, and what only the audit is told', () => {
    expect(fail('request_invalid', { message: 'kind is required', audit: { cause: 'x' } }).reason).toEqual({
      reason: 'request_invalid',
      message: 'kind is required',
      audit: { cause: 'x' },
    })
  })
})
