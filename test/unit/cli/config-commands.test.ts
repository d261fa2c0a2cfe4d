// check-config and print-config: what they say, to whom, and with which exit code.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { checkConfig } from '../../../src/cli/check-config.ts'
import { printConfig } from '../../../src/cli/print-config.ts'

const FIXTURES = new URL('../../fixtures/config/', import.meta.url)

async function run(command: typeof checkConfig, file: string) {
  const said = { out: '', err: '' }
  const code = await command({
    file,
    readFile: (path) => readFile(fileURLToPath(new URL(path, FIXTURES)), 'utf8'),
    readSecret: () => 'hunter2',
    write: (text) => {
      said.out += text
    },
    writeError: (text) => {
      said.err += text
    },
  })
  return { code, ...said }
}

describe.each([
  ['check-config', checkConfig],
  ['print-config', printConfig],
])('%s', (_, command) => {
  test('prints every problem with the name of the file, and nothing to standard output', async () => {
    const { code, out, err } = await run(command, 'mistakes/unknown_key.yaml')
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toBe(
      'mistakes/unknown_key.yaml:8:34 policies.default.audience: unknown key (did you mean "audiences"?)\n1 problem\n',
    )
  })

  test('says when the file cannot be read', async () => {
    expect(await run(command, 'valid/none.yaml')).toEqual({
      code: 1,
      out: '',
      err: 'valid/none.yaml: the file cannot be read\n',
    })
  })
})

test('check-config says of a sound file what it makes the process do', async () => {
  expect(await run(checkConfig, 'valid/everything.yaml')).toEqual({
    code: 0,
    out: 'valid/everything.yaml: no problems (listens for check, tokens, http, admin; 3 issuers; 3 callers; 4 policies)\n',
    err: '',
  })
})

test('print-config prints the whole configuration and no secret', async () => {
  const { code, out, err } = await run(printConfig, 'valid/everything.yaml')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/^listen:\n {2}check:\n/)
  expect(out).not.toContain('hunter2')
})
