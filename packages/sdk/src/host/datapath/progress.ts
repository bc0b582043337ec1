/** How far the card is with each object: what the plugin has answered, what it reports later, what is down now. */
import type { Logger } from '../../contract/contract.ts';
import type { Outcome, ResourceStatus, Wanted } from '../../contract/data-path.ts';
import { Outcomes, statusOf } from './outcomes.ts';
import { type State, wantedOf } from './state.ts';

export interface ProgressOptions {
  /** Names of objects through which no frames pass now. */
  askDown: (wanted: Wanted) => Promise<ReadonlySet<string>>;
  /** Called with an object whose outcome has changed. */
  onProgress?: ((name: string) => void) | undefined;
  logger: Logger;
}

export class Progress {
  readonly #options: ProgressOptions;
  readonly #outcomes: Outcomes;
  /** Name -> the last call that told of it. A report of an earlier call is out of date. */
  readonly #told = new Map<string, number>();
  #down: { state: State; names: Promise<ReadonlySet<string>> } | undefined;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#outcomes = new Outcomes(options.onProgress);
  }

  of(name: string): Outcome {
    return this.#outcomes.of(name);
  }

  /**
   * Resolves when the object is no longer pending.
   *
   * @throws DpuError DEADLINE_EXCEEDED with what it waits for.
   */
  settled(name: string, timeoutMs: number): Promise<Outcome> {
    return this.#outcomes.settled(name, timeoutMs);
  }

  /** @param call The one that has told the plugin of the object; none where the plugin speaks of it unasked. */
  answered(name: string, outcome: Outcome, call?: number): void {
    if (call !== undefined) this.#told.set(name, call);
    this.#outcomes.set(name, outcome);
  }

  /** Later news, of a call that has answered. */
  reported(call: number, name: string, outcome: Outcome): void {
    if ((this.#told.get(name) ?? 0) > call) return;
    this.#outcomes.set(name, outcome);
    this.#options.logger.debug({ name, ...outcome }, 'reported');
  }

  /** The object is gone. */
  forget(name: string): void {
    this.#outcomes.forget(name);
    this.#told.delete(name);
  }

  /** What an answer tells of these objects. */
  async statuses(state: State, names: readonly string[]): Promise<Map<string, ResourceStatus>> {
    const down = await this.#downNow(state);
    return new Map(names.map((name) => [name, statusOf(this.#outcomes.of(name), down.has(name))]));
  }

  /** One question for all that ask at the same time. */
  #downNow(state: State): Promise<ReadonlySet<string>> {
    if (this.#down?.state !== state) {
      const names = this.#options.askDown(wantedOf(state));
      const asked = { state, names };
      this.#down = asked;
      const answered = () => {
        if (this.#down === asked) this.#down = undefined;
      };
      names.then(answered, answered);
    }
    return this.#down.names;
  }
}
