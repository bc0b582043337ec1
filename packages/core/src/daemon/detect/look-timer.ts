/** When to look for DPUs: soon after a change, and again while something is missing. */

/** Milliseconds in which the link events of one plugging are taken together. */
const quietMs = 500;
/** Milliseconds after the first event of a burst by which a look has begun, however long it goes on. */
const longestWaitMs = 2_000;

export class LookTimer {
  readonly #look: () => void;
  #burst: { timer: NodeJS.Timeout; latest: number } | undefined;
  #recheck: NodeJS.Timeout | undefined;

  constructor(look: () => void) {
    this.#look = look;
  }

  /** Something has changed; more may follow. */
  changed(): void {
    const latest = this.#burst?.latest ?? performance.now() + longestWaitMs;
    clearTimeout(this.#burst?.timer);
    const delay = Math.max(0, Math.min(quietMs, latest - performance.now()));
    const timer = setTimeout(() => {
      this.#burst = undefined;
      this.#look();
    }, delay);
    this.#burst = { timer: timer.unref(), latest };
  }

  /** Looks once more after so many milliseconds; undefined when there is no need. */
  lookIn(ms: number | undefined): void {
    clearTimeout(this.#recheck);
    this.#recheck = ms === undefined ? undefined : setTimeout(() => this.#look(), ms).unref();
  }

  close(): void {
    clearTimeout(this.#burst?.timer);
    clearTimeout(this.#recheck);
  }
}
