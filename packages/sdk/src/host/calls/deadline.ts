/** How long a plugin may take, and what comes of one that takes longer. */
import { DpuError } from '../../errors.ts';

/** Twice what the contract allows (LC-1): a plugin that takes longer does not answer any more. */
export const defaultDeadlineMs = 60_000;

/**
 * @param what names the work in the error, e.g. a method's path.
 * @param onHung called with the error when `work` takes longer.
 * @throws DpuError DEADLINE_EXCEEDED when `work` takes longer; it goes on all the same.
 */
export function withDeadline<T>(
  what: string,
  deadlineMs: number,
  work: Promise<T>,
  onHung: (error: DpuError) => void = () => {},
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = hungError(what, deadlineMs);
      reject(error);
      onHung(error);
    }, deadlineMs);
    timer.unref();
    const end = () => clearTimeout(timer);
    work.then(end, end);
    work.then(resolve, reject);
  });
}

export function hungError(what: string, deadlineMs: number): DpuError {
  return new DpuError('DEADLINE_EXCEEDED', `the plugin has not answered ${what} within ${deadlineMs / 1000} s`);
}
