// The commands, as a person or a script uses them: help that a stranger understands, exit codes, results on standard output
// and words on standard error, and no way to put a token where others can read it.
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestCa, type TestCa, writeCertificate } from '../support/certs.ts'
import { freePort } from '../support/ports.ts'
import { clientsOf, everyRight, type Postern, posternIssuer, runPostern, startPostern } from '../support/postern.ts'
import { expectNoSecrets, rememberSecret } from '../support/secrets.ts'
import { createTokenMaker } from '../support/token-maker.ts'
import { workload, workloadFiles, workloadJwt } from '../support/workloads.ts'

let folder: string
let postern: Postern
let ca: TestCa
let tlsPort: number

type Outcome = Awaited<ReturnType<typeof runPostern>>

const run = (args: readonly string[], input = ''): Promise<Outcome> => runPostern(args, { cwd: folder, input })

/** What went wrong is said in words: no stack, no secret, nothing on standard output that a script could take for a result. */
function expectWords({ stdout, stderr, code }: Outcome, exitCode: number): void {
  expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' })
  expect(stderr).not.toBe('')
  expect(stderr).not.toMatch(/^\s+at .*:\d+/m)
  expectNoSecrets('standard error', stderr)
}

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text, { mode: 0o600 })
  return name
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-cli-'))
  ca = await createTestCa()
  tlsPort = await freePort()
  postern = await startPostern({
    files: workloadFiles(),
    config: ({ callers, ...base }, place) => ({
      ...base,
      callers: [...callers, workload('jobs', place, { issue: everyRight, revoke: 'on_behalf' })],
    }),
  })
})
afterAll(async () => {
  await postern?.close()
  await rm(folder, { recursive: true, force: true })
})

const there = () => ['--address', postern.tokens]

async function issueApiKey(): Promise<string> {
  const { tokenService, close } = clientsOf(postern)
  const { token } = await tokenService.issue({
    subject: { kind: 'TOKEN_KIND_API_KEY', subject: 'alice', scopes: ['openid', 'user'] },
  })
  close()
  return token
}

async function reasonOf(token: string): Promise<unknown> {
  const { authz, close } = clientsOf(postern)
  const { reason } = await authz.check({ token })
  close()
  return reason
}

describe('help', () => {
  /** Every command with something that a stranger has to find in its help. */
  const commands: Readonly<Record<string, readonly string[]>> = {
    dev: ['--directory', '--port', 'real Envoy'],
    serve: ['--config', 'SIGTERM'],
    'check-config': ['<file>', 'every mistake'],
    'print-config': ['<file>', 'redacted'],
    issue: ['--api-key-file', '--task-type', '--subject', '--expires-in', '--address', '--tls-ca', '--jwt-file'],
    revoke: ['--token-file', '--revoker-token-file', '--logout', '--jti', '--issuer', '--wait', 'standard input'],
    keys: ['new', 'list', 'promote', 'retire'],
    'keys new': ['--directory', '--algorithm', 'RS256', 'ES256', 'EdDSA'],
    'keys list': ['--directory'],
    'keys promote': ['--directory', '--force'],
    'keys retire': ['--directory', '--force'],
    healthcheck: ['--address', '--service', '--timeout'],
  }

  it.each(Object.entries(commands))('of %s says what it does and how', async (command, parts) => {
    const { code, stdout, stderr } = await run([...command.split(' '), '--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(new RegExp(`^Usage: postern ${command}`))
    for (const part of parts) expect(stdout.replaceAll(/\s+/g, ' ')).toContain(part)
  })

  it('lists every command, and each with a sentence', async () => {
    const { code, stdout } = await run(['--help'])
    expect(code).toBe(0)
    for (const command of Object.keys(commands)) {
      if (!command.includes(' ')) expect(stdout).toMatch(new RegExp(`^  ${command} .*  \\w+`, 'm'))
    }
  })

  it('is shown where nothing is asked for, as a mistake', async () => {
    expectWords(await run([]), 2)
    expectWords(await run(['keys']), 2)
  })

  it('is not needed for the version', async () => {
    const manifest: unknown = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8'))
    const { code, stdout } = await run(['--version'])
    expect(code).toBe(0)
    expect(manifest).toMatchObject({ version: stdout.trim() })
  })
})

describe('a wrong command line ends with 2 and says what is wrong', () => {
  it.each([
    { args: ['nonsense'], words: /unknown command 'nonsense'/ },
    { args: ['serve'], words: /required option '--config <file>'/ },
    { args: ['serve', '--config', 'x', '--nonsense'], words: /unknown option '--nonsense'/ },
    { args: ['issue', '--expires-in', 'soon'], words: /must be a whole number of seconds/ },
    { args: ['issue', '--kind', 'refresh'], words: /Allowed choices are access, api_key/ },
    { args: ['issue', '--subject', 'a', '--user', '{'], words: /--user is not JSON/ },
    { args: ['issue', '--subject', 'a', '--user', '[1]'], words: /--user must be a JSON object/ },
    { args: ['revoke', '--jti', 'x'], words: /--jti and --issuer go together/ },
    { args: ['keys', 'new', '--directory', 'x', '--algorithm', 'HS256'], words: /Allowed choices are RS256/ },
    { args: ['check-config'], words: /missing required argument 'file'/ },
    { args: ['healthcheck', '--timeout', '-1'], words: /must be a whole number|required option/ },
  ])('$args', async ({ args, words }) => {
    const outcome = await run(args)
    expectWords(outcome, 2)
    expect(outcome.stderr).toMatch(words)
  })
})

describe('a token', () => {
  it.each([
    ...[['revoke', 'TOKEN'], ['revoke', '--token', 'TOKEN'], ['revoke', '--token=TOKEN'], ['TOKEN'], ['--TOKEN']],
    ...[
      ['issue', 'TOKEN'],
      ['issue', '--api-key', 'TOKEN'],
      ['issue', '--api-key=TOKEN'],
      ['issue', '--timeout', 'TOKEN'],
    ],
    ...[
      ['keys', 'list', 'TOKEN'],
      ['healthcheck', '--service', 'x', 'TOKEN'],
    ],
  ])('is no argument, and is not printed back: %s %s', async (...words) => {
    const token = rememberSecret(createTokenMaker(posternIssuer, postern.key).access())
    const { code, stdout, stderr } = await run(words.filter(Boolean).map((word) => word.replace('TOKEN', token)))
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expectNoSecrets('standard error', stderr)
    expect(await reasonOf(token)).toBe('token_valid')
  })

  it('is minted from an API key on standard input, and printed alone', async () => {
    const { code, stdout, stderr } = await run(['issue', ...there()], `${await issueApiKey()}\n`)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    expect(stderr).toMatch(/^issued [0-9a-f-]{36}, expires \d{4}-\d\d-\d\dT/)
    expect(await reasonOf(rememberSecret(stdout.trim()))).toBe('token_valid')
    expectNoSecrets('standard error', stderr)
  })

  it('is minted from an API key in a file, for a task and a time', async () => {
    const apiKey = await file('api-key', await issueApiKey())
    const args = ['issue', ...there(), '--api-key-file', apiKey, '--task-type', 'WORKFLOW', '--expires-in', '60']
    const { code, stdout } = await run(args)
    expect(code).toBe(0)
    const claims: unknown = JSON.parse(Buffer.from(stdout.split('.')[1] ?? '', 'base64url').toString())
    expect(claims).toMatchObject({ aud: ['WORKFLOW'], context: { task_token_type: 'WORKFLOW' } })
  })

  it('is minted for a subject by a caller that proves itself by its workload token', async () => {
    const jwt = await file('workload.jwt', workloadJwt('jobs'))
    const about = ['--subject', 'bob', '--scope', 'user', 'openid', '--client-id', 'app', '--user', '{"name":"bob@x"}']
    const { code, stdout } = await run(['issue', ...there(), '--jwt-file', jwt, ...about])
    expect(code).toBe(0)
    const claims: unknown = JSON.parse(Buffer.from(stdout.split('.')[1] ?? '', 'base64url').toString())
    expect(claims).toMatchObject({
      sub: 'bob',
      azp: 'app',
      scope: ['user', 'openid'],
      context: { user: { name: 'bob@x' } },
    })
  })

  it('is revoked from standard input, a file, by its id, or by itself', async () => {
    const maker = createTokenMaker(posternIssuer, postern.key)
    const [first, second, third, fourth] = [
      maker.access(),
      maker.access(),
      maker.access({ jti: 'third' }),
      maker.access(),
    ]
    const jwt = await file('portal.jwt', workloadJwt('jobs'))
    const outcomes = [
      await run(['revoke', ...there()], `${first}\n`),
      await run(['revoke', ...there(), '--token-file', await file('token', second)]),
      await run(['revoke', ...there(), '--jti', 'third', '--issuer', posternIssuer]),
      await run(['revoke', ...there(), '--jwt-file', jwt, '--logout'], fourth),
    ]
    for (const { code, stdout, stderr } of outcomes) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: 'revoked\n' })
      expect(stdout).toMatch(/^\S+\n$/)
    }
    for (const token of [first, second, third, fourth]) expect(await reasonOf(token)).toBe('token_revoked')
  })

  it('that was of no use already is no error', async () => {
    const { code, stdout, stderr } = await run(['revoke', ...there()], 'nonsense\n')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toBe('nothing to revoke: the token was unusable already\n')
  })

  it('is waited for with --wait, and it is said how many have it', async () => {
    const token = createTokenMaker(posternIssuer, postern.key).access()
    const { code, stderr } = await run(['revoke', ...there(), '--wait'], token)
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'applied by 1 of 1 sidecars\n' })
  })
})

describe('a call that is refused ends with 1, and says by whom and why', () => {
  it.each([
    { args: ['issue'], input: 'nonsense', words: 'The API key is not valid (UNAUTHENTICATED, api_key_invalid)' },
    {
      ...{ args: ['issue', '--subject', 'a', '--expires-in', '0'], input: '' },
      words: 'expires_in must be a positive number of seconds (INVALID_ARGUMENT, expires_in_invalid)',
    },
    { args: ['issue'], input: '', words: 'There is no API key: give it on standard input or name a file' },
    { args: ['issue', '--api-key-file', '/nowhere'], input: '', words: 'Cannot read the API key' },
    { args: ['revoke'], input: '', words: 'There is no token: give it on standard input or name a file' },
    { args: ['revoke'], input: 'x'.repeat(100_000), words: 'The token is too large' },
  ])('$args', async ({ args: [command = '', ...args], input, words }) => {
    const outcome = await run([command, ...there(), ...args], input)
    expectWords(outcome, 1)
    expect(outcome.stderr).toBe(`postern: ${words}\n`)
  })

  it('also where nobody answers', async () => {
    const nobody = `127.0.0.1:${await freePort()}`
    const outcome = await run(['issue', '--address', nobody, '--timeout', '2000'], 'nonsense')
    expectWords(outcome, 1)
    expect(outcome.stderr).toMatch(/UNAVAILABLE|DEADLINE_EXCEEDED/)
  })
})

describe('over TLS', () => {
  let server: Postern
  beforeAll(async () => {
    const certificate = await ca.issue({ dns: ['localhost'], ip: ['127.0.0.1'] })
    server = await startPostern({
      files: { 'server.crt': certificate.certPem, 'server.key': certificate.keyPem, 'ca.crt': ca.certPem },
      config: (base, place) => {
        const at = (name: string) => join(place.folder, name)
        const tls = { cert: at('server.crt'), key: at('server.key'), client_ca: at('ca.crt') }
        return {
          ...base,
          listen: { ...base.listen, tokens: { address: `127.0.0.1:${tlsPort}`, tls } },
          callers: [{ name: 'portal', identity: { spiffe: 'spiffe://commons/portal' }, issue: everyRight }],
        }
      },
    })
    await writeFile(join(folder, 'ca.crt'), ca.certPem)
    await writeCertificate(folder, 'portal', await ca.issue({ spiffe: 'spiffe://commons/portal' }))
  })
  afterAll(() => server?.close())

  it('a client certificate is presented', async () => {
    const tls = ['--tls-ca', 'ca.crt', '--tls-cert', 'portal.crt', '--tls-key', 'portal.key']
    const { code, stdout } = await run(['issue', '--address', `127.0.0.1:${tlsPort}`, ...tls, '--subject', 'alice'])
    expect(code).toBe(0)
    rememberSecret(stdout.trim())
  })

  it('a file that is not there is named', async () => {
    const outcome = await run(['issue', '--address', `127.0.0.1:${tlsPort}`, '--tls-ca', 'no.crt', '--subject', 'a'])
    expectWords(outcome, 1)
    expect(outcome.stderr).toBe('postern: Cannot read no.crt\n')
  })
})

describe('serve', () => {
  it('says every problem of its configuration at once, with the place of each, and ends with 2', async () => {
    const name = await file(
      'bad.yaml',
      'listen:\n  chek: { address: "unix:/tmp/x.sock" }\nissuers: 7\nexpose_reasons: maybe\n',
    )
    const outcome = await run(['serve', '--config', name])
    expectWords(outcome, 2)
    expect(outcome.stderr).toMatch(/^bad\.yaml:2:3 .*listen\.chek.*check/m)
    expect(outcome.stderr).toMatch(/^bad\.yaml:3:\d+ issuers/m)
    expect(outcome.stderr).toMatch(/^bad\.yaml:4:\d+ expose_reasons/m)
    expect((await run(['check-config', name])).code).toBe(2)
  })

  it('says that there is no file', async () => {
    const outcome = await run(['serve', '--config', 'no.yaml'])
    expectWords(outcome, 1)
    expect(outcome.stderr).toContain('no.yaml')
  })

  it('says what keeps it from starting: a key directory without keys, an address in use', async () => {
    const base = await readFile(postern.configFile, 'utf8')
    const without = base.replaceAll(postern.folder, folder)
    const noKeys = await run(['serve', '--config', await file('no-keys.yaml', without)])
    expect(noKeys).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^postern: Cannot start: The signing keys in /),
    })
    const inUse = await run(['serve', '--config', postern.configFile])
    expect(inUse).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^postern: Cannot start: .*(listen|EADDRINUSE)/),
    })
    expect(await postern.isReady()).toBe(true)
  })
})

describe('configuration', () => {
  it('is found good by check-config and printed in full by print-config', async () => {
    const checked = await run(['check-config', postern.configFile])
    expect(checked).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('no problems') })
    const printed = await run(['print-config', postern.configFile])
    expect(printed).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('max_staleness: 5s') })
    const again = await run(['check-config', await file('printed.yaml', printed.stdout)])
    expect(again.code).toBe(0)
  })
})

describe('healthcheck', () => {
  it('ends with 0 and SERVING where all is well, for the process and for each service', async () => {
    const services = ['', 'envoy.service.auth.v3.Authorization', 'postern.token.v1.TokenService']
    for (const service of services) {
      const outcome = await run(['healthcheck', '--address', postern.check, '--service', service])
      expect(outcome).toMatchObject({ code: 0, stdout: 'SERVING\n', stderr: '' })
    }
  })

  it('ends with 1 where it is not, or nobody answers', async () => {
    const unwell = await startPostern({
      until: 'started',
      config: (base) => ({ ...base, denylist: { store: 'redis', redis: { url: 'redis://127.0.0.1:1' } } }),
    })
    const outcome = await run(['healthcheck', '--address', unwell.check])
    await unwell.close()
    expectWords(outcome, 1)
    expect(outcome.stderr).toBe('postern: NOT_SERVING\n')
    const nobody = await run(['healthcheck', '--address', unwell.check, '--timeout', '1000'])
    expectWords(nobody, 1)
    expect(nobody.stderr).toMatch(/^postern: No answer from unix:/)
    const unknown = await run(['healthcheck', '--address', postern.check, '--service', 'nonsense'])
    expectWords(unknown, 1)
  })
})

describe('keys', () => {
  it('are made for their owner alone, listed with their states, and refused in words', async () => {
    const directory = join(folder, 'keys')
    const made = await run(['keys', 'new', '--directory', directory, '--algorithm', 'EdDSA'])
    expect(made).toMatchObject({ code: 0, stderr: '' })
    const [, kid = ''] = /^(\S+) +current +EdDSA +\d{4}-/.exec(made.stdout) ?? []
    expect((await stat(join(directory, `${kid}.pem`))).mode & 0o777).toBe(0o600)
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    expect((await run(['keys', 'list', '--directory', directory])).stdout).toBe(made.stdout)
    expectWords(await run(['keys', 'list', '--directory', join(folder, 'nowhere')]), 1)
    expectWords(await run(['keys', 'promote', kid, '--directory', directory]), 1)

    await writeFile(join(directory, `${kid}.pem`), 'nonsense')
    const broken = await run(['keys', 'list', '--directory', directory])
    expectWords(broken, 1)
    expect(broken.stderr).toContain('The file is no unencrypted PEM key')
  })
})
