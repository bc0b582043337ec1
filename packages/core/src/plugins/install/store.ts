/**
 * The plugins on a node: a directory for each release, and one file for each DPU that says which of them it uses. Only
 * what Node itself brings is imported: a release that is there already must not wait for more.
 */
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { packageIn } from './directory.ts';

/** What was in use last stays beside what is in use, so that removed back to it needs no network. */
const unusedKept = 3;

/** Milliseconds after which what an installer left behind cannot be in work any more. */
const abandonedMs = 3_600_000;

const workPrefix = '.new-';
const removedPrefix = '.gone-';

export class PluginStore {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Says that a DPU uses a release from now on, and no other. */
  async claim(user: string, directory: string): Promise<void> {
    const file = join(this.#users, encodeURIComponent(user));
    await mkdir(this.#users, { recursive: true });
    const written = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
    await writeFile(written, basename(directory));
    await rename(written, file);
  }

  /** Whether a release is there, whole; it counts as used now. */
  async has(directory: string, packageName: string): Promise<boolean> {
    try {
      await access(join(packageIn(directory, packageName), 'package.json'));
      await utimes(directory, new Date(), new Date());
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  /** A directory to install into, on the same file system. */
  async workDirectory(): Promise<string> {
    return await mkdtemp(join(this.root, workPrefix));
  }

  /** Puts a finished directory in its place in one step. @returns false when another installer was faster. */
  async put(finished: string, directory: string): Promise<boolean> {
    try {
      await rename(finished, directory);
      return true;
    } catch (error) {
      if (!isTaken(error)) throw error;
      await rm(finished, { recursive: true, force: true });
      return false;
    }
  }

  /**
   * Removes releases that no DPU uses, but for the last few, and what broken installations left.
   *
   * @returns the names of the releases that are gone.
   */
  async prune(): Promise<string[]> {
    const used = await this.#used();
    const entries = await Promise.all(
      (await readdir(this.root, { withFileTypes: true }))
        .filter((entry) => entry.isDirectory() && join(this.root, entry.name) !== this.#users)
        .map(async ({ name }) => ({ name, mtimeMs: (await stat(join(this.root, name))).mtimeMs })),
    );
    const isWork = (name: string) => name.startsWith(workPrefix) || name.startsWith(removedPrefix);
    for (const { name, mtimeMs } of entries.filter(({ name }) => isWork(name))) {
      if (Date.now() - mtimeMs > abandonedMs) await rm(join(this.root, name), { recursive: true, force: true });
    }
    const unused = entries.filter(({ name }) => !isWork(name) && !used.has(name));
    const old = unused.sort((a, b) => b.mtimeMs - a.mtimeMs).slice(unusedKept);
    const gone: string[] = [];
    for (const { name } of old) if (await this.#remove(name)) gone.push(name);
    return gone;
  }

  /** Out of sight first: an installer that claims it meanwhile finds it missing, or gets it back. */
  async #remove(name: string): Promise<boolean> {
    const removed = await mkdtemp(join(this.root, removedPrefix));
    const aside = join(removed, name);
    await rename(join(this.root, name), aside);
    const wanted = (await this.#used()).has(name);
    if (wanted) await this.put(aside, join(this.root, name));
    await rm(removed, { recursive: true, force: true });
    return !wanted;
  }

  async #used(): Promise<Set<string>> {
    const files = await readdir(this.#users).catch((error) => (isMissing(error) ? [] : Promise.reject(error)));
    const names = await Promise.all(
      // One that goes meanwhile was the half-written claim of another.
      files.map((file) => readFile(join(this.#users, file), 'utf8').catch(() => '')),
    );
    return new Set(names);
  }

  get #users(): string {
    return join(this.root, '.users');
  }
}

export function storeOf(directory: string): PluginStore {
  return new PluginStore(dirname(directory));
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST');
}
