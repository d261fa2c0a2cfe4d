// Claim conditions, as policies and task rules use them: a path into the claims and what has to be found there.
import { z } from 'zod'
import { section, shownAs, someOf, text } from './values.ts'

const PATH_MESSAGE = 'must be claim names joined by dots, such as context.user.is_admin'

const claim = text
  .regex(/^[^.]+(\.[^.]+)*$/, PATH_MESSAGE)
  .refine((path) => !path.split('.').includes('__proto__'), PATH_MESSAGE)
  .describe('Path into the claims: names joined by dots')

const value = z
  .union([z.string(), z.number(), z.boolean()], 'must be a text, a number, true or false')
  .meta(shownAs('text, number, true or false'))

export const claimCondition = z.union(
  [
    section({ claim, equals: value.describe('The claim is exactly this') }),
    section({ claim, one_of: someOf(value).describe('The claim is one of these') }),
    section({ claim, contains: value.describe('The claim is a list that contains this') }),
  ],
  'must have claim and exactly one of: equals, one_of, contains',
)

export type ClaimCondition = z.output<typeof claimCondition>
