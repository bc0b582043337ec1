/** Attachments that nobody will DEL: their namespace is gone, or undoing them failed. */
import { type FSWatcher, mkdirSync, watch } from 'node:fs';
import type { Logger } from 'pino';
import { type Attachment, describe } from './attachment.ts';
import { namespaceId } from './namespace.ts';
import type { AttachmentStore } from './store.ts';

export interface OrphansOptions {
  store: AttachmentStore;
  logger: Logger;
  /** Answers whether there was anything (any more) to release. */
  release: (record: Attachment) => Promise<boolean>;
  /** Where runtimes put the namespaces of pods. */
  directory?: string;
}

const firstRetryMs = 500;
const longestRetryMs = 30_000;

export class Orphans {
  readonly #options: OrphansOptions;
  readonly #directory: string;
  #closed = false;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = firstRetryMs;

  constructor(options: OrphansOptions) {
    this.#options = options;
    this.#directory = options.directory ?? '/var/run/netns';
  }

  /** The kubelet's DEL still comes later, and finds nothing to do. */
  watch(signal: AbortSignal): void {
    if (signal.aborted) return;
    mkdirSync(this.#directory, { recursive: true });
    this.#watcher = watch(this.#directory, () => void this.#releaseLost());
    this.#watcher.on('error', (err) => {
      this.#options.logger.error({ err, directory: this.#directory }, 'cannot watch network namespaces');
    });
    signal.addEventListener('abort', () => this.close(), { once: true });
  }

  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    clearTimeout(this.#timer);
  }

  /** Releases every attachment whose namespace is gone, and what could not be released before. */
  async sweep(): Promise<void> {
    await this.release(this.#options.store.list().filter(({ state }) => state === 'detaching'));
    await this.#releaseLost();
  }

  async #releaseLost(): Promise<void> {
    const records = this.#options.store.list().filter(({ state }) => state === 'attached');
    // One that cannot be looked at counts as there, and does not keep the others.
    const ids = await Promise.all(records.map(({ netns, netnsId }) => namespaceId(netns).catch(() => netnsId)));
    await this.release(records.filter((record, index) => ids[index] !== record.netnsId));
  }

  async release(records: readonly Attachment[]): Promise<void> {
    const { release, logger } = this.#options;
    const attempts = records.map(async (record) => {
      try {
        if (await release(record))
          logger.info({ attachment: describe(record), device: record.deviceId }, 'released without a DEL');
        return true;
      } catch (err) {
        logger.warn({ err, attachment: describe(record), device: record.deviceId }, 'cannot release yet');
        return false;
      }
    });
    if ((await Promise.all(attempts)).includes(false)) this.retryLater();
    else if (records.length > 0) this.#retryMs = firstRetryMs;
  }

  /** Records that stay half undone are tried again, at growing intervals. */
  retryLater(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      void this.sweep();
    }, this.#retryMs);
    this.#timer.unref();
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }
}
