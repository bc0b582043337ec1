/** Changes of a state, all that wait at a time: a hundred calls in flight set the switch once, not a hundred times. */
import type { Serial } from './platform.ts';

/** Works out the next state; answers the one it was given where there is nothing to do. */
export type Change<State> = (state: State) => State | Promise<State>;

export interface ChangesOptions<State, Result> {
  serial: Serial;
  state: () => State;
  /** Makes the machine match a state and takes it for granted; after an error both are as they were. */
  apply: (next: State) => Promise<Result>;
}

interface Waiting<State, Result> {
  change: Change<State>;
  resolve: (result: Result | undefined) => void;
  reject: (error: unknown) => void;
}

export class Changes<State, Result> {
  readonly #options: ChangesOptions<State, Result>;
  #waiting: Waiting<State, Result>[] = [];

  constructor(options: ChangesOptions<State, Result>) {
    this.#options = options;
  }

  /** Rejects with what `change` or `apply` throws. @returns what was applied, undefined where nothing had to be. */
  make(change: Change<State>): Promise<Result | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Result | undefined>();
    this.#waiting.push({ change, resolve, reject });
    void this.#options.serial.run(() => this.#takeAll());
    return promise;
  }

  async #takeAll(): Promise<void> {
    const taken = this.#waiting;
    this.#waiting = [];
    await this.#applyAll(taken);
  }

  async #applyAll(all: readonly Waiting<State, Result>[]): Promise<void> {
    const { state, apply } = this.#options;
    const accepted: Waiting<State, Result>[] = [];
    let next = state();
    for (const waiting of all) {
      try {
        next = await waiting.change(next);
        accepted.push(waiting);
      } catch (error) {
        waiting.reject(error);
      }
    }
    try {
      const result = next === state() ? undefined : await apply(next);
      for (const { resolve } of accepted) resolve(result);
    } catch (error) {
      if (accepted.length === 1) accepted[0]?.reject(error);
      // Which of them it was shows when each comes alone.
      else for (const waiting of accepted) await this.#applyAll([waiting]);
    }
  }
}
