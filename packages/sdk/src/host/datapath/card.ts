/** Calls a plugin's data path: with a deadline, and with what the host knows of the card. */
import type { Logger } from '../../contract/contract.ts';
import type { Change, DataPath, Outcome, Wanted } from '../../contract/data-path.ts';
import { DpuError } from '../../errors.ts';
import { withDeadline } from '../calls/deadline.ts';
import { checkedOutcome } from './outcomes.ts';
import { type State, wantedOf } from './state.ts';

export interface CardOptions {
  dataPath: DataPath;
  /** Milliseconds that a call may take. */
  deadlineMs: number;
  /** Milliseconds that an apply may take longer for each change of it. */
  changeMs: number;
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
  /** By name; what is not here is up. Reports change it until it is {@link Applied.taken}. */
  outcomes: Map<string, Outcome>;
  /** From now on reports go to `onReport`. */
  taken(): void;
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
  async apply(state: State, changed: readonly Change[], complete: boolean): Promise<Applied> {
    const { dataPath, deadlineMs, changeMs, stopping, onReport, logger } = this.#options;
    const call = ++this.#calls;
    const outcomes = new Map<string, Outcome>();
    let isTaken = false;
    const taken = () => {
      isTaken = true;
    };
    const report = (name: string, outcome: Outcome) => {
      const checked = checkedOutcome(name, outcome);
      if (isTaken) onReport(call, name, checked);
      else outcomes.set(name, checked);
    };
    const controller = new AbortController();
    const abort = () => controller.abort(stopping.reason);
    if (stopping.aborted) abort();
    stopping.addEventListener('abort', abort);
    const timeoutMs = deadlineMs + changeMs * changed.length;
    const deadline = Date.now() + timeoutMs;
    const { signal } = controller;
    const answered = await this.#timed(`apply (objects: ${changed.length})`, timeoutMs, async () =>
      dataPath.apply(wantedOf(state), { changed, complete, signal, deadline, report }),
    ).finally(() => {
      stopping.removeEventListener('abort', abort);
      // A plugin that takes too long may still listen to its signal.
      if (this.#hung) controller.abort(this.#hung);
    });
    // Not by what the plugin was given: that may be changed by it.
    const isAsked = (name: string) => state.has(name) || changed.some((change) => change.name === name);
    for (const [name, outcome] of checkedAnswer(answered, isAsked)) {
      // What it has reported meanwhile is newer than its answer.
      if (!outcomes.has(name)) outcomes.set(name, checkedOutcome(name, outcome));
    }
    logger.debug({ call, changed: changed.length, complete }, 'applied');
    return { call, outcomes, taken };
  }

  /** Names of objects through which no frames pass now. */
  async down(wanted: Wanted): Promise<ReadonlySet<string>> {
    const { dataPath, deadlineMs } = this.#options;
    if (!dataPath.down) return new Set();
    const names = await this.#timed('down', deadlineMs, async () => dataPath.down?.(wanted) ?? []);
    // Its letters would pass for names.
    if (typeof names === 'string') throw new DpuError('INTERNAL', 'down must return names, not one text');
    return new Set(names);
  }

  #timed<T>(what: string, timeoutMs: number, run: () => Promise<T>): Promise<T> {
    if (this.#hung) return Promise.reject(this.#hung);
    return withDeadline(what, timeoutMs, run(), (error) => {
      this.#hung = error;
      this.#options.onHung(error);
    });
  }
}

/** @throws DpuError INTERNAL for what is no answer: a name that is none would pass for an object that is up. */
function checkedAnswer(
  answer: ReadonlyMap<string, Outcome> | undefined,
  isAsked: (name: string) => boolean,
): ReadonlyMap<string, Outcome> {
  if (answer === undefined) return new Map();
  if (!(answer instanceof Map))
    throw new DpuError('INTERNAL', 'apply must return a Map of outcomes by name, or nothing');
  for (const name of answer.keys()) {
    if (isAsked(name)) continue;
    throw new DpuError('INTERNAL', `the plugin's answer is wrong: there is no object ${name}`);
  }
  return answer;
}
