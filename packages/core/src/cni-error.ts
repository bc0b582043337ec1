/** Errors as CNI speaks them: a number, a text and details (https://www.cni.dev/docs/spec/#error). */
import { DpuError } from '@dpu-operator/sdk';

/** Below 100: reserved by the specification. From 100 on: ours. */
export const cniCodes = {
  unknownContainer: 3,
  invalidEnvironment: 4,
  decodingFailure: 6,
  invalidConfig: 7,
  tryAgainLater: 11,
  notAvailable: 50,
  deviceUnknown: 100,
  deviceInUse: 101,
  deviceUnusable: 102,
  checkFailed: 103,
  internal: 999,
} as const;

export class CniError extends Error {
  override readonly name = 'CniError';
  readonly code: number;
  readonly details: string | undefined;

  constructor(code: number, message: string, options: ErrorOptions & { details?: string } = {}) {
    super(message, options);
    this.code = code;
    this.details = options.details;
  }

  /** Whatever was thrown. A VSP or peer that is out of reach becomes "try again later": the kubelet then does. */
  static from(error: unknown): CniError {
    if (error instanceof CniError) return error;
    const { code, message } = DpuError.from(error);
    const later = code === 'UNAVAILABLE' || code === 'DEADLINE_EXCEEDED';
    return new CniError(later ? cniCodes.tryAgainLater : cniCodes.internal, message, { cause: error });
  }
}
