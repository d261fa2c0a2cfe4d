// Arbitraries that several property tests share.
import fc from 'fast-check'

/**
 * Any text at all: every UTF-16 unit, halves of surrogate pairs included. The library's own unit `binary` takes a second
 * to be built.
 */
export function anyText(maxLength = 40): fc.Arbitrary<string> {
  const unit = fc.oneof(fc.nat(0xffff), fc.integer({ min: 0x20, max: 0x7e }), fc.constantFrom(0, 9, 10, 13, 37, 44))
  return fc.array(unit, { maxLength }).map((units) => String.fromCharCode(...units))
}
