// When the tools may install packages without asking.
import { expect, it } from 'vitest'
import { mayInstall } from '../../../tools/system-packages.mjs'

const cases = [
  { env: {}, isRoot: false, allowed: false },
  { env: {}, isRoot: true, allowed: true },
  { env: { CI: 'true' }, isRoot: false, allowed: true },
  { env: { CI: '1' }, isRoot: false, allowed: false },
  { env: { POSTERN_INSTALL: '1' }, isRoot: false, allowed: true },
  { env: { POSTERN_INSTALL: '0' }, isRoot: true, allowed: false },
  { env: { POSTERN_INSTALL: '0', CI: 'true' }, isRoot: false, allowed: false },
  { env: { POSTERN_INSTALL: '' }, isRoot: true, allowed: true },
]

it.each(cases)('$env as root: $isRoot → allowed: $allowed', ({ env, isRoot, allowed }) => {
  expect(mayInstall(env, isRoot)).toBe(allowed)
})
