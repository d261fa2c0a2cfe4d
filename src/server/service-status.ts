// A refusal of the token service → a gRPC status with google.rpc.ErrorInfo in `grpc-status-details-bin` (AIP-193).
import { Metadata, type StatusObject } from '@grpc/grpc-js'
import { ErrorInfo } from '../gen/google/rpc/error_details.ts'
import { Status } from '../gen/google/rpc/status.ts'
import { type ServiceError, serviceErrors } from '../service-errors.ts'

const DOMAIN = 'postern'
const ERROR_INFO = 'type.googleapis.com/google.rpc.ErrorInfo'

export function statusOf({ reason, message }: ServiceError): StatusObject {
  const { code } = serviceErrors[reason]
  const info = ErrorInfo.encode({ reason, domain: DOMAIN, metadata: {} }).finish()
  const details = [{ typeUrl: ERROR_INFO, value: Buffer.from(info) }]
  const metadata = new Metadata()
  metadata.set('grpc-status-details-bin', Buffer.from(Status.encode({ code, message, details }).finish()))
  return { code, details: message, metadata }
}
