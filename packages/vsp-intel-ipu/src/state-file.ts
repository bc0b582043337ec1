/** A file of the state directory, which is there as a whole or not at all, whenever the process ends. */
import { open, readFile, rename } from 'node:fs/promises';

export class StateFile {
  readonly #path: string;
  /** What it holds; undefined where there is none. */
  #text: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * @returns its JSON; undefined where there is no such file
   * @throws Error where there is one that cannot be read
   */
  async load(): Promise<unknown> {
    this.#text = await readFile(this.#path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (this.#text === undefined) return undefined;
    try {
      return JSON.parse(this.#text);
    } catch (error) {
      throw new Error(`${this.#path} cannot be read, and says what of the card is ours`, { cause: error });
    }
  }

  /** On disk when this returns. */
  async save(content: unknown): Promise<void> {
    const text = JSON.stringify(content);
    if (text === this.#text) return;
    const file = await open(`${this.#path}.new`, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${this.#path}.new`, this.#path);
    this.#text = text;
  }
}
