/** How often something may be written: some at once, after that one in every interval. */
export interface WriteLimitOptions {
  atOnce: number;
  intervalMs: number;
  /** Milliseconds from any point in time, never going back. Default: the monotonic clock. */
  now?: () => number;
}

export class WriteLimit {
  readonly #options: WriteLimitOptions;
  readonly #now: () => number;
  #left: number;
  #since: number;

  constructor(options: WriteLimitOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#left = options.atOnce;
    this.#since = this.#now();
  }

  /** Takes one. @returns 0, or the milliseconds until there is one to take */
  take(): number {
    const { atOnce, intervalMs } = this.#options;
    const now = this.#now();
    const earned = Math.floor((now - this.#since) / intervalMs);
    this.#left = Math.min(atOnce, this.#left + earned);
    // What goes beyond a full store is not saved up.
    this.#since = this.#left === atOnce ? now : this.#since + earned * intervalMs;
    if (this.#left === 0) return this.#since + intervalMs - now;
    this.#left -= 1;
    return 0;
  }
}
