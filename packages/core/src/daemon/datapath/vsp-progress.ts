/**
 * Follows with which bridge ports a VSP's card goes on. A VSP that cannot tell, as those for the Go operator, is asked now
 * and then while somebody waits.
 */
import type { DpuError } from '@dpu-operator/sdk';
import type { VspClient } from '@dpu-operator/sdk/client';
import type { Logger } from 'pino';
import { backoffDelay } from '../../retry-backoff.ts';
import { bridgePortId } from './items.ts';

export interface VspProgressOptions {
  client: Pick<VspClient, 'watchProgress'>;
  /** Called with a port that nobody follows. */
  onUnawaited: (name: string) => void;
  /** Called when the watch is there again after it broke: what was said meanwhile was missed. */
  onMissed: () => void;
  logger: Logger;
}

/** Until a watch that broke is opened again. */
const backoff = { initialMs: 500, maxMs: 30_000 };
/** Milliseconds that a watch must have lasted for the next one to be opened soon. */
const stableMs = 30_000;

export class VspProgress {
  readonly #options: VspProgressOptions;
  readonly #followed = new Map<string, Set<PortNews>>();
  #stop = () => {};
  #retry: NodeJS.Timeout | undefined;
  /** How often it broke in a row. */
  #failures = 0;
  /** By performance.now(). */
  #openedAt = 0;
  /** Whether it tells by itself. */
  #isServed = false;

  constructor(options: VspProgressOptions) {
    this.#options = options;
    this.#open();
  }

  /** What is said of a port from now on is kept until {@link PortNews.end}. */
  follow(name: string): PortNews {
    const id = bridgePortId(name);
    const followers = this.#followed.get(id) ?? new Set();
    const news = new PortNews({
      isTold: () => this.#isServed,
      onEnd: () => {
        followers.delete(news);
        if (followers.size === 0) this.#followed.delete(id);
      },
    });
    this.#followed.set(id, followers.add(news));
    return news;
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#stop();
  }

  #open(): void {
    this.#openedAt = performance.now();
    this.#stop = this.#options.client.watchProgress({
      onStart: () => this.#started(),
      onProgress: (names) => {
        for (const name of names) this.#deliver(name);
      },
      onEnd: (error) => this.#ended(error),
    });
  }

  #started(): void {
    this.#isServed = true;
    if (this.#failures === 0) return;
    this.#askAgain();
    this.#options.onMissed();
  }

  #deliver(name: string): void {
    const followers = this.#followed.get(bridgePortId(name));
    if (followers) for (const news of followers) news.heard();
    else if (name.startsWith('bridgePorts/')) this.#options.onUnawaited(name);
  }

  /** Those who wait ask for themselves until the watch is there again. */
  #ended(error: DpuError): void {
    this.#isServed = false;
    this.#askAgain();
    if (error.code === 'UNIMPLEMENTED') return;
    this.#options.logger.debug({ err: error }, 'the watch of the progress ended; it is opened again');
    const hasLasted = performance.now() - this.#openedAt >= stableMs;
    this.#failures = hasLasted ? 1 : this.#failures + 1;
    this.#retry = setTimeout(() => this.#open(), backoffDelay(this.#failures, backoff)).unref();
  }

  #askAgain(): void {
    for (const followers of this.#followed.values()) for (const news of followers) news.heard();
  }
}

/** Of one port, for one who waits. */
export class PortNews {
  readonly #options: { isTold: () => boolean; onEnd: () => void };
  #isHeard = false;
  #wake = () => {};

  constructor(options: { isTold: () => boolean; onEnd: () => void }) {
    this.#options = options;
  }

  heard(): void {
    this.#isHeard = true;
    this.#wake();
  }

  /**
   * Resolves when something was said since the last time, at once where it was said already.
   *
   * @param pauseMs milliseconds until it is worth asking where the VSP does not tell
   * @param leftMs milliseconds that are left
   */
  async next(pauseMs: number, leftMs: number): Promise<void> {
    if (!this.#isHeard) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, this.#options.isTold() ? leftMs : Math.min(pauseMs, leftMs));
      await promise;
      clearTimeout(timer);
    }
    this.#isHeard = false;
  }

  end(): void {
    this.#options.onEnd();
  }
}
