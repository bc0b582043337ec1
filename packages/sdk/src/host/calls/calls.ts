/**
 * What all calls have in common. Every call passes here, so it is one promise, no timer of its own and no label looked up:
 * the host is to answer as fast as a gRPC server without it (test/bench/plugins/plugin-host.ts).
 */
import type { Logger } from '../../contract/contract.ts';
import { DpuError } from '../../errors.ts';
import type { CallMetrics, MethodTally } from '../metrics/call-metrics.ts';
import { hungError } from './deadline.ts';

interface Call {
  path: string;
  /** By performance.now(). */
  startedAt: number;
  tally: MethodTally | undefined;
  reject: (error: unknown) => void;
}

/** The calls in flight: each is counted, logged where it fails, and ended by its deadline or the shutdown at the latest. */
export class Calls {
  /** Where calls are counted, if anywhere. */
  metrics: CallMetrics | undefined;
  readonly #logger: Logger;
  readonly #deadlineMs: number;
  readonly #onHung: (error: DpuError) => void;
  /** Those that have a deadline: the same for all, so that the first that came is the first that is late. */
  readonly #timed = new Set<Call>();
  readonly #untimed = new Set<Call>();
  /** Set for the deadline of a call that was the first when it was set; it may be answered by then. */
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param deadlineMs that a call may take, where it is not one that takes as long as it wants
   * @param onHung called with the error when a call takes longer
   */
  constructor(logger: Logger, deadlineMs: number, onHung: (error: DpuError) => void) {
    this.#logger = logger;
    this.#deadlineMs = deadlineMs;
    this.#onHung = onHung;
  }

  /**
   * What `run` answers, of a method's path.
   *
   * @throws what `run` rejects with, DpuError DEADLINE_EXCEEDED when it takes longer (it goes on all the same), and
   *   UNAVAILABLE when it is cut off.
   */
  timed<T>(path: string, run: () => Promise<T>): Promise<T> {
    this.#timer ??= this.#wait(this.#deadlineMs);
    return this.#answer(this.#timed, path, run);
  }

  /** The same of a call that may take as long as it wants. */
  untimed<T>(path: string, run: () => Promise<T>): Promise<T> {
    return this.#answer(this.#untimed, path, run);
  }

  #answer<T>(calls: Set<Call>, path: string, run: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const call: Call = { path, startedAt: performance.now(), tally: this.metrics?.started(path), reject };
      calls.add(call);
      begun(run).then(
        (response) => {
          if (!calls.delete(call)) return;
          call.tally?.ended('OK', performance.now() - call.startedAt);
          resolve(response);
        },
        (error: unknown) => {
          if (calls.delete(call)) this.#fail(call, error);
        },
      );
    });
  }

  /** Answers all calls in flight with UNAVAILABLE. What they do goes on. */
  cutOff(): void {
    for (const calls of [this.#timed, this.#untimed]) {
      for (const call of [...calls]) {
        calls.delete(call);
        this.#fail(call, new DpuError('UNAVAILABLE', `${call.path} was cut off, the VSP shuts down; call again`));
      }
    }
  }

  #wait(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => this.#endLate(), milliseconds).unref();
  }

  /** One timer for all: it is set anew for the call that is the first then, and not without one. */
  #endLate(): void {
    this.#timer = undefined;
    for (const call of this.#timed) {
      const left = call.startedAt + this.#deadlineMs - performance.now();
      // Timers have whole milliseconds, and may be a part of one early.
      if (left >= 1) {
        this.#timer = this.#wait(left);
        return;
      }
      this.#timed.delete(call);
      const error = hungError(call.path, this.#deadlineMs);
      this.#fail(call, error);
      this.#onHung(error);
    }
  }

  #fail({ path, startedAt, tally, reject }: Call, thrown: unknown): void {
    const code = this.#logged(path, thrown);
    tally?.ended(code, performance.now() - startedAt);
    reject(thrown);
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
