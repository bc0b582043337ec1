/** Errors of gRPC calls: DpuError <-> what grpc-js takes and gives. */
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { DpuError, type ErrorCode, errorCodes } from '../../errors.ts';

/** What a grpc-js handler's callback takes, of whatever the handler threw. */
export function toServiceError(thrown: unknown): ServiceError {
  const { name, message, code } = DpuError.from(thrown);
  return { name, message, details: message, code: errorCodes[code], metadata: new Metadata() };
}

const codes = new Map(Object.entries(errorCodes).map(([name, status]) => [status as number, name as ErrorCode]));

/** What a grpc-js client's call failed with, by the code of the answer; UNKNOWN for a status that gRPC does not have. */
export function fromServiceError(error: Pick<ServiceError, 'code' | 'details'>): DpuError {
  return new DpuError(codes.get(error.code) ?? 'UNKNOWN', error.details, { cause: error });
}
