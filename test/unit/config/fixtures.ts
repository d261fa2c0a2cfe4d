// The sound configuration files of test/fixtures/config/valid, for every test that needs one.
import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { loadConfig, type SecretReader } from '../../../src/config/load.ts'
import type { Config } from '../../../src/config/schema.ts'

const FOLDER = new URL('../../fixtures/config/valid/', import.meta.url)

export const validNames = readdirSync(FOLDER).map((file) => file.replace(/\.yaml$/, ''))

export function validText(name: string): string {
  return readFileSync(new URL(`${name}.yaml`, FOLDER), 'utf8')
}

/** The file as plain data, to be changed by one key. */
export function validValue(name: string): unknown {
  return parse(validText(name))
}

export const readAnySecret: SecretReader = () => 'a secret\n'

export function loaded(text: string): Config {
  const result = loadConfig(text, { readSecret: readAnySecret })
  if (!result.ok) throw new Error(JSON.stringify(result.reason))
  return result.value
}
