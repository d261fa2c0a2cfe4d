// Tokens are hidden in what is said to a person, and nothing else is.
import { expect, it } from 'vitest'
import { hideTokens } from '../../../src/cli/hide-tokens.ts'
import { mint } from '../../support/tokens.ts'

it('hides every token, wherever it stands and however much of it there is', () => {
  const token = mint()
  for (const part of [
    token,
    token.slice(0, token.indexOf('.') + 20),
    `${token}.more`,
    token.split('.').slice(0, 2).join('.'),
  ]) {
    expect(hideTokens(`unknown option '--token=${part}', ${part}!`)).toBe(
      `unknown option '--token=[hidden]', [hidden]!`,
    )
  }
})

it.each(['/etc/postern/my-config.prod.yaml', '127.0.0.1:9192', 'api.commons.example', 'eyJab', 'a.b.c'])(
  'leaves everything else as it is: %s',
  (text) => {
    expect(hideTokens(text)).toBe(text)
  },
)
