// One way to write a header into an answer. Versions of Envoy differ in which field they obey, so both say overwrite.
import {
  HeaderValueOption_HeaderAppendAction as HeaderAppendAction,
  type HeaderValueOption,
} from '../gen/envoy/config/core/v3/base.ts'

const noBytes = Buffer.alloc(0)

/** In `value`, never `raw_value`: Envoy reads the latter as an empty header here. */
export function overwrite(name: string, value: string): HeaderValueOption {
  return {
    header: { key: name, value, rawValue: noBytes },
    append: false,
    appendAction: HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    keepEmptyValue: false,
  }
}
