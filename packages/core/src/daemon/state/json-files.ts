/** Small records that outlive the daemon and a loss of power, by key. Read once, at the start. */
import type { Logger } from 'pino';
import type { ZodType } from 'zod';
import { KeyedLock } from './keyed-lock.ts';
import { RecordFiles } from './record-files.ts';
import type { UnreadableRecord } from './set-aside.ts';

export interface JsonFilesOptions {
  logger?: Logger;
  /** Called when {@link JsonFiles.unreadable} answers something else than before. */
  onUnreadable?: () => void;
}

export class JsonFiles<T> {
  readonly #files: RecordFiles<T>;
  readonly #records: Map<string, T>;
  readonly #lock = new KeyedLock();

  constructor(directory: string, schema: ZodType<T>, { logger, onUnreadable }: JsonFilesOptions = {}) {
    this.#files = new RecordFiles({ directory, format: { schema }, logger, onUnreadable });
    this.#records = this.#files.load();
  }

  get(key: string): T | undefined {
    return this.#records.get(key);
  }

  /** All records by key. */
  entries(): [string, T][] {
    return [...this.#records];
  }

  /** Resolves when it is on disk; what is on disk stays where that fails. */
  put(key: string, record: T): Promise<void> {
    return this.#lock.run(key, async () => {
      await this.#files.writeDurably(key, record);
      this.#records.set(key, record);
    });
  }

  delete(key: string): Promise<void> {
    return this.#lock.run(key, async () => {
      this.#files.remove(key);
      this.#records.delete(key);
    });
  }

  /** Files that were set aside. While there are any, absence from these records proves nothing. */
  unreadable(): readonly UnreadableRecord[] {
    return this.#files.unreadable();
  }
}
