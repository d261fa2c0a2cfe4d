// docs/config.schema.json: the configuration as JSON Schema, for editors, from the zod schema.
// Rules that span several keys cannot be said in JSON Schema; `postern check-config` knows them.
import { z } from 'zod'
import { configSchema } from '../../src/config/schema.ts'

/** The parts of JSON Schema that zod writes for our schema. */
export interface JsonSchema {
  readonly $schema?: string
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: JsonSchema | false
  readonly items?: JsonSchema
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  /** What the reference calls a value that is written as text (src/config/values.ts). */
  readonly 'x-type'?: string
}

/** With `x-type`, for the reference. */
export function annotatedSchema(): JsonSchema {
  return convert((schema) => {
    delete schema.readOnly
  })
}

export function configSchemaFile(): string {
  const schema = convert((json) => {
    delete json.readOnly
    delete json['x-type']
    if (json.type === 'array') json.uniqueItems = true
  })
  const { $schema, ...rest } = schema
  return `${JSON.stringify({ $schema, title: 'Postern configuration', ...rest }, null, 2)}\n`
}

/** As it is written in the file: before defaults are filled in and texts are taken apart. */
function convert(adjust: (schema: z.core.JSONSchema.BaseSchema) => void): JsonSchema {
  return z.toJSONSchema(configSchema, { io: 'input', override: ({ jsonSchema }) => adjust(jsonSchema) }) as JsonSchema
}
