/** A wait before something that failed is tried again: longer each time, and over at once when there is reason to try. */
import type { Clock } from '@dpu-operator/sdk';

/** Milliseconds. */
const shortest = 1_000;
const longest = 30_000;

/** Milliseconds before the attempt after this many that failed. */
export function pauseMs(failures: number): number {
  return Math.min(longest, shortest * 2 ** Math.max(0, failures - 1));
}

export class Pause {
  readonly #clock: Clock;
  #waiting = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param signal ends it too */
  async wait(failures: number, signal: AbortSignal): Promise<void> {
    this.#waiting = new AbortController();
    await this.#clock.sleep(pauseMs(failures), AbortSignal.any([signal, this.#waiting.signal])).catch(() => {});
  }

  end(): void {
    this.#waiting.abort();
  }
}
