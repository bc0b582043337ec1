import type { Logger } from 'pino';
import type { BackoffOptions } from '../../retry-backoff.ts';
import { ApiError, isConflict } from '../client/api-error.ts';
import { controllerMetrics } from '../process/metrics.ts';
import { WorkQueue } from './queue.ts';

/** Come again after a while although nothing went wrong. */
export interface Requeue {
  requeueAfterMs: number;
}

export interface ControllerOptions {
  /** Names it in the log and in metrics. */
  name: string;
  /**
   * Brings the world in line with the object of that key, which may be gone. It is told what to look at, never what
   * changed: one call after many changes must do. Never called twice at a time for one key.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a reconciler that ends without a word is the ordinary one
  reconcile: (key: string) => Promise<void | Requeue>;
  logger: Logger;
  /** Keys worked on at a time. Default: 2. */
  concurrency?: number;
  backoff?: BackoffOptions;
}

/** Calls a reconciler for keys, again after failures, each time waiting longer. */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #logger: Logger;
  readonly #queue: WorkQueue;
  /** The last failure of a key that the log has heard of. */
  readonly #reported = new Map<string, string>();

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#logger = options.logger.child({ controller: options.name });
    this.#queue = new WorkQueue({
      backoff: options.backoff ?? { initialMs: 200, maxMs: 120_000 },
      // controller-runtime's defaults for all keys together.
      retriesPerSecond: 10,
      burst: 100,
    });
    controllerMetrics.measureDepth(options.name, this.#queue);
  }

  /** Asks for a reconciliation soon; cheap, and many calls make one. */
  enqueue(key: string): void {
    this.#queue.add(key);
  }

  enqueueAfter(key: string, delayMs: number): void {
    this.#queue.addAfter(key, delayMs);
  }

  /** Whether nothing is left to do but what waits for its time. */
  get isIdle(): boolean {
    return this.#queue.depth === 0;
  }

  /** Works until `signal` is aborted, then waits for what is being worked on. */
  async start(signal: AbortSignal): Promise<void> {
    const stop = () => this.#queue.close();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    await Promise.all(Array.from({ length: this.#options.concurrency ?? 2 }, () => this.#work()));
  }

  async #work(): Promise<void> {
    while (true) {
      const key = await this.#queue.take();
      if (key === undefined) return;
      await this.#reconcile(key);
    }
  }

  async #reconcile(key: string): Promise<void> {
    const { name, reconcile } = this.#options;
    const endTimer = controllerMetrics.seconds.startTimer({ controller: name });
    try {
      const requeue = await reconcile(key);
      endTimer({ result: 'success' });
      this.#queue.done(key);
      if (requeue) this.#queue.addAfter(key, requeue.requeueAfterMs);
      if (this.#reported.delete(key)) this.#logger.info({ key }, 'reconciled after failures');
    } catch (error) {
      endTimer({ result: 'error' });
      controllerMetrics.retries.inc({ controller: name });
      const failures = this.#queue.failed(key, error instanceof ApiError ? error.retryAfterMs : 0);
      this.#report(key, error, failures);
    }
  }

  /** A conflict means that the cache was behind: the next try sees the change. It is news only when it stays. */
  #report(key: string, error: unknown, failures: number): void {
    const detail = error instanceof Error ? error.message : String(error);
    if ((isConflict(error) && failures < 5) || this.#reported.get(key) === detail) return;
    this.#reported.set(key, detail);
    this.#logger.error({ err: error, key, failures }, 'reconciliation failed, trying again');
  }
}
