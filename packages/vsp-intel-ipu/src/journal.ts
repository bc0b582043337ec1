/**
 * What this plugin has put onto the card, on disk before it is there: only that is taken out again. P4Runtime entries have
 * no owner, and not every server keeps the metadata that a controller gives them.
 */
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Placement, Placements } from './placement.ts';

/** The states that the card may be in, the latest last. More than one after a write that did not end. */
export type History = readonly Placements[];

export class Journal {
  readonly #file: string;
  #history: History = [new Map()];
  #written = '';

  /** @param directory of this DPU alone */
  constructor(directory: string) {
    this.#file = join(directory, 'placements.json');
  }

  get history(): History {
    return this.#history;
  }

  /** @throws Error where there is a journal that cannot be read: what is ours is not known then. */
  async load(): Promise<void> {
    const text = await readFile(this.#file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return;
    const states = parse(text, this.#file);
    this.#history = states.map((state) => new Map(state));
    this.#written = text;
  }

  /** The card is about to be brought to this state. */
  begin(state: Placements): Promise<void> {
    const others = this.#history.filter((one) => textOf([one]) !== textOf([state]));
    return this.#write([...others, state]);
  }

  /** The card is in this state. */
  end(state: Placements): Promise<void> {
    return this.#write([state]);
  }

  async #write(history: History): Promise<void> {
    const text = textOf(history);
    this.#history = history;
    if (text === this.#written) return;
    const file = await open(`${this.#file}.new`, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${this.#file}.new`, this.#file);
    this.#written = text;
  }
}

function parse(text: string, file: string): [string, Placement][][] {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} cannot be read, and says what of the card is ours`, { cause: error });
  }
}

const textOf = (history: History): string => JSON.stringify(history.map((state) => [...state]));
