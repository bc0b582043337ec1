import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkConfig } from './plugin-config.ts';

/** One network of one sandbox: enough to undo it without asking the API server. */
export interface Attachment {
  /** As the pod named it; shown in its status. */
  label: string;
  ifname: string;
  cniArgs: string;
  network: NetworkConfig;
  /** The last plugin's answer; missing while, or if, the attaching did not end. */
  result?: unknown;
}

/** Attachments by sandbox, written before a plugin is called so that DEL undoes half-done work too. */
export class AttachmentStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  read(containerId: string): Attachment[] | undefined {
    try {
      return JSON.parse(readFileSync(this.#path(containerId), 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Written beside and renamed: a killed process leaves the old list or the new one. */
  write(containerId: string, attachments: Attachment[]): void {
    const path = this.#path(containerId);
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, JSON.stringify(attachments), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  forget(containerId: string): void {
    rmSync(this.#path(containerId), { force: true });
  }

  #path(containerId: string): string {
    return join(this.#directory, `${encodeURIComponent(containerId)}.json`);
  }
}
