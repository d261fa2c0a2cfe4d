// JSON Schema of a section → the rows of its table: one per key, with its place, type, default and meaning.
import type { JsonSchema } from './config-schema.ts'
import { code } from './markdown.ts'

export interface Row {
  /** `keys.url`; `[]` is an item of a list, `<name>` a key that the writer chooses. */
  readonly key: string
  readonly type: string
  readonly default: string
  readonly meaning: string
}

/** The rows of everything below a section; none for a section that is a single value. */
export function rowsBelow(schema: JsonSchema): Row[] {
  const names = keysOf(schema)
  const here = [...names].flatMap((name) => {
    const alternatives = objectsIn(schema).flatMap((object) => object.properties?.[name] ?? [])
    const [first] = alternatives
    return first === undefined ? [] : rowsOf(name, first, isRequired(schema, name))
  })
  return [...here, ...prefixed('<name>', additional(schema)), ...prefixed('[]', schema.items)]
}

function rowsOf(key: string, schema: JsonSchema, required: boolean): Row[] {
  const row = { key, type: typeOf(schema), default: defaultOf(schema, required), meaning: schema.description ?? '' }
  return schema['x-type'] === undefined ? [row, ...prefixed(key, schema)] : [row]
}

/** `[].name` belongs to its list: `rules[].types`, and `name` where the section itself is the list. */
function prefixed(prefix: string, schema: JsonSchema | undefined): Row[] {
  if (schema === undefined) return []
  return rowsBelow(schema).map((row) => ({
    ...row,
    key: row.key.startsWith('[]') ? prefix + row.key : `${prefix}.${row.key}`,
  }))
}

function objectsIn(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf?.filter((alternative) => alternative.properties !== undefined) ?? [schema]
}

function keysOf(schema: JsonSchema): Set<string> {
  return new Set(objectsIn(schema).flatMap((object) => Object.keys(object.properties ?? {})))
}

/** Keys of one alternative only are what tells it from the others, so they are not required as such. */
function isRequired(schema: JsonSchema, name: string): boolean {
  return objectsIn(schema).every((object) => object.required?.includes(name) ?? false)
}

function additional({ additionalProperties }: JsonSchema): JsonSchema | undefined {
  return additionalProperties === false ? undefined : additionalProperties
}

function defaultOf(schema: JsonSchema, required: boolean): string {
  if (required) return '**required**'
  if (schema.default === undefined || isEmptyMapping(schema.default)) return ''
  return code(Array.isArray(schema.default) ? `[${schema.default.join(', ')}]` : String(schema.default))
}

function isEmptyMapping(value: unknown): boolean {
  return JSON.stringify(value) === '{}'
}

/** In the words of somebody who writes YAML. */
export function typeOf(schema: JsonSchema): string {
  if (schema['x-type'] !== undefined) return schema['x-type']
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(', ')
  if (schema.const !== undefined) return code(String(schema.const))
  if (schema.anyOf !== undefined) return unionType(schema.anyOf)
  if (schema.items !== undefined) return `list of ${plural(typeOf(schema.items))}`
  if (schema.type === 'object') return 'mapping'
  if (schema.type === 'string') return 'text'
  if (schema.type === 'boolean') return '`true`, `false`'
  return numberType(schema)
}

function plural(type: string): string {
  return type.replace(/^(text|URL|mapping)(?=$| with)/, '$1s')
}

function unionType(alternatives: readonly JsonSchema[]): string {
  const own = alternatives.map((schema) => distinguishing(schema, alternatives))
  if (own.every((key) => key !== undefined)) return `mapping with one of ${own.map(code).join(', ')}`
  return alternatives.map(typeOf).join(', or ')
}

/** The key that only this alternative has. */
function distinguishing(schema: JsonSchema, all: readonly JsonSchema[]): string | undefined {
  const others = all.filter((other) => other !== schema)
  return Object.keys(schema.properties ?? {}).find((key) =>
    others.every((other) => other.properties?.[key] === undefined),
  )
}

function numberType({ type, minimum, exclusiveMinimum, maximum }: JsonSchema): string {
  const from = exclusiveMinimum === undefined ? minimum : `above ${exclusiveMinimum}`
  return `${type === 'integer' ? 'whole number' : 'number'}, ${from} to ${maximum}`
}
