/** Shows a liveness probe that the event loop and the thread pool of this process still turn. */
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface KeepAliveOptions {
  /** Milliseconds between touches. Default: 10,000; the probe of a VSP's pod wants a file that is not older than 30 s. */
  everyMs?: number;
  /** Default: the end of the process. */
  signal?: AbortSignal;
}

/**
 * Makes the file and touches it again and again. A touch takes no space on a full disk.
 *
 * @throws Error when the file cannot be made.
 */
export async function keepAlive(path: string, { everyMs = 10_000, signal }: KeepAliveOptions = {}): Promise<void> {
  await using file = await open(path, 'w', 0o600);
  while (!signal?.aborted) {
    const now = new Date();
    await file.utimes(now, now);
    await sleep(everyMs, undefined, { ref: false, ...(signal && { signal }) }).catch(() => {});
  }
}
