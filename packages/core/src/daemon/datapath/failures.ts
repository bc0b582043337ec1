/** What a target could not be brought to, and when it is tried again: later each time. */
import { backoffDelay } from '../../retry-backoff.ts';

const backoff = { initialMs: 500, maxMs: 30_000 };
/** Milliseconds after which what works again has no history: a card that loses a port now and then is not asked at once each time. */
const forgetMs = 60_000;

interface Failure {
  times: number;
  message: string;
  /** By performance.now(). */
  retryAt: number;
  /** It works again, since then. */
  overSince?: number;
}

export class Failures {
  readonly #all = new Map<string, Failure>();

  /** Keys of what does not work. */
  keys(): ReadonlySet<string> {
    return new Set(this.#present().map(([key]) => key));
  }

  /** Those of them that are not tried again yet. */
  backingOff(now: number): ReadonlySet<string> {
    return new Set(
      this.#present()
        .filter(([, { retryAt }]) => retryAt > now)
        .map(([key]) => key),
    );
  }

  /** Why it does not work; undefined where it does. */
  message(key: string): string | undefined {
    const failure = this.#all.get(key);
    return failure?.overSince === undefined ? failure?.message : undefined;
  }

  /**
   * It has failed. @param isAwaited Somebody waits for it: it is tried again soon, however often it failed.
   *
   * @returns whether it had not failed before, or with other words
   */
  add(key: string, message: string, isAwaited: boolean): boolean {
    const now = performance.now();
    const isNews = this.message(key) !== message;
    const last = this.#all.get(key);
    const isForgotten = last?.overSince !== undefined && now - last.overSince > forgetMs;
    const times = last && !isForgotten ? last.times + 1 : 1;
    this.#all.set(key, { times, message, retryAt: now + backoffDelay(isAwaited ? 1 : times, backoff) });
    return isNews;
  }

  /** It works. */
  over(key: string): void {
    const failure = this.#all.get(key);
    if (failure) failure.overSince ??= performance.now();
  }

  retryNow(key: string): void {
    const failure = this.#all.get(key);
    if (failure) failure.retryAt = 0;
  }

  retryAllNow(): void {
    for (const failure of this.#all.values()) failure.retryAt = 0;
  }

  /** When the next of them is tried again, of those that are not now. By performance.now(). */
  nextRetry(now: number): number | undefined {
    const times = this.#present().flatMap(([, { retryAt }]) => (retryAt > now ? retryAt : []));
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  #present(): [string, Failure][] {
    return [...this.#all].filter(([, { overSince }]) => overSince === undefined);
  }
}
