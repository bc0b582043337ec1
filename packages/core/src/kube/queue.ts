import { type BackoffOptions, backoffDelay } from './backoff.ts';

export interface QueueOptions {
  backoff: BackoffOptions;
  /** Keys handed out per second in the long run, and at once after a pause: a token bucket over all keys. */
  ratePerSecond: number;
  burst: number;
}

/**
 * Keys that wait for their turn. A key waits at most once; one that is added while it is being worked on waits until
 * that is done, so that nobody works on one key twice at a time.
 */
export class WorkQueue {
  readonly #options: QueueOptions;
  readonly #ready: string[] = [];
  readonly #waiting = new Set<string>();
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  readonly #timers = new Map<string, { timer: NodeJS.Timeout; due: number }>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #tokens: number;
  #refilled = performance.now();
  #refillTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#tokens = options.burst;
  }

  /** Keys ready or being worked on; not those whose time has not come. */
  get depth(): number {
    return this.#ready.length + this.#working.size;
  }

  add(key: string): void {
    if (this.#closed) return;
    this.#clearTimer(key);
    if (this.#working.has(key)) this.#again.add(key);
    else if (!this.#waiting.has(key)) {
      this.#waiting.add(key);
      this.#ready.push(key);
      this.#serve();
    }
  }

  /** Adds a key later; the earliest of several times holds. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return;
    const due = performance.now() + delayMs;
    const planned = this.#timers.get(key);
    if (planned && planned.due <= due) return;
    this.#clearTimer(key);
    this.#timers.set(key, { due, timer: setTimeout(() => this.add(key), delayMs) });
  }

  /** The next key, or undefined once the queue is closed. Call done() or failed() for it afterwards. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#takers.push(resolve);
      this.#serve();
    });
  }

  done(key: string): void {
    this.#failures.delete(key);
    this.#finish(key);
  }

  /** Plans the next try of a key, not before `atLeastMs`, and answers how many failures in a row it has had. */
  failed(key: string, atLeastMs = 0): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const changed = this.#again.has(key);
    this.#finish(key);
    if (!changed) this.addAfter(key, Math.max(atLeastMs, backoffDelay(failures, this.#options.backoff)));
    return failures;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#refillTimer);
    for (const key of [...this.#timers.keys()]) this.#clearTimer(key);
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #finish(key: string): void {
    this.#working.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  #serve(): void {
    this.#refill();
    while (this.#tokens >= 1) {
      const taker = this.#ready.length > 0 ? this.#takers.shift() : undefined;
      const key = taker && this.#ready.shift();
      if (!taker || key === undefined) return;
      this.#tokens--;
      this.#waiting.delete(key);
      this.#working.add(key);
      taker(key);
    }
    if (this.#ready.length > 0 && this.#takers.length > 0) this.#serveWhenRefilled();
  }

  #refill(): void {
    const now = performance.now();
    const gained = ((now - this.#refilled) / 1000) * this.#options.ratePerSecond;
    this.#tokens = Math.min(this.#options.burst, this.#tokens + gained);
    this.#refilled = now;
  }

  #serveWhenRefilled(): void {
    if (this.#refillTimer) return;
    this.#refillTimer = setTimeout(
      () => {
        this.#refillTimer = undefined;
        this.#serve();
      },
      Math.ceil(((1 - this.#tokens) / this.#options.ratePerSecond) * 1000),
    );
  }

  #clearTimer(key: string): void {
    const planned = this.#timers.get(key);
    if (planned) clearTimeout(planned.timer);
    this.#timers.delete(key);
  }
}
