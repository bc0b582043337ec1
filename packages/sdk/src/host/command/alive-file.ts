/** Shows a liveness probe that the event loop and the thread pool of this process still turn. */
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** The probe of a VSP's pod wants a file that is not older than 30 s. */
const everyMs = 10_000;

/**
 * Makes the file and touches it again and again until the process ends. A touch takes no space on a full disk.
 *
 * @throws Error when the file cannot be made.
 */
export async function keepAlive(path: string): Promise<never> {
  const file = await open(path, 'w', 0o600);
  while (true) {
    const now = new Date();
    await file.utimes(now, now);
    await sleep(everyMs, undefined, { ref: false });
  }
}
