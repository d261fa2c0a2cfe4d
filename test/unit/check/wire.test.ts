// Messages put together from encoded parts: the same bytes as from the library that encodes them at once.
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { joinFields } from '../../../src/check/wire.ts'

type Fields = readonly (readonly [field: number, parts: readonly Uint8Array[]])[]

function byLibrary(fields: Fields): Uint8Array {
  const writer = new BinaryWriter()
  for (const [field, parts] of fields) writer.uint32((field << 3) | 2).bytes(Buffer.concat(parts))
  return writer.finish()
}

function expectSame(fields: Fields): void {
  expect(Buffer.compare(joinFields(fields), byLibrary(fields))).toBe(0)
}

describe('joinFields', () => {
  it('writes nothing for no fields, and an empty field for no parts', () => {
    expectSame([])
    expectSame([[1, []]])
    expectSame([[15, [new Uint8Array()]]])
  })

  it.each([0, 1, 127, 128, 129, 16_383, 16_384, 16_385, 2_097_151, 2_097_152])(
    'writes the length of %i bytes as the library does, in one part or in two',
    (length) => {
      const bytes = Buffer.alloc(length, 0x61)
      expectSame([[3, [bytes]]])
      expectSame([[3, [bytes.subarray(0, length / 2), bytes.subarray(length / 2)]]])
    },
  )

  it('writes any fields of any parts as the library does', () => {
    const part = fc.uint8Array({ maxLength: 200 })
    const field = fc.tuple(fc.integer({ min: 1, max: 15 }), fc.array(part, { maxLength: 3 }))
    fc.assert(fc.property(fc.array(field, { maxLength: 5 }), expectSame))
  })
})
