/**
 * The one error class of the SDK. Its code maps one to one to a gRPC status, so what a plugin throws is what the
 * caller of the VSP sees.
 */

/** gRPC status codes a plugin may answer with (https://grpc.io/docs/guides/status-codes/). */
export const errorCodes = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type ErrorCode = keyof typeof errorCodes;

/**
 * An error with a code, fit to cross the wire.
 *
 * @example throw new DpuError('NOT_FOUND', `bridge port ${name} does not exist`)
 */
export class DpuError extends Error {
  override readonly name = 'DpuError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Whatever was thrown, as a DpuError: gRPC errors keep their code, anything else is INTERNAL with its cause. */
  static from(error: unknown): DpuError {
    if (isDpuError(error)) return error;
    const message = error instanceof Error ? error.message : String(error);
    const code = isGrpcError(error) ? codeOf(error.code) : 'INTERNAL';
    const text = isGrpcError(error) && error.details ? error.details : message;
    return new DpuError(code, text, { cause: error });
  }
}

function codeOf(status: number): ErrorCode {
  const found = Object.entries(errorCodes).find(([, value]) => value === status);
  return (found?.[0] as ErrorCode | undefined) ?? 'UNKNOWN';
}

/** By its shape: a bundled plugin carries its own copy of this class. */
function isDpuError(error: unknown): error is DpuError {
  if (error instanceof DpuError) return true;
  if (!(error instanceof Error) || error.name !== 'DpuError' || !('code' in error)) return false;
  return typeof error.code === 'string' && error.code in errorCodes;
}

function isGrpcError(error: unknown): error is { code: number; details?: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'number';
}
