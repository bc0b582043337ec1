/**
 * What this plugin has put onto the card, on disk before it is there: only that is taken out again. P4Runtime entries have
 * no owner, and not every server keeps the metadata that a controller gives them.
 */
import { join } from 'node:path';
import type { Placement, Placements } from '../interfaces/placement.ts';
import { StateFile } from '../state-file.ts';

/** The states that the card may be in, the latest last. More than one after a write that did not end. */
export type History = readonly Placements[];

export class Journal {
  readonly #file: StateFile;
  #history: History = [new Map()];

  /** @param directory of this DPU alone */
  constructor(directory: string) {
    this.#file = new StateFile(join(directory, 'placements.json'));
  }

  get history(): History {
    return this.#history;
  }

  /** @throws Error where there is a journal that cannot be read: what is ours is not known then. */
  async load(): Promise<void> {
    const states = (await this.#file.load()) as [string, Placement][][] | undefined;
    if (states) this.#history = states.map((state) => new Map(state));
  }

  /** The card is about to be brought to this state. */
  begin(state: Placements): Promise<void> {
    const others = this.#history.filter((one) => textOf(one) !== textOf(state));
    return this.#write([...others, state]);
  }

  /** The card is in this state. */
  end(state: Placements): Promise<void> {
    return this.#write([state]);
  }

  async #write(history: History): Promise<void> {
    this.#history = history;
    await this.#file.save(history.map((state) => [...state]));
  }
}

const textOf = (state: Placements): string => JSON.stringify([...state]);
