/**
 * The one error class of the SDK. Its code maps one to one to a gRPC status, so what a plugin throws is what the
 * caller of the VSP sees.
 */
import { cutText, longestMessage } from './cut-text.ts';

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

/** The codes of gRPC, but for OK. */
export type ErrorCode = keyof typeof errorCodes;

/**
 * An error with a code, fit to cross the wire. A message of more than 4,096 bytes is cut.
 *
 * @example throw new DpuError('NOT_FOUND', `bridge port ${name} does not exist`)
 */
export class DpuError extends Error {
  override readonly name = 'DpuError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(cutText(`${message}`, longestMessage), options);
    // A plugin in plain JavaScript may write anything: to the wire, a code that is none is UNKNOWN.
    this.code = Object.hasOwn(errorCodes, code) ? code : 'INTERNAL';
  }

  /**
   * Whatever was thrown, as a DpuError. Only a DpuError keeps its code: a `code` of something else, such as the exit of
   * a program or the status of a gRPC server that the plugin asked, means another thing and becomes INTERNAL.
   */
  static from(error: unknown): DpuError {
    if (error instanceof DpuError) return error;
    const { code, message } = isForeignCopy(error) ? error : { code: 'INTERNAL' as const, message: messageOf(error) };
    return new DpuError(code, message, { cause: error });
  }
}

/** Never throws, whatever was thrown: an object without a prototype has no text. */
function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.message}` : String(error);
  } catch {
    return 'something without a text was thrown';
  }
}

/** By its shape: a bundled plugin carries its own copy of the class. */
function isForeignCopy(error: unknown): error is { code: ErrorCode; message: string } {
  if (!(error instanceof Error) || error.name !== 'DpuError' || !('code' in error)) return false;
  return typeof error.code === 'string' && Object.hasOwn(errorCodes, error.code);
}
