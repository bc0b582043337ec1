import { type BackoffOptions, backoffDelay } from '../../retry-backoff.ts';
import { timerMs } from '../../timer.ts';

export interface QueueOptions {
  backoff: BackoffOptions;
  /** Retries of all keys together, per second in the long run and at once after a pause. What is new does not wait. */
  retriesPerSecond: number;
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
  /** Of performance.now(): when the bucket of retries is full again. */
  #retriesFullAt = 0;
  #closed = false;

  constructor(options: QueueOptions) {
    this.#options = options;
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
    const ms = timerMs(delayMs);
    const due = performance.now() + ms;
    const planned = this.#timers.get(key);
    if (planned && planned.due <= due) return;
    this.#clearTimer(key);
    this.#timers.set(key, { due, timer: setTimeout(() => this.add(key), ms) });
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
    const pauseMs = Math.max(atLeastMs, backoffDelay(failures, this.#options.backoff));
    if (!changed) this.addAfter(key, Math.max(pauseMs, this.#retryTurnMs()));
    return failures;
  }

  close(): void {
    this.#closed = true;
    for (const key of [...this.#timers.keys()]) this.#clearTimer(key);
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #finish(key: string): void {
    this.#working.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  #serve(): void {
    while (this.#ready.length > 0) {
      const taker = this.#takers.shift();
      const key = taker && this.#ready.shift();
      if (!taker || key === undefined) return;
      this.#waiting.delete(key);
      this.#working.add(key);
      taker(key);
    }
  }

  /** Takes a retry out of the bucket. @returns milliseconds until it is there */
  #retryTurnMs(): number {
    const { retriesPerSecond, burst } = this.#options;
    const eachMs = 1000 / retriesPerSecond;
    const now = performance.now();
    this.#retriesFullAt = Math.max(now, this.#retriesFullAt) + eachMs;
    return Math.max(0, this.#retriesFullAt - now - burst * eachMs);
  }

  #clearTimer(key: string): void {
    const planned = this.#timers.get(key);
    if (planned) clearTimeout(planned.timer);
    this.#timers.delete(key);
  }
}
