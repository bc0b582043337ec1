/**
 * What all calls have in common. Every call passes here, so it is one promise, one timer and no label looked up: the host
 * is to answer as fast as a gRPC server without it (test/bench/plugin-host.ts).
 */
import type { Logger } from '../contract.ts';
import { DpuError } from '../errors.ts';
import { hungError } from './deadline.ts';
import type { CallMetrics } from './metrics/call-metrics.ts';

/** The calls in flight: each is counted, logged where it fails, and ended by its deadline or the shutdown at the latest. */
export class Calls {
  /** Where calls are counted, if anywhere. */
  metrics: CallMetrics | undefined;
  readonly #logger: Logger;
  readonly #onHung: (error: DpuError) => void;
  /** Ends the calls in flight. */
  readonly #inFlight = new Set<() => void>();

  /** @param onHung called with the error when a call takes longer than its deadline. */
  constructor(logger: Logger, onHung: (error: DpuError) => void) {
    this.#logger = logger;
    this.#onHung = onHung;
  }

  /**
   * What `run` answers, of a method's path.
   *
   * @param deadlineMs Default: it may take as long as it wants.
   * @throws what `run` rejects with, DpuError DEADLINE_EXCEEDED when it takes longer (it goes on all the same), and
   *   UNAVAILABLE when it is cut off.
   */
  answer<T>(path: string, run: () => Promise<T>, deadlineMs?: number): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const ended = this.metrics?.started(path);
      let timer: NodeJS.Timeout | undefined;
      const isFirst = () => {
        clearTimeout(timer);
        return this.#inFlight.delete(cut);
      };
      const fail = (thrown: unknown) => {
        if (!isFirst()) return;
        const code = this.#logged(path, thrown);
        ended?.(code);
        reject(thrown);
      };
      const cut = () => fail(new DpuError('UNAVAILABLE', `${path} was cut off, the VSP shuts down; call again`));
      this.#inFlight.add(cut);
      if (deadlineMs !== undefined) {
        const hang = () => {
          const error = hungError(path, deadlineMs);
          fail(error);
          this.#onHung(error);
        };
        timer = setTimeout(hang, deadlineMs).unref();
      }
      begun(run).then((response) => {
        if (!isFirst()) return;
        ended?.('OK');
        resolve(response);
      }, fail);
    });
  }

  /** Answers all calls in flight with UNAVAILABLE. What they do goes on. */
  cutOff(): void {
    for (const cut of [...this.#inFlight]) cut();
  }

  /** Bugs, which arrive as INTERNAL, with their stack. Returns the code. */
  #logged(path: string, thrown: unknown): DpuError['code'] {
    const { code, message } = DpuError.from(thrown);
    if (code === 'INTERNAL') this.#logger.error({ err: thrown, method: path }, message);
    else this.#logger.warn({ code, method: path }, message);
    return code;
  }
}

/** A plugin in plain JavaScript may throw before it has a promise, or have none. */
function begun<T>(run: () => Promise<T>): Promise<T> {
  try {
    return Promise.resolve(run());
  } catch (error) {
    return Promise.reject(error);
  }
}
