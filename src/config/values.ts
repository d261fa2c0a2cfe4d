// The small schemas every section is made of: names, texts, paths, lists, and unions told apart by their keys.
// What a section contains is said in the file of that section.
import { z } from 'zod'

/** A mapping that refuses unknown keys and is frozen once parsed. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape).readonly()
}

/** A list, frozen once parsed. Saying a thing twice in it is a mistake. */
export function list<Item extends z.core.SomeType>(item: Item) {
  return z.array(item).superRefine(refuseRepeated, evenIfFaulty).readonly()
}

/** A list that must name at least one thing. */
export function someOf<Item extends z.core.SomeType>(item: Item) {
  return z.array(item).min(1, 'must not be empty').superRefine(refuseRepeated, evenIfFaulty).readonly()
}

/** Runs beside the checks of single items, so that one mistake does not hide another. */
const evenIfFaulty = { when: ({ value }: z.core.ParsePayload) => Array.isArray(value) }

function refuseRepeated(items: readonly unknown[], { issues }: z.core.$RefinementCtx): void {
  for (const [index, item] of items.entries()) {
    const repeats = typeof item === 'string' && items.indexOf(item) < index
    if (repeats) issues.push({ code: 'custom', path: [index], message: 'is listed twice', input: item })
  }
}

/** A mapping whose keys the writer of the file chooses. */
export function named<Item extends z.core.SomeType>(item: Item) {
  return z.record(name, item).readonly()
}

/** What a union of mappings says when none of them, or more than one, is meant. */
export function exactlyOneOf(...keys: readonly string[]): string {
  return `must have exactly one of: ${keys.join(', ')}`
}

/** What the reference calls a value that is written as text. */
export function shownAs(type: string): { readonly 'x-type': string } {
  return { 'x-type': type }
}

// Control characters have no place in anything that may end up in a header, a log line or a file name.
// Spelt out instead of \P{Cc}, since it ends up in the JSON Schema, whose readers need not know Unicode classes.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
export const PRINTABLE = /^[^\u0000-\u001f\u007f-\u009f]+$/
const MAX_TEXT_LENGTH = 1024

/** Names chosen in this file become metric labels and keys, so they are kept plain. */
export const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
    'must be 1 to 64 letters, digits, "_", "." or "-", and start with a letter or digit',
  )
  // a look-up of such a name in a plain object finds what every object inherits
  .refine((value) => !(value in Object.prototype), 'is a name that JavaScript objects have already')

/** Any text that is compared exactly, such as an issuer, an audience or a subject. */
export const text = z
  .string()
  .regex(PRINTABLE, 'must not be empty or contain control characters')
  .max(MAX_TEXT_LENGTH, `must not be longer than ${MAX_TEXT_LENGTH} characters`)

export const filePath = z.string().regex(PRINTABLE, 'must be the path of a file').meta(shownAs('path'))

/** Whether plain http will do is decided in rules/. */
export const webUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).meta(shownAs('URL'))

/** RFC 6749, section 3.3: no space, no quote, no backslash, since scopes are joined by spaces. */
export const scope = z
  .string()
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be a scope: printable ASCII without space, quote or backslash')

/** RFC 9110, section 5.6.2: what header names, cookie names and HTTP methods are made of. */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
