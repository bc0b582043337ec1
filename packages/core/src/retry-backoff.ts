/** How long to wait until what failed is tried again. For calls, watches, records and connections alike. */
export interface BackoffOptions {
  initialMs: number;
  maxMs: number;
  /** Answers 0 to 1. Default: Math.random. */
  random?: () => number;
}

/**
 * Doubles from `initialMs` to `maxMs`. A random half of every delay is taken away, so that many clients of one
 * failed server do not come back at once.
 */
export function backoffDelay(failures: number, { initialMs, maxMs, random = Math.random }: BackoffOptions): number {
  // Beyond 2^30 the shift would overflow; maxMs is reached long before.
  const full = Math.min(maxMs, initialMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return Math.round(full * (0.5 + random() / 2));
}
