/**
 * The attachments of this node, in memory and on disk. Writing is synchronous on purpose: between looking for a
 * device's holder and writing down the new one nothing else may run. The directory is under /var/run (tmpfs), where a
 * write takes some 50 µs; like namespaces and links it is gone after a reboot, so nothing is synced.
 */
import { DpuError } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import { KeyedLock } from '../../state/keyed-lock.ts';
import { RecordFiles } from '../../state/record-files.ts';
import type { UnreadableRecord } from '../../state/set-aside.ts';
import { type Attachment, type AttachmentKey, attachment, keyOf } from './attachment.ts';

export class AttachmentStore {
  /** Held by whoever makes or releases an attachment, by its key. One for all: an engine may end while it works. */
  readonly lock = new KeyedLock();
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #files: RecordFiles<Attachment>;
  readonly #attachments: Map<string, Attachment>;
  readonly #listeners = new Set<() => void>();
  /** Keys whose file does not say what memory says. */
  readonly #unwritten = new Set<string>();

  /** Reads what an earlier daemon left. */
  constructor({ directory, logger }: { directory: string; logger: Logger }) {
    this.#directory = directory;
    this.#logger = logger;
    this.#files = new RecordFiles({
      directory,
      logger,
      format: { schema: attachment, keyOf },
      onUnreadable: () => this.#notify(),
    });
    this.#attachments = this.#files.load();
  }

  list(): Attachment[] {
    return [...this.#attachments.values()];
  }

  get(key: AttachmentKey): Attachment | undefined {
    return this.#attachments.get(keyOf(key));
  }

  /** Who has the device, or has not given it back completely. */
  holderOf(deviceId: string): Attachment | undefined {
    return this.list().find((found) => found.deviceId === deviceId && !found.deviceIsBack);
  }

  /** Files that were set aside. While there are any, absence from the attachments proves nothing. */
  unreadable(): readonly UnreadableRecord[] {
    return this.#files.unreadable();
  }

  /**
   * For what must be written down before it is done: once this returns, the record is on disk, and so is every earlier
   * change.
   *
   * @throws DpuError RESOURCE_EXHAUSTED when it cannot be written, INVALID_ARGUMENT when it could not be read again;
   * nothing has changed then
   */
  put(record: Attachment): void {
    const readable = attachment.safeParse(record);
    if (!readable.success) {
      const [issue] = readable.error.issues;
      throw new DpuError('INVALID_ARGUMENT', `attachment: ${issue?.path.join('.')}: ${issue?.message}`);
    }
    try {
      this.flush();
      this.#files.write(keyOf(record), record);
    } catch (cause) {
      const { message } = cause as Error;
      const what = `the attachment cannot be written down in ${this.#directory}`;
      throw new DpuError('RESOURCE_EXHAUSTED', `${what} (${message}): see the disk`, { cause });
    }
    this.#attachments.set(keyOf(record), record);
    this.#notify();
  }

  /**
   * Changes a record in memory, and on disk as soon as that takes it: a full disk keeps nothing from being undone. A
   * later attachment of the same interface is left alone.
   */
  update(record: Attachment): void {
    if (this.#isReplaced(record)) return;
    this.#attachments.set(keyOf(record), record);
    this.#changed(keyOf(record));
  }

  /** As {@link update}. */
  delete(record: Attachment): void {
    if (this.#isReplaced(record)) return;
    this.#attachments.delete(keyOf(record));
    this.#changed(keyOf(record));
  }

  /** From now on a record that somebody else deletes is written again, until the signal aborts. */
  keepOnDisk(signal: AbortSignal): void {
    if (signal.aborted) return;
    signal.addEventListener('abort', () => this.#files.close(), { once: true });
    this.#files.watch((key) => {
      if (!this.#attachments.has(key)) return;
      this.#logger.warn({ attachment: key }, 'somebody deleted the record of an attachment; it is written again');
      this.#changed(key);
    });
  }

  /** Whether the disk says what memory says. */
  get written(): boolean {
    return this.#unwritten.size === 0;
  }

  /** Writes what could not be written before. @throws what the disk says */
  flush(): void {
    for (const key of this.#unwritten) {
      const record = this.#attachments.get(key);
      if (record) this.#files.write(key, record);
      else this.#files.remove(key);
      this.#unwritten.delete(key);
    }
  }

  /** Calls back after each change, of what is unreadable too; returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #isReplaced(record: Attachment): boolean {
    const present = this.get(record);
    return present !== undefined && present.id !== record.id;
  }

  #changed(key: string): void {
    this.#unwritten.add(key);
    try {
      this.flush();
    } catch (error) {
      this.#logger.error({ err: error, attachment: key }, 'an attachment record cannot be written yet');
    }
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
