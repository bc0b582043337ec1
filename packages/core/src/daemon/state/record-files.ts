/**
 * A directory of records, one file each. A record is complete or absent, whatever kills the daemon: it is written
 * beside its place and renamed. Everything is read once; from then on the caller's memory leads and the disk follows.
 */
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { LostFiles } from './lost-files.ts';
import { encodeRecord, extension, fileNameOf, isFileName, type RecordFormat, readRecord } from './record-file.ts';
import { SetAside, type UnreadableRecord } from './set-aside.ts';

export interface RecordFilesOptions<T> {
  directory: string;
  format: RecordFormat<T>;
  logger?: Logger | undefined;
  /** Called when `unreadable` has changed. */
  onUnreadable?: (() => void) | undefined;
}

const draftExtension = '.draft';

export class RecordFiles<T> {
  readonly #options: RecordFilesOptions<T>;
  readonly #directory: string;
  readonly #setAside: SetAside;
  /** By file name: the key of a record that should be there. */
  readonly #keys = new Map<string, string>();
  #lostFiles: LostFiles | undefined;
  #serial = 0;

  constructor(options: RecordFilesOptions<T>) {
    this.#options = options;
    this.#directory = options.directory;
    this.#setAside = new SetAside(join(this.#directory, 'set-aside'), () => options.onUnreadable?.());
  }

  /** What earlier daemons left. Files that hold no record are set aside; other names than those of records are left alone. */
  load(): Map<string, T> {
    this.#makeDirectory();
    const records = new Map<string, T>();
    const names = readdirSync(this.#directory).sort();
    for (const name of names.filter((its) => its.endsWith(draftExtension))) this.#removeDraft(name);
    const recordNames = names.filter((name) => name.endsWith(extension));
    // First those in their own place: where two files hold one key, that one is newer.
    const inPlace = recordNames.filter((name) => isFileName(name));
    const elsewhere = recordNames.filter((name) => !isFileName(name));
    const paths = [...inPlace, ...elsewhere].map((name) => join(this.#directory, name));
    for (const path of [...paths, ...this.#setAside.paths()]) this.#load(path, records);
    return records;
  }

  /**
   * Calls `onLost` with the key of each record whose file somebody else takes away, until this is closed. The caller's
   * memory leads: it is to write the record again.
   */
  watch(onLost: (key: string) => void): void {
    const lostFiles = new LostFiles(this.#directory, (name) => {
      const key = this.#keys.get(name);
      if (key !== undefined) onLost(key);
    });
    this.#lostFiles = lostFiles;
    for (const name of this.#keys.keys()) lostFiles.expect(name);
  }

  /** Files that should hold a record and do not. While there are any, absence from the records proves nothing. */
  unreadable(): readonly UnreadableRecord[] {
    return this.#setAside.list();
  }

  /** At once; not synced. */
  write(key: string, record: T): void {
    const draft = this.#draft();
    const attempt = () => writeFileSync(draft, encodeRecord(key, record), { mode: 0o600, flag: 'wx' });
    try {
      try {
        attempt();
      } catch (error) {
        if (!isMissing(error)) throw error;
        // An uninstallation that was followed by a new installation took the directory away.
        this.#makeDirectory();
        attempt();
      }
      renameSync(draft, this.#place(key));
      this.#expect(key);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
  }

  /** Resolves when the record outlives a loss of power. */
  async writeDurably(key: string, record: T): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const draft = this.#draft();
    try {
      const file = await open(draft, 'wx', 0o600);
      try {
        await file.writeFile(encodeRecord(key, record));
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(draft, this.#place(key));
      this.#expect(key);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  remove(key: string): void {
    const name = fileNameOf(key);
    this.#keys.delete(name);
    this.#lostFiles?.release(name);
    try {
      unlinkSync(this.#place(key));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  close(): void {
    this.#setAside.close();
    this.#lostFiles?.close();
  }

  #load(path: string, records: Map<string, T>): void {
    try {
      const { key, record } = readRecord(path, this.#options.format);
      const known = records.get(key);
      if (known && !isDeepStrictEqual(known, record)) throw new Error(`another file has the record of ${key}`);
      if (path !== this.#place(key)) {
        if (!known) this.write(key, record);
        rmSync(path);
      }
      records.set(key, record);
      this.#expect(key);
    } catch (error) {
      if (isMissing(error)) return;
      const reason = error instanceof Error ? error.message : String(error);
      const kept = this.#setAside.add(path, reason);
      this.#options.logger?.error({ err: error, path: kept }, 'a record cannot be read and is set aside');
      this.#options.onUnreadable?.();
    }
  }

  /** Whatever else has the name gives way. */
  #makeDirectory(): void {
    const found = lstatSync(this.#directory, { throwIfNoEntry: false });
    if (found && !found.isDirectory()) renameSync(this.#directory, `${this.#directory}.foreign`);
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  #removeDraft(name: string): void {
    try {
      rmSync(join(this.#directory, name), { force: true });
    } catch (error) {
      this.#options.logger?.warn({ err: error, name }, 'a foreign file among the records stays');
    }
  }

  #draft(): string {
    this.#serial += 1;
    return join(this.#directory, `${this.#serial}${draftExtension}`);
  }

  #expect(key: string): void {
    const name = fileNameOf(key);
    this.#keys.set(name, key);
    this.#lostFiles?.expect(name);
  }

  #place(key: string): string {
    return join(this.#directory, fileNameOf(key));
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';
