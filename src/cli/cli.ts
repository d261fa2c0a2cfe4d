// The command line: every command with its options and help. What a command does is in a file of its own, loaded when it
// is called, so that `serve` starts without paying for the others.
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { ConfigCommandDeps } from './check-config.ts'
import { CommandError, type Runtime } from './runtime.ts'

/** Exit codes: 0 done, 1 refused or failed, 2 the command line was wrong. */
export async function runCli(args: readonly string[], runtime: Runtime): Promise<number> {
  const state = { exitCode: 0 }
  const program = createProgram(runtime, (exitCode) => {
    state.exitCode = exitCode
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return state.exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof CommandError)) throw error
    runtime.err(`postern: ${error.message}\n`)
    return error.exitCode
  }
}

function createProgram(runtime: Runtime, setExitCode: (exitCode: number) => void): Command {
  const program = new Command('postern')
    .description(
      'Envoy ext_authz sidecar and token service: is this token genuine, meant for this route, and not revoked?',
    )
    .version(versionOf(runtime.packageRoot))
    .exitOverride()
    .configureOutput({ writeOut: runtime.out, writeErr: runtime.err })
    .showHelpAfterError('(add --help for what there is)')

  program
    .command('dev')
    .description('Run everything on loopback, with a real Envoy in front of an echo upstream, and print lines to paste')
    .option('--directory <path>', 'where keys, data and sockets are kept', '.postern')
    .addOption(new Option('--port <number>', 'port of Envoy').argParser(integer).default(10000))
    .action(async (options) => (await import('./dev.ts')).dev(options, runtime))

  program
    .command('serve')
    .description('Run the services that the configuration has listeners for, until SIGTERM')
    .requiredOption('--config <file>', 'the configuration (docs/configuration.md)')
    .action(async (options) => (await import('./serve.ts')).serve(options, runtime))

  program
    .command('check-config <file>')
    .description('Report every mistake in a configuration, each with its line; exit 0 when there is none')
    .action(async (file) =>
      setExitCode(await (await import('./check-config.ts')).checkConfig(configCommand(file, runtime))),
    )

  program
    .command('print-config <file>')
    .description('Print a configuration with every default filled in and every secret redacted')
    .action(async (file) =>
      setExitCode(await (await import('./print-config.ts')).printConfig(configCommand(file, runtime))),
    )

  withTokenService(program.command('issue'))
    .description('Mint a token; it is printed alone on standard output')
    .option('--api-key-file <file>', 'mint from this API key; "-" or nothing: from standard input')
    .option('--task-type <type>', 'a task token of this type')
    .option('--subject <subject>', 'mint for this subject instead (callers with the grant `subject`)')
    .addOption(new Option('--kind <kind>', 'with --subject').choices(['access', 'api_key']).default('access'))
    .option('--scope <scope...>', 'with --subject: scopes of the token')
    .option('--client-id <id>', 'with --subject: the OAuth client')
    .option('--user <json>', 'with --subject: the user object, as JSON')
    .addOption(new Option('--expires-in <seconds>', 'lifetime asked for').argParser(bigInteger))
    .action(async (options) => (await import('./issue.ts')).issue(options, runtime))

  withTokenService(program.command('revoke'))
    .description('Revoke a token, read from standard input or a file; prints the revision of the revocation')
    .option('--token-file <file>', 'the token; "-" or nothing: from standard input')
    .option('--revoker-token-file <file>', "the user's own token, when revoking on the user's behalf")
    .option('--logout', 'the token is its own revoker')
    .option('--jti <id>', 'by id instead of by token (callers with `revoke: any`)')
    .option('--issuer <issuer>', 'with --jti: the `iss` of the token')
    .option('--file <file>', 'every token of a list, one in a line; "-": from standard input')
    .option('--state <file>', 'with --file: where it is kept which are done (default: the list’s name with .state)')
    .addOption(new Option('--concurrency <number>', 'with --file: how many at a time').argParser(integer).default(16))
    .option('--wait', 'answer when every live sidecar has it')
    .action(async (options) => (await import('./revoke.ts')).revoke(options, runtime))

  withTokenService(program.command('revoke-all'))
    .description('Revoke everything of one subject, client, signing key or transaction; prints the revision')
    .option('--subject <subject>', 'every token of this subject that was issued up to now')
    .option('--client-id <id>', 'every token of this client that was issued up to now')
    .option('--key-id <kid>', 'every token signed by this key, for ever (see also `keys revoke`)')
    .option('--transaction <txn>', 'every token of this transaction, for ever')
    .option('--issuer <issuer>', 'the `iss` that the target belongs to; nothing: that of the token service')
    .option('--revoker-token-file <file>', "the user's own token, when revoking on the user's behalf")
    .option('--keep-api-keys', 'with --subject: API keys, and what is minted from them, stay valid')
    .option('--wait', 'answer when every live sidecar has it')
    .action(async (options) => (await import('./revoke-all.ts')).revokeAll(options, runtime))

  const keys = program.command('keys').description('Signing keys of a directory: next → current → previous → retired')
  const directory = (command: Command): Command =>
    command.requiredOption('--directory <path>', 'the key directory (signing.keys.directory)')
  directory(keys.command('new'))
    .description('Generate a key; the first of a directory is current, every further one is next')
    .addOption(new Option('--algorithm <alg>').choices(['RS256', 'ES256', 'EdDSA']).default('RS256'))
    .action(async (options) => (await import('./keys.ts')).newKey(options, runtime))
  directory(keys.command('list'))
    .description('List the keys with their states')
    .action(async (options) => (await import('./keys.ts')).listKeys(options, runtime))
  directory(keys.command('promote <kid>'))
    .description('Make the next key current; refused while verifiers may not know it yet')
    .option('--force', 'promote anyway: verifiers with an older key set will refuse its tokens')
    .option('--config <file>', 'take the refresh interval from this configuration')
    .action(async (kid, options) => (await import('./keys.ts')).promoteKey(kid, options, runtime))
  directory(keys.command('retire <kid>'))
    .description('Stop publishing a previous key; refused while unexpired tokens of it may exist')
    .option('--force', 'retire anyway: its unexpired tokens will be refused')
    .option('--config <file>', 'take the longest lifetime from this configuration')
    .action(async (kid, options) => (await import('./keys.ts')).retireKey(kid, options, runtime))

  withTokenService(directory(keys.command('revoke <kid>')))
    .description('A key that leaked: it signs no more, another takes over, and every token signed by it is refused')
    .option('--promote <kid>', 'the key that takes over, where several could')
    .option('--wait', 'answer when every live sidecar has it')
    .action(async (kid, options) => (await import('./keys.ts')).revokeKey(kid, options, runtime))

  const denylist = program.command('denylist').description('The revocations in the store of a configuration')
  const configured = (command: Command): Command =>
    command.requiredOption('--config <file>', 'the configuration that names the store')
  configured(denylist.command('stats'))
    .description('Count what is in the store, and the live sidecars')
    .action(async (options) => (await import('./denylist.ts')).denylistStats(options, runtime))
  configured(denylist.command('export'))
    .description('Print every entry as a JSON line; entries are digests, never tokens')
    .action(async (options) => (await import('./denylist.ts')).exportDenylist(options, runtime))
  configured(denylist.command('import'))
    .description('Add the entries of an export; what the store has already is kept, or raised, never lowered')
    .option('--file <file>', 'the export; "-" or nothing: from standard input', '-')
    .action(async (options) => (await import('./denylist.ts')).importDenylist(options, runtime))

  program
    .command('redis')
    .description('Commands about the shared store')
    .command('init')
    .description('Say that an empty data set really is new, so that no sidecar waits for one that was lost')
    .requiredOption('--config <file>', 'the configuration that names the store')
    .action(async (options) => (await import('./redis-init.ts')).initialise(options, runtime))

  program
    .command('healthcheck')
    .description('Ask a running Postern whether it is serving (grpc.health.v1); exit 0 when it is')
    .requiredOption('--address <address>', 'unix:/path or host:port of any of its gRPC listeners')
    .option('--service <name>', 'one service; nothing: the process as a whole', '')
    .option('--tls-ca <file>', 'certificate authorities of the server, PEM')
    .addOption(new Option('--timeout <ms>', 'how long to wait').argParser(integer).default(2000))
    .action(async (options) => (await import('./healthcheck.ts')).healthcheck(options, runtime))

  return program
}

/** Secrets are not read: a configuration can be checked where they are not. */
function configCommand(file: string, runtime: Runtime): ConfigCommandDeps {
  return { file, readFile: (path) => readFile(path, 'utf8'), write: runtime.out, writeError: runtime.err }
}

/** How a command reaches the token service. */
function withTokenService(command: Command): Command {
  return command
    .option('--address <address>', 'unix:/path or host:port of the token service', '127.0.0.1:9192')
    .option('--tls-ca <file>', 'certificate authorities of the server, PEM; turns TLS on')
    .option('--tls-cert <file>', 'client certificate, PEM')
    .option('--tls-key <file>', 'private key of the client certificate, PEM')
    .option('--jwt-file <file>', "the caller's workload token")
    .addOption(new Option('--timeout <ms>', 'how long to wait').argParser(integer).default(10_000))
}

function integer(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('It must be a whole number.')
  return value
}

function bigInteger(text: string): bigint {
  if (!/^-?\d{1,19}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of seconds.')
  return BigInt(text)
}

function versionOf(packageRoot: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return isManifest ? String(manifest.version) : 'unknown'
}
