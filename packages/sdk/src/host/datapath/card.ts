/** Calls a plugin's data path: with a deadline, and with what the host knows of the card. */
import type { Logger } from '../../contract.ts';
import type { Change, DataPath, Outcome, Wanted } from '../../data-path.ts';
import type { DpuError } from '../../errors.ts';
import { withDeadline } from '../deadline.ts';
import { checkedOutcome } from './outcomes.ts';

export interface CardOptions {
  dataPath: DataPath;
  /** Milliseconds that an apply may take. */
  deadlineMs: number;
  /** Aborted on SIGTERM. */
  stopping: AbortSignal;
  /** Called when a call takes longer than the deadline. */
  onHung: (error: DpuError) => void;
  /** Called with what a plugin reports of a call that has answered. */
  onReport: (call: number, name: string, outcome: Outcome) => void;
  logger: Logger;
}

export interface Applied {
  /** Number of the call, for its reports. */
  call: number;
  /** By name; what is not here is up. */
  outcomes: Map<string, Outcome>;
}

export class Card {
  readonly #options: CardOptions;
  #calls = 0;
  #hung: DpuError | undefined;

  constructor(options: CardOptions) {
    this.#options = options;
  }

  /** Whether a call took too long: a new process is the only help. */
  get isHung(): boolean {
    return this.#hung !== undefined;
  }

  /** @throws DpuError what the plugin throws, DEADLINE_EXCEEDED; after that no call is made any more. */
  async apply(wanted: Wanted, changed: readonly Change[], complete: boolean): Promise<Applied> {
    const { dataPath, deadlineMs, stopping, onReport, logger } = this.#options;
    const call = ++this.#calls;
    const outcomes = new Map<string, Outcome>();
    let isAnswered = false;
    const report = (name: string, outcome: Outcome) => {
      const checked = checkedOutcome(name, outcome);
      if (isAnswered) onReport(call, name, checked);
      else outcomes.set(name, checked);
    };
    const controller = new AbortController();
    const abort = () => controller.abort(stopping.reason);
    if (stopping.aborted) abort();
    stopping.addEventListener('abort', abort);
    const deadline = Date.now() + deadlineMs;
    const { signal } = controller;
    const answered = await this.#timed('apply', async () =>
      dataPath.apply(wanted, { changed, complete, signal, deadline, report }),
    ).finally(() => {
      isAnswered = true;
      stopping.removeEventListener('abort', abort);
      // A plugin that takes too long may still listen to its signal.
      if (this.#hung) controller.abort(this.#hung);
    });
    for (const [name, outcome] of answered ?? []) {
      // What it has reported meanwhile is newer than its answer.
      if (!outcomes.has(name)) outcomes.set(name, checkedOutcome(name, outcome));
    }
    logger.debug({ call, changed: changed.length, complete }, 'applied');
    return { call, outcomes };
  }

  /** Names of objects through which no frames pass now. */
  async down(wanted: Wanted): Promise<ReadonlySet<string>> {
    const { dataPath } = this.#options;
    if (!dataPath.down) return new Set();
    return new Set(await this.#timed('down', async () => dataPath.down?.(wanted) ?? []));
  }

  #timed<T>(what: string, run: () => Promise<T>): Promise<T> {
    if (this.#hung) return Promise.reject(this.#hung);
    const { deadlineMs, onHung } = this.#options;
    return withDeadline(what, deadlineMs, run(), (error) => {
      this.#hung = error;
      onHung(error);
    });
  }
}
