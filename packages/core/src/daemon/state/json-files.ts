/**
 * Small JSON records on disk, one file each. A record is complete or absent, whatever kills the daemon: it is written
 * beside its place, synced and renamed. Records are only read by the daemon that wrote them, so one that does not
 * parse is treated as absent rather than stopping the start.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ZodType } from 'zod';

export class JsonFiles<T> {
  readonly #directory: string;
  readonly #schema: ZodType<T>;
  #serial = 0;

  constructor(directory: string, schema: ZodType<T>) {
    this.#directory = directory;
    this.#schema = schema;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  get(key: string): T | undefined {
    return this.#read(fileName(key));
  }

  /** All records by key. */
  entries(): [string, T][] {
    const names = readdirSync(this.#directory).filter((name) => name.endsWith('.json'));
    return names.flatMap((name) => {
      const record = this.#read(name);
      return record === undefined ? [] : [[keyOf(name), record] as [string, T]];
    });
  }

  async put(key: string, record: T): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const place = join(this.#directory, fileName(key));
    this.#serial += 1;
    // Apart from the key, whose name may be as long as names can be.
    const draft = join(this.#directory, `${this.#serial}.draft`);
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(record));
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(draft, place);
  }

  async delete(key: string): Promise<void> {
    await rm(join(this.#directory, fileName(key)), { force: true });
  }

  #read(name: string): T | undefined {
    let text: string;
    try {
      text = readFileSync(join(this.#directory, name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return this.#schema.parse(JSON.parse(text));
    } catch {
      return undefined;
    }
  }
}

const fileName = (key: string): string => `${encodeURIComponent(key)}.json`;
const keyOf = (name: string): string => decodeURIComponent(name.slice(0, -'.json'.length));
