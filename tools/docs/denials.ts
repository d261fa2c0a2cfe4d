// docs/denials.md: every reason for a denial and the answer it gives, from the denial table.
import { status } from '@grpc/grpc-js'
import { denials } from '../../src/check/denials.ts'
import { code, generatedFrom, table } from './markdown.ts'

const introduction = `# Denials

Every denial has one reason. The reason is in Envoy's dynamic metadata, in the log and in the metrics; the client sees
the coarse answer below, unless \`expose_reasons\` is on.

- **400, 401, 403** are about the request and its caller. **503** is about us: something needed to decide could not be had.
- The answer is an HTTP status with \`WWW-Authenticate\` (RFC 6750) and the JSON body
  \`{"error": …, "error_description": …}\`; gRPC clients get the gRPC status.
- A policy may choose another HTTP status for a reason (\`deny_status\`), never a successful one.
- A denial without an \`error\` is a bare challenge: the request carried no credential, so there is nothing to say about it.`

export function denialsPage(): string {
  const rows = Object.entries(denials).map(([reason, { code: grpc, http, error, text }]) => [
    code(reason),
    status[grpc],
    String(http),
    error === undefined ? '' : code(error),
    text,
  ])
  const head = ['reason', 'gRPC', 'HTTP', '`error`', '`error_description`']
  return `${generatedFrom('src/check/denials.ts')}\n\n${introduction}\n\n${table(head, rows)}\n`
}
