// The programs that tests with a real Envoy or Redis need. Missing: such tests are skipped with the reason, and fail
// under CI. Never downloads or installs: tools/prerequisites.mjs does that before the tests.
import { describe, it, TestRunner } from 'vitest'
import { findEnvoy } from '../../tools/find-envoy.mjs'
import { findRedis } from '../../tools/find-redis.mjs'

const finders = {
  envoy: findEnvoy,
  redis: findRedis,
}

export type Tool = keyof typeof finders

const found = new Map<Tool, ReturnType<(typeof finders)[Tool]>>()

/**
 * The path of the program. Missing: inside a test, the test is skipped with the reason; elsewhere, and under CI, this
 * throws. Use `describeWith` around hooks that start one, so that they do not run in vain.
 */
export function requireTool(tool: Tool): string {
  const result = find(tool)
  if ('path' in result) return result.path
  if (!isCi()) TestRunner.getCurrentTest()?.context.skip(result.missing)
  throw new Error(result.missing)
}

/** A `describe` whose tests need these programs: skipped, hooks and all, where one is missing; a failure under CI. */
export function describeWith(tools: Tool | readonly Tool[], title: string, body: () => void): void {
  const missing = [tools].flat().flatMap((tool) => {
    const result = find(tool)
    return 'missing' in result ? [result.missing] : []
  })
  if (missing.length === 0) describe(title, body)
  else if (isCi()) it(`${title}: has the programs it needs`, () => Promise.reject(new Error(missing.join('; '))))
  else describe.skip(`${title} [${missing.join('; ')}]`, body)
}

function find(tool: Tool) {
  const known = found.get(tool)
  if (known) return known
  const result = finders[tool]()
  found.set(tool, result)
  return result
}

function isCi(): boolean {
  return process.env['CI'] === 'true'
}
