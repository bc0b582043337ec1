/** When to look for DPUs: soon after a change, and again while something is missing. */

/** Milliseconds in which the link events of one plugging are taken together. */
const settleMs = 500;
/** Milliseconds after the first event of a burst by which a look has begun, however long it goes on. */
const longestWaitMs = 2_000;

export class LookTimer {
  readonly #look: () => void;
  #settling: { timer: NodeJS.Timeout; latest: number } | undefined;
  #recheck: NodeJS.Timeout | undefined;

  constructor(look: () => void) {
    this.#look = look;
  }

  /** Something has changed; more may follow. */
  changed(): void {
    const latest = this.#settling?.latest ?? performance.now() + longestWaitMs;
    clearTimeout(this.#settling?.timer);
    const delay = Math.max(0, Math.min(settleMs, latest - performance.now()));
    const timer = setTimeout(() => {
      this.#settling = undefined;
      this.#look();
    }, delay);
    this.#settling = { timer: timer.unref(), latest };
  }

  /** Looks once more after so many milliseconds; undefined when there is no need. */
  lookIn(ms: number | undefined): void {
    clearTimeout(this.#recheck);
    this.#recheck = ms === undefined ? undefined : setTimeout(() => this.#look(), ms).unref();
  }

  close(): void {
    clearTimeout(this.#settling?.timer);
    clearTimeout(this.#recheck);
  }
}
