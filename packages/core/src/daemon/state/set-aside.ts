/**
 * Files that should hold a record and do not. They are kept, apart from the records, until a person deletes them or a
 * daemon can read them: what they said may still be in use.
 */
import { type FSWatcher, lstatSync, mkdirSync, readdirSync, renameSync, watch } from 'node:fs';
import { basename, join } from 'node:path';

export interface UnreadableRecord {
  path: string;
  reason: string;
}

export const describeUnreadable = ({ path, reason }: UnreadableRecord): string => `${path} (${reason})`;

export class SetAside {
  readonly #directory: string;
  readonly #onChange: () => void;
  #files: UnreadableRecord[] = [];
  #watcher: FSWatcher | undefined;

  /** @param onChange called when a person has deleted one */
  constructor(directory: string, onChange: () => void) {
    this.#directory = directory;
    this.#onChange = onChange;
  }

  /** Those of earlier daemons. */
  paths(): string[] {
    try {
      return readdirSync(this.#directory).map((name) => join(this.#directory, name));
    } catch {
      return [];
    }
  }

  /** Moves a file here; where it cannot be moved, it is listed where it is. Answers where that is. */
  add(path: string, reason: string): string {
    const place = path.startsWith(`${this.#directory}/`) ? path : this.#freePlace(basename(path));
    let kept = place;
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      if (place !== path) renameSync(path, place);
    } catch {
      kept = path;
    }
    this.#files.push({ path: kept, reason });
    this.#watch();
    return kept;
  }

  list(): readonly UnreadableRecord[] {
    this.#files = this.#files.filter(({ path }) => exists(path));
    return this.#files;
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #freePlace(name: string): string {
    const taken = new Set(this.paths().map((path) => basename(path)));
    const names = [name, ...Array.from(taken, (_, index) => `${name}.${index + 1}`)];
    return join(this.#directory, names.find((free) => !taken.has(free)) ?? name);
  }

  #watch(): void {
    if (this.#watcher) return;
    try {
      this.#watcher = watch(this.#directory, { persistent: false }, () => this.#look());
      this.#watcher.on('error', () => this.close());
    } catch {
      // Nothing could be moved here; the list is still looked through whenever somebody asks.
    }
  }

  #look(): void {
    const before = this.#files.length;
    const { length } = this.list();
    if (length === 0) this.close();
    if (length !== before) this.#onChange();
  }
}

/** A file that cannot be looked at is there. */
function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}
