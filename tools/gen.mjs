// Generates src/gen from the protos. Does nothing when no input changed; --force generates anyway.
// Plain JavaScript, because it runs before anything can be compiled.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const stampFile = join(root, 'src/gen/.stamp')

const protoFiles = readdirSync(join(root, 'proto'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.proto'))
  .sort()
  .map((name) => join('proto', name))

const digest = createHash('sha256')
for (const name of [...protoFiles, 'buf.gen.yaml', 'buf.workspace.yaml', 'package-lock.json']) {
  digest.update(name).update(readFileSync(join(root, name)))
}
const stamp = digest.digest('hex')

const upToDate = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp
if (!upToDate || process.argv.includes('--force')) {
  execFileSync(join(root, 'node_modules/.bin/buf'), ['generate', '--config', 'buf.workspace.yaml'], {
    cwd: root,
    stdio: 'inherit',
  })
  writeFileSync(stampFile, stamp)
}
