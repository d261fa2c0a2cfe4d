// google.protobuf.Struct ↔ plain objects, in the shape that proto-loader gives it. Lists and nested objects included.
import { z } from 'zod'

type Value =
  | { readonly nullValue: 0 }
  | { readonly numberValue: number }
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly structValue: Struct }
  | { readonly listValue: { readonly values: readonly Value[] } }

interface Struct {
  readonly fields: Readonly<Record<string, Value>>
}

export function toStruct(object: Readonly<Record<string, unknown>>): Struct {
  return { fields: Object.fromEntries(Object.entries(object).map(([name, value]) => [name, toValue(value)])) }
}

function toValue(value: unknown): Value {
  if (value === null) return { nullValue: 0 }
  if (typeof value === 'number') return { numberValue: value }
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (Array.isArray(value)) return { listValue: { values: value.map(toValue) } }
  if (typeof value === 'object') return { structValue: toStruct({ ...value }) }
  throw new TypeError('not a JSON value')
}

/** With `oneofs`, proto-loader names the member that is set in `kind`. */
const anyValue = z.looseObject({ kind: z.string() })
const struct = z.object({ fields: z.record(z.string(), anyValue).default({}) })
const list = z.object({ values: z.array(anyValue).default([]) })

export function fromStruct(message: unknown): Readonly<Record<string, unknown>> {
  const { fields } = struct.parse(message)
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, fromValue(value)]))
}

function fromValue({ kind, ...value }: z.output<typeof anyValue>): unknown {
  if (kind === 'nullValue') return null
  if (kind === 'structValue') return fromStruct(value['structValue'])
  if (kind === 'listValue') return list.parse(value['listValue']).values.map(fromValue)
  return value[kind]
}
