/** Files of a directory that somebody else takes away while this process counts on them. */
import { type FSWatcher, lstatSync, watch } from 'node:fs';
import { basename, join } from 'node:path';

export class LostFiles {
  readonly #directory: string;
  readonly #onLost: (name: string) => void;
  readonly #expected = new Set<string>();
  #watcher: FSWatcher | undefined;
  #closed = false;

  /** @param onLost called with the name of a file that is not there any more; to be expected it has to be told of again */
  constructor(directory: string, onLost: (name: string) => void) {
    this.#directory = directory;
    this.#onLost = onLost;
  }

  /** From now on the file should be there. The directory has to be. */
  expect(name: string): void {
    if (this.#closed) return;
    this.#expected.add(name);
    this.#watch();
  }

  /** The file is about to be taken away by this process. */
  release(name: string): void {
    this.#expected.delete(name);
  }

  close(): void {
    this.#closed = true;
    this.#expected.clear();
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #watch(): void {
    if (this.#watcher) return;
    try {
      const watcher = watch(this.#directory, { persistent: false }, (_event, name) => this.#changed(name));
      watcher.on('error', () => this.#unwatch());
      this.#watcher = watcher;
    } catch {
      // The next file that is written has it tried again.
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #changed(name: string | null): void {
    if (name !== null && this.#expected.has(name)) this.#look([name]);
    // inotify(7) tells of the directory's own end by its name.
    else if ((name === null || name === basename(this.#directory)) && !exists(this.#directory)) {
      this.#unwatch();
      this.#look([...this.#expected]);
    }
  }

  #look(names: readonly string[]): void {
    for (const name of names.filter((expected) => !exists(join(this.#directory, expected)))) {
      this.#expected.delete(name);
      this.#onLost(name);
    }
  }
}

/** What cannot be looked at is there. */
function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}
