// The import rules of the house are enforced by the linter: what is forbidden fails, with a message that says what to do.
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')

/** A house of its own with the same rules, so that nobody else's run sees the broken files. */
const house = mkdtempSync(join(tmpdir(), 'postern-lint-'))
copyFileSync(join(root, 'biome.json'), join(house, 'biome.json'))
afterAll(() => rmSync(house, { recursive: true }))

function lint(file: string, text: string): Promise<string> {
  const path = join(house, file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return new Promise((resolve) => {
    const args = ['lint', '--vcs-enabled=false', '--colors=off', file]
    execFile(join(root, 'node_modules/.bin/biome'), args, { cwd: house }, (_error, stdout, stderr) =>
      resolve(`${stdout}${stderr}`),
    )
  })
}

const rules = [
  { file: 'src/check/x.ts', from: 'node:fs', what: 'check/ is pure: no I/O' },
  { file: 'src/check/x.ts', from: 'node:net', what: 'check/ is pure: no I/O' },
  { file: 'src/check/x.ts', from: '../denylist/mirror.ts', what: 'check/ decides and never reaches out' },
  { file: 'src/check/x.ts', from: '../denylist/redis/store.ts', what: 'check/ decides and never reaches out' },
  { file: 'src/check/x.ts', from: '../server/health.ts', what: 'check/ decides and never reaches out' },
  { file: 'src/check/x.ts', from: '../telemetry/log.ts', what: 'check/ decides and never reaches out' },
  { file: 'src/check/x.ts', from: '../tokens/key-ring.ts', what: 'check/ decides and never reaches out' },
  { file: 'src/check/x.ts', from: 'jose', what: 'jose belongs in tokens/ and issuing/' },
  { file: 'src/revoking/x.ts', from: 'jose', what: 'jose belongs in tokens/ and issuing/' },
  { file: 'src/server/x.ts', from: 'jose', what: 'jose belongs in tokens/ and issuing/' },
  { file: 'src/denylist/x.ts', from: 'ioredis', what: 'ioredis belongs in denylist/redis/' },
  { file: 'src/app.ts', from: 'ioredis', what: 'ioredis belongs in denylist/redis/' },
  { file: 'src/issuing/x.ts', from: '@grpc/grpc-js', what: 'grpc-js belongs in server/ and cli/' },
  { file: 'src/check/x.ts', from: '@grpc/grpc-js', what: 'grpc-js belongs in server/ and cli/' },
  { file: 'src/server/x.ts', from: '../app.ts', what: 'nothing imports it but cli/' },
  { file: 'src/check/x.ts', from: '../app.ts', what: 'nothing imports it but cli/' },
] as const

describe('the linter refuses', () => {
  it.each(rules)('$from in $file', async ({ file, from, what }) => {
    expect(await lint(file, `import { thing } from '${from}'\nexport const used = thing\n`)).toContain(what)
  })

  it('process anywhere but in main.ts', async () => {
    const text = 'export const folder = process.cwd()\n'
    expect(await lint('src/server/x.ts', text)).toContain('Only main.ts touches process')
    expect(await lint('src/main.ts', text)).not.toContain('Only main.ts touches process')
  })
})

describe('the linter allows', () => {
  it.each([
    { file: 'src/check/x.ts', from: '../denylist/port.ts' },
    { file: 'src/check/x.ts', from: '../tokens/port.ts' },
    { file: 'src/tokens/x.ts', from: 'jose' },
    { file: 'src/issuing/x.ts', from: 'jose' },
    { file: 'src/denylist/redis/x.ts', from: 'ioredis' },
    { file: 'src/server/x.ts', from: '@grpc/grpc-js' },
    { file: 'src/cli/x.ts', from: '../app.ts' },
  ])('$from in $file', async ({ file, from }) => {
    const said = await lint(file, `import { thing } from '${from}'\nexport const used = thing\n`)
    expect(said).not.toContain('noRestrictedImports')
  })

  it('the status enum of grpc-js where nothing else of it is', async () => {
    const said = await lint('src/check/x.ts', "import { status } from '@grpc/grpc-js'\nexport const used = status\n")
    expect(said).not.toContain('noRestrictedImports')
  })
})
