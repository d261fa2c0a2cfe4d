// Walks the zod schema along a path of the file: which keys could stand there, and which union decides there.
// Used only to explain a problem; parsing is zod's.
import { z } from 'zod'
import type { Path } from './problem.ts'

type Schema = z.core.$ZodType

/** Every key that a mapping at this path may have. */
export function keysAt(root: Schema, path: Path): string[] {
  const schema = schemaAt(root, path)
  if (schema instanceof z.ZodRecord && schema.keyType instanceof z.ZodEnum) return schema.keyType.options.map(String)
  return shapesOf(schema).flatMap((shape) => Object.keys(shape))
}

/** The alternatives of the union at this path: for each, the keys that no other one has. Empty if it is no union. */
export function alternativesAt(root: Schema, path: Path): string[][] {
  const schema = schemaAt(root, path)
  if (!(schema instanceof z.ZodUnion)) return []
  const keys = schema.options.map((option) => shapesOf(unwrap(option)).flatMap((shape) => Object.keys(shape)))
  return keys.map((own, index) => own.filter((key) => keys.every((other, at) => at === index || !other.includes(key))))
}

function schemaAt(root: Schema, path: Path): Schema | undefined {
  return path.reduce<Schema | undefined>((schema, segment) => schema && child(schema, segment), unwrap(root))
}

function child(schema: Schema, segment: string | number): Schema | undefined {
  if (schema instanceof z.ZodArray) return unwrap(schema.element)
  if (schema instanceof z.ZodRecord) return unwrap(schema.valueType)
  const found = shapesOf(schema).find((shape) => Object.hasOwn(shape, segment))?.[segment]
  return found && unwrap(found)
}

function shapesOf(schema: Schema | undefined): Readonly<Record<string, Schema>>[] {
  if (schema instanceof z.ZodObject) return [schema.shape]
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => shapesOf(unwrap(option)))
  return []
}

/** What is written in the file, without defaults and conversions around it. */
function unwrap(schema: Schema): Schema {
  if (schema instanceof z.ZodPipe) return unwrap(schema.in)
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault || schema instanceof z.ZodReadonly) {
    return unwrap(schema.unwrap())
  }
  return schema
}
