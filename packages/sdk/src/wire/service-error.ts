import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { type DpuError, errorCodes } from '../errors.ts';

/** What a grpc-js handler's callback takes. */
export function toServiceError(error: DpuError): ServiceError {
  const { name, message } = error;
  return { name, message, details: message, code: errorCodes[error.code], metadata: new Metadata() };
}
