/** Remembers, over restarts of the plugin, that hosts reach the outside by functions only. */
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** An empty file: that it is there is all it tells. */
export class ClosedMarker {
  readonly #path: string;

  constructor(stateDirectory: string) {
    this.#path = join(stateDirectory, 'closed');
  }

  /** @throws Error when it cannot be told: then nothing may be opened. */
  async isSet(): Promise<boolean> {
    try {
      await stat(this.#path);
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
      throw error;
    }
  }

  async set(): Promise<void> {
    await writeFile(this.#path, '', { mode: 0o600 });
  }

  async clear(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}
