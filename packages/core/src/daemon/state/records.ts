/**
 * Small records that outlive the daemon and a loss of power, by key. Read once, at the start; from then on memory leads.
 *
 * What is promised is on disk before it is told ({@link Records.update}). What is undone is not held up by a disk that
 * is full ({@link Records.updateEventually}).
 */
import { isDeepStrictEqual } from 'node:util';
import { DpuError } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import type { ZodType } from 'zod';
import { backoffDelay } from '../../retry-backoff.ts';
import { KeyedLock } from './keyed-lock.ts';
import { RecordFiles } from './record-files.ts';
import type { UnreadableRecord } from './set-aside.ts';

export interface RecordsOptions<T> {
  directory: string;
  schema: ZodType<T>;
  /** What a record is of, for errors: `bridge port`. */
  what: string;
  logger: Logger;
  /** Called when {@link Records.unreadable} has changed. */
  onUnreadable?: (() => void) | undefined;
}

const retry = { initialMs: 1_000, maxMs: 60_000 };

export class Records<T> {
  readonly #files: RecordFiles<T>;
  readonly #what: string;
  readonly #logger: Logger;
  readonly #records: Map<string, T>;
  readonly #lock = new KeyedLock();
  /** Keys whose file does not say what memory says, and why. */
  readonly #unwritten = new Map<string, DpuError>();
  #retries = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ directory, schema, what, logger, onUnreadable }: RecordsOptions<T>) {
    this.#files = new RecordFiles({ directory, format: { schema }, logger, onUnreadable });
    this.#what = what;
    this.#logger = logger;
    this.#records = this.#files.load();
    this.#files.watch((key) => void this.#restore(key));
  }

  get(key: string): T | undefined {
    return this.#records.get(key);
  }

  keys(): string[] {
    return [...this.#records.keys()];
  }

  entries(): [string, T][] {
    return [...this.#records];
  }

  values(): T[] {
    return [...this.#records.values()];
  }

  /** Files that were set aside. While there are any, absence from these records proves nothing. */
  unreadable(): readonly UnreadableRecord[] {
    return this.#files.unreadable();
  }

  /**
   * Changes one record; changes of one key come one after the other, each to what the last one left. On disk when it
   * resolves.
   *
   * @param change undefined in: there is none; undefined out: there shall be none
   * @throws DpuError RESOURCE_EXHAUSTED when it cannot be written; nothing has changed then
   */
  update(key: string, change: (record: T | undefined) => T | undefined): Promise<T | undefined> {
    return this.#lock.run(key, async () => {
      const before = this.#records.get(key);
      const after = change(before);
      if (isDeepStrictEqual(after, before) && !this.#unwritten.has(key)) return before;
      await this.#write(key, after);
      this.#remember(key, after);
      return after;
    });
  }

  /** As {@link Records.update}, in memory at once and on disk as soon as that takes it. */
  updateEventually(key: string, change: (record: T | undefined) => T | undefined): Promise<T | undefined> {
    return this.#lock.run(key, async () => {
      const before = this.#records.get(key);
      const after = change(before);
      if (isDeepStrictEqual(after, before) && !this.#unwritten.has(key)) return before;
      this.#remember(key, after);
      await this.#tryToWrite(key);
      return after;
    });
  }

  /** @throws DpuError as {@link Records.update} */
  async put(key: string, record: T): Promise<void> {
    await this.update(key, () => record);
  }

  /** As {@link Records.updateEventually}. */
  async delete(key: string): Promise<void> {
    await this.updateEventually(key, () => undefined);
  }

  /** @throws DpuError RESOURCE_EXHAUSTED where the disk does not say yet what memory says */
  requireWritten(key: string): void {
    const error = this.#unwritten.get(key);
    if (error) throw error;
  }

  /** Writes nothing any more by itself. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#files.close();
  }

  async #restore(key: string): Promise<void> {
    await this.#lock.run(key, async () => {
      if (this.#closed || !this.#records.has(key)) return;
      this.#logger.warn({ key }, `somebody deleted the record of a ${this.#what}; it is written again`);
      await this.#tryToWrite(key);
    });
  }

  #remember(key: string, record: T | undefined): void {
    if (record === undefined) this.#records.delete(key);
    else this.#records.set(key, record);
  }

  async #tryToWrite(key: string): Promise<void> {
    try {
      await this.#write(key, this.#records.get(key));
    } catch (thrown) {
      const error = DpuError.from(thrown);
      if (!this.#unwritten.has(key)) this.#logger.error({ err: error }, 'a record cannot be written yet');
      this.#unwritten.set(key, error);
      this.#retryLater();
    }
  }

  async #write(key: string, record: T | undefined): Promise<void> {
    try {
      if (record === undefined) this.#files.remove(key);
      else await this.#files.writeDurably(key, record);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `the record of ${this.#what} ${key} cannot be written: ${why}`;
      throw new DpuError('RESOURCE_EXHAUSTED', message, { cause });
    }
    this.#unwritten.delete(key);
  }

  /** No event tells that a disk has room again. */
  #retryLater(): void {
    if (this.#timer || this.#closed) return;
    this.#retries += 1;
    this.#timer = setTimeout(() => void this.#retry(), backoffDelay(this.#retries, retry)).unref();
  }

  async #retry(): Promise<void> {
    const keys = [...this.#unwritten.keys()];
    await Promise.all(keys.map((key) => this.#lock.run(key, () => this.#retryOne(key))));
    this.#timer = undefined;
    if (this.#unwritten.size > 0) this.#retryLater();
    else this.#retries = 0;
  }

  /** It may have been written meanwhile. */
  async #retryOne(key: string): Promise<void> {
    if (this.#unwritten.has(key) && !this.#closed) await this.#tryToWrite(key);
  }
}
