/**
 * The attachments of this node, on disk and in memory. Writing is synchronous on purpose: between looking for a
 * device's holder and writing down the new one nothing else may run. The directory is under /var/run (tmpfs), where a
 * write takes some 50 µs; like namespaces and links it is gone after a reboot, so nothing is synced.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Attachment, type AttachmentKey, attachment, keyOf } from './attachment.ts';

export class AttachmentStore {
  readonly #directory: string;
  readonly #attachments = new Map<string, Attachment>();
  readonly #listeners = new Set<() => void>();
  readonly #unreadable: { path: string; reason: string }[] = [];

  /** Reads what an earlier daemon left. A file that does not parse is logged and skipped, not removed. */
  constructor(options: { directory: string; logger: Logger }) {
    this.#directory = options.directory;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(this.#directory)) {
      const path = join(this.#directory, name);
      if (name.endsWith('.draft')) {
        rmSync(path, { force: true });
        continue;
      }
      try {
        const found = attachment.parse(JSON.parse(readFileSync(path, 'utf8')));
        this.#attachments.set(keyOf(found), found);
      } catch (error) {
        this.#unreadable.push({ path, reason: error instanceof Error ? error.message : String(error) });
        options.logger.error({ err: error, path }, 'an attachment record cannot be read; its device may stay in use');
      }
    }
  }

  list(): Attachment[] {
    return [...this.#attachments.values()];
  }

  /** Files that should hold an attachment and do not. */
  unreadable(): readonly { path: string; reason: string }[] {
    return this.#unreadable;
  }

  get(key: AttachmentKey): Attachment | undefined {
    return this.#attachments.get(keyOf(key));
  }

  /** Who has the device, or has not given it back completely. */
  holderOf(deviceId: string): Attachment | undefined {
    return this.list().find((found) => found.deviceId === deviceId && !found.deviceIsBack);
  }

  put(record: Attachment): void {
    const path = this.#path(record);
    const write = () => writeFileSync(`${path}.draft`, JSON.stringify(record), { mode: 0o600 });
    try {
      write();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      // An uninstallation that was followed by a new installation took the directory away.
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      write();
    }
    renameSync(`${path}.draft`, path);
    this.#attachments.set(keyOf(record), record);
    this.#tell();
  }

  delete(key: AttachmentKey): void {
    rmSync(this.#path(key), { force: true });
    this.#attachments.delete(keyOf(key));
    this.#tell();
  }

  /** Calls back after each change; returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #path({ containerId, ifName }: AttachmentKey): string {
    return join(this.#directory, `${encodeURIComponent(containerId)}-${encodeURIComponent(ifName)}.json`);
  }
}
