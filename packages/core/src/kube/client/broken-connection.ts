/** What is done where a connection to the API server breaks, as it does when the server or what is before it restarts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from './api-error.ts';

/** As client-go has it for reads. */
const mostAttempts = 10;
const pauseMs = 1000;

/** The usual one is a connection that was kept and that the server has closed: a new one works at once. */
const pauseAfter = (attempt: number): number => (attempt === 1 ? 0 : pauseMs);

export interface PersistOptions {
  signal?: AbortSignal | undefined;
  /** Called before each further attempt. */
  onBroken?: (error: ApiError) => void;
}

/**
 * Does again what may be done twice, as long as the connection breaks.
 *
 * @throws what the last attempt threw
 */
export async function persist<T>(work: () => Promise<T>, { signal, onBroken }: PersistOptions = {}): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === mostAttempts || !isBroken(error)) throw error;
      onBroken?.(error);
      await sleep(pauseAfter(attempt), undefined, { signal }).catch(() => {
        throw error;
      });
    }
  }
}

/** Whether the server has done what was asked is not known. One that cannot be reached, or is too slow, is another matter. */
function isBroken(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'EPIPE';
}
