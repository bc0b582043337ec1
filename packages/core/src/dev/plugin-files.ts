/** The plugin's files: which there are, what is in them, and when that changes. */
import { createHash } from 'node:crypto';
import { type FSWatcher, readdirSync, readFileSync, watch } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** Milliseconds without a further event until a change counts as complete: editors and compilers write several files. */
const quietMs = 150;
/** Directories that do not change what runs, and files that compilers keep their own notes in or people read. */
const otherDirectories = new Set(['coverage', 'docs', 'node_modules', 'test', 'tests']);
const otherFiles = /\.(tsbuildinfo|md|log)$/;

export class PluginFiles {
  readonly #directory: string;
  readonly #leaveOut: ReadonlySet<string>;
  readonly #onChange: (files: string[]) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #known: ReadonlyMap<string, string>;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param leaveOut directories, relative to the plugin's, that a build writes
   * @param onChange told of the files whose content is another
   */
  constructor(directory: string, leaveOut: readonly string[], onChange: (files: string[]) => void) {
    this.#directory = directory;
    this.#leaveOut = new Set(leaveOut);
    this.#onChange = onChange;
    this.#known = this.#look();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
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
      const before = this.#known;
      const now = this.#look();
      this.#known = now;
      const names = new Set([...before.keys(), ...now.keys()]);
      const changed = [...names].filter((name) => before.get(name) !== now.get(name)).sort();
      if (changed.length > 0) this.#onChange(changed);
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
