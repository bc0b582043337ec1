/** The plugin's files: which there are, what is in them, and when that changes. */
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { type FSWatcher, readdirSync, readFileSync, watch } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** Milliseconds without a further event until a change counts as complete: editors and compilers write several files. */
const quietMs = 150;
/** Directories that do not change what runs, and files that compilers keep their own notes in or people read. */
const otherDirectories = new Set(['coverage', 'docs', 'node_modules', 'test', 'tests']);
const otherFiles = /\.(tsbuildinfo|md|log)$/;

export class PluginFiles {
  readonly #directory: string;
  readonly #leaveOut = new Set<string>();
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #events = new EventEmitter<{ quiet: [] }>();
  #known: ReadonlyMap<string, string>;
  #timer: NodeJS.Timeout | undefined;
  /** Something was written since the files were last compared. */
  #touched = false;

  /** Watches as soon as it is made. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#known = this.#look();
  }

  /** @param name a directory that a build writes, relative to the plugin's; what was written there counts no more */
  leaveOut(name: string): void {
    this.#leaveOut.add(name);
    this.#known = new Map([...this.#known].filter(([file]) => file.split(sep)[0] !== name));
  }

  /**
   * Waits until a file has another content than when this was made, or this last returned.
   *
   * @returns names of those files; none when the signal came first
   */
  async changes(signal: AbortSignal): Promise<string[]> {
    while (!signal.aborted) {
      const changed = this.#touched ? this.#compare() : [];
      if (changed.length > 0) return changed;
      // Rejects when the signal comes.
      await once(this.#events, 'quiet', { signal }).catch(() => undefined);
    }
    return [];
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  #compare(): string[] {
    this.#touched = false;
    const before = this.#known;
    this.#known = this.#look();
    const names = new Set([...before.keys(), ...this.#known.keys()]);
    return [...names].filter((name) => before.get(name) !== this.#known.get(name)).sort();
  }

  #look(): Map<string, string> {
    const files = new Map<string, string>();
    const directories = new Set<string>();
    this.#walk(this.#directory, files, directories);
    for (const [path, watcher] of this.#watchers) {
      if (directories.has(path)) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
    return files;
  }

  #walk(directory: string, files: Map<string, string>, directories: Set<string>): void {
    directories.add(directory);
    // Watched before it is read: what comes in between is seen twice rather than not at all.
    this.#watch(directory);
    for (const entry of entriesOf(directory)) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) {
        if (!this.#isLeftOut(path)) this.#walk(path, files, directories);
      } else if (entry.isFile() && !otherFiles.test(entry.name)) {
        const content = contentOf(path);
        if (content !== undefined) files.set(relative(this.#directory, path), content);
      }
    }
  }

  #watch(directory: string): void {
    if (this.#watchers.has(directory)) return;
    const watcher = watch(directory, () => this.#soon());
    watcher.on('error', () => this.#soon());
    this.#watchers.set(directory, watcher);
  }

  #isLeftOut(path: string): boolean {
    const name = path.split(sep).at(-1) ?? '';
    return name.startsWith('.') || otherDirectories.has(name) || this.#leaveOut.has(relative(this.#directory, path));
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#touched = true;
      this.#events.emit('quiet');
    }, quietMs);
  }
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    // It was removed meanwhile, of which its parent's watch tells.
    return [];
  }
}

function contentOf(path: string): string | undefined {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return undefined;
  }
}
