// The ACL users that docs/redis.md shows, read from there, so that what the page says is what the tests run with.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export const redisPage = await readFile(join(import.meta.dirname, '../../../docs/redis.md'), 'utf8')

/** Instead of the page's `PASSWORD`. */
export const USER_PASSWORD = 'a-test-password'

type User = 'postern-sidecar' | 'postern-tokens' | 'postern-sentinel'

/** The rules after the user's name. `which`: the page shows a user several times. */
export function rulesOf(user: User, { namespace = 'postern', which = 0 } = {}): readonly string[] {
  const line = redisPage.split('\n').filter((one) => one.startsWith(`user ${user} `))[which]
  if (line === undefined) throw new Error(`docs/redis.md has no user ${user}`)
  const own = line.replace('PASSWORD', USER_PASSWORD).replaceAll('{postern}', `{${namespace}}`)
  // A selector is one rule, with its spaces.
  return own.replace(`user ${user} `, '').match(/\([^)]*\)|\S+/g) ?? []
}
