/** An error in the shape that the CNI specification gives it. */
export class CniError extends Error {
  readonly code: number;
  readonly details: string;

  constructor(code: number, message: string, details = '') {
    super(message);
    this.name = 'CniError';
    this.code = code;
    this.details = details;
  }

  static from(error: unknown): CniError {
    if (error instanceof CniError) return error;
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    return new CniError(codes.internal, message, stack);
  }

  toJson(cniVersion: string): string {
    return JSON.stringify({ cniVersion, code: this.code, msg: this.message, details: this.details });
  }
}

/** Below 100 the specification's own codes, from 100 on the plugin's. */
export const codes = {
  invalidEnvironment: 4,
  decodingFailure: 6,
  invalidConfig: 7,
  tryLater: 11,
  notReady: 50,
  internal: 999,
} as const;
