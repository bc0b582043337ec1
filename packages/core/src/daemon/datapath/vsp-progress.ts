/**
 * Follows with which bridge ports a VSP's card goes on. A VSP that cannot tell, as those for the Go operator, is asked now
 * and then while somebody waits.
 */
import type { DpuError } from '@dpu-operator/sdk';
import type { VspClient } from '@dpu-operator/sdk/client';
import type { Logger } from 'pino';
import { bridgePortId } from './items.ts';

export interface VspProgressOptions {
  client: Pick<VspClient, 'watchProgress'>;
  /** Called with a port that nobody follows. */
  onUnawaited: (name: string) => void;
  logger: Logger;
}

export class VspProgress {
  readonly #options: VspProgressOptions;
  readonly #followed = new Map<string, Set<PortNews>>();
  readonly #stop: () => void;
  /** Whether it tells by itself. */
  #isServed = false;

  constructor(options: VspProgressOptions) {
    this.#options = options;
    this.#stop = options.client.watchProgress({
      onStart: () => {
        this.#isServed = true;
      },
      onProgress: (names) => {
        for (const name of names) this.#tell(name);
      },
      onEnd: (error) => this.#ended(error),
    });
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
    this.#stop();
  }

  #tell(name: string): void {
    const followers = this.#followed.get(bridgePortId(name));
    if (followers) for (const news of followers) news.heard();
    else if (name.startsWith('bridgePorts/')) this.#options.onUnawaited(name);
  }

  /** Those who wait ask for themselves from now on. */
  #ended(error: DpuError): void {
    this.#isServed = false;
    if (error.code !== 'UNIMPLEMENTED') this.#options.logger.debug({ err: error }, 'the watch of the progress ended');
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
