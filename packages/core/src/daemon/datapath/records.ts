/**
 * Versioned records on disk, with a copy in memory for those who look often. What is in memory is on disk: a write that
 * fails (a full disk) throws and changes nothing.
 */
import { DpuError } from '@dpu-operator/sdk';
import type { ZodType } from 'zod';
import { JsonFiles } from '../state/json-files.ts';
import { KeyedLock } from '../state/keyed-lock.ts';

export class Records<T> {
  readonly #files: JsonFiles<T>;
  readonly #what: string;
  readonly #records: Map<string, T>;
  readonly #lock = new KeyedLock();

  /** @param what what a record is of, for errors: `bridge port` */
  constructor(options: { directory: string; schema: ZodType<T>; what: string }) {
    this.#files = new JsonFiles(options.directory, options.schema);
    this.#what = options.what;
    this.#records = new Map(this.#files.entries());
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

  /**
   * Changes one record; changes of one key come one after the other, each to what the last one left.
   *
   * @param change undefined in: there is none; undefined out: there shall be none
   * @throws DpuError RESOURCE_EXHAUSTED when it cannot be written
   */
  update(key: string, change: (record: T | undefined) => T | undefined): Promise<T | undefined> {
    return this.#lock.run(key, async () => {
      const before = this.#records.get(key);
      const after = change(before);
      if (after === before) return after;
      if (after === undefined) {
        await this.#write(key, () => this.#files.delete(key));
        this.#records.delete(key);
      } else {
        await this.#write(key, () => this.#files.put(key, after));
        this.#records.set(key, after);
      }
      return after;
    });
  }

  /** @throws DpuError as {@link Records.update} */
  async put(key: string, record: T): Promise<void> {
    await this.update(key, () => record);
  }

  /** @throws DpuError as {@link Records.update} */
  async delete(key: string): Promise<void> {
    await this.update(key, () => undefined);
  }

  async #write(key: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new DpuError('RESOURCE_EXHAUSTED', `the record of ${this.#what} ${key} cannot be written: ${why}`, {
        cause: error,
      });
    }
  }
}
