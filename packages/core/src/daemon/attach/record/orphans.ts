/** Attachments that nobody will DEL: their namespace is gone, undoing them failed, or their device is still to come back. */
import { type FSWatcher, mkdirSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Logger } from 'pino';
import { backoffDelay } from '../../../retry-backoff.ts';
import { namespaceId } from '../link/namespace.ts';
import type { Released } from '../releaser.ts';
import { type Attachment, describe } from './attachment.ts';
import type { AttachmentStore } from './store.ts';

export interface OrphansOptions {
  store: AttachmentStore;
  logger: Logger;
  /** Undefined where there is nothing (any more) to release. */
  release: (record: Attachment) => Promise<Released | undefined>;
  /** Where runtimes put the namespaces of pods. */
  directory?: string | undefined;
}

/** What of a link's change tells whether a device may be brought back now. */
export interface LinkEvent {
  name: string;
  pciAddress?: string | undefined;
}

const backoff = { initialMs: 500, maxMs: 30_000 };

export class Orphans {
  readonly #options: OrphansOptions;
  readonly #directory: string;
  readonly #unsubscribe: () => void;
  #closed = false;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Attempts in a row after which something is still to be done. */
  #failures = 0;

  constructor(options: OrphansOptions) {
    this.#options = options;
    this.#directory = options.directory ?? '/var/run/netns';
    this.#unsubscribe = options.store.onChange(() => {
      if (!options.store.written) this.retryLater();
    });
  }

  /** The kubelet's DEL still comes later, and finds nothing to do. */
  watch(signal: AbortSignal): void {
    if (signal.aborted) return;
    mkdirSync(this.#directory, { recursive: true });
    this.#watcher = watch(this.#directory, (_event, name) => void this.#namespaceChanged(name));
    this.#watcher.on('error', (err) => {
      this.#options.logger.error({ err, directory: this.#directory }, 'cannot watch network namespaces');
    });
    signal.addEventListener('abort', () => this.close(), { once: true });
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#watcher?.close();
    clearTimeout(this.#timer);
  }

  /** At the start: what an earlier daemon left half done, and every attachment whose namespace is gone. */
  async recover(): Promise<void> {
    await this.retry();
    await this.#releaseLost(this.#attached());
  }

  /** What could not be released or written before. */
  async retry(): Promise<void> {
    if (this.#closed) return;
    const { store } = this.#options;
    try {
      store.flush();
    } catch {
      // The store has said so. Next time, then.
      this.retryLater();
    }
    await this.#release(store.list().filter(({ state }) => state === 'detaching'));
  }

  /** A device may be back, or the name that it had may be free. */
  linkChanged({ name, pciAddress }: LinkEvent): void {
    const awaited = this.#options.store
      .list()
      .filter(({ state, link }) => state === 'detaching' && isEither(link, name, pciAddress));
    void this.#release(awaited);
  }

  /** Records that stay half undone, or unwritten, are tried again, at growing intervals. */
  retryLater(): void {
    if (this.#closed || this.#timer) return;
    this.#failures += 1;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.retry();
      },
      backoffDelay(this.#failures, backoff),
    );
    this.#timer.unref();
  }

  /** Only what may have been there is looked at: a node has many namespaces that come and go. */
  async #namespaceChanged(name: string | null): Promise<void> {
    const watched = basename(this.#directory);
    const concerned = this.#attached().filter(({ netns }) => {
      const isElsewhere = basename(dirname(netns)) !== watched;
      return name === null || isElsewhere || basename(netns) === name;
    });
    await this.#releaseLost(concerned);
  }

  #attached(): Attachment[] {
    return this.#options.store.list().filter(({ state }) => state === 'attached');
  }

  async #releaseLost(records: readonly Attachment[]): Promise<void> {
    // One that cannot be looked at counts as there, and does not keep the others.
    const ids = await Promise.all(records.map(({ netns, netnsId }) => namespaceId(netns).catch(() => netnsId)));
    await this.#release(records.filter((record, index) => ids[index] !== record.netnsId));
  }

  async #release(records: readonly Attachment[]): Promise<void> {
    // Whoever comes after this one does the rest.
    if (this.#closed || records.length === 0) return;
    const done = await Promise.all(records.map((record) => this.#releaseOne(record)));
    if (done.includes(false)) this.retryLater();
    else this.#failures = 0;
  }

  async #releaseOne(record: Attachment): Promise<boolean> {
    const { release, logger } = this.#options;
    const what = { attachment: describe(record), device: record.deviceId };
    try {
      const released = await release(record);
      if (released === 'complete') logger.info(what, 'released without a DEL');
      return released !== 'deviceAwaited';
    } catch (err) {
      logger.warn({ ...what, err }, 'cannot release yet');
      return false;
    }
  }
}

const isEither = (link: Attachment['link'], name: string, pciAddress: string | undefined): boolean =>
  link.name === name || (pciAddress !== undefined && link.pciAddress === pciAddress);
