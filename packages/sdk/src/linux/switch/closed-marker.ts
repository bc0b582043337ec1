/** Remembers, over restarts of plugin and node, that hosts reach the outside by functions only. */
import { existsSync } from 'node:fs';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Of the node, where the plugin's pod has it mounted: what is there outlives a restart of the node. */
const keptDirectory = '/var/lib/dpu-operator/switch';

/** An empty file: that it is there is all it tells. */
export class ClosedMarker {
  readonly #path: string;

  /** @param file Its name there. Default: `closed` */
  constructor(directory: string, file = 'closed') {
    this.#path = join(directory, file);
  }

  /**
   * One that outlives a restart of the node, where that has the directory for it; else, as on a machine for development,
   * it lives as long as the DPU's state.
   *
   * @param owner of the switch's ports, as in its database
   */
  static ofNode(owner: string, stateDirectory: string, kept = keptDirectory): ClosedMarker {
    return existsSync(kept) ? new ClosedMarker(kept, `closed-${owner}`) : new ClosedMarker(stateDirectory);
  }

  /** @throws Error when it cannot be told: then nothing may be opened. */
  async isSet(): Promise<boolean> {
    try {
      await stat(this.#path);
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
      throw error;
    }
  }

  async set(): Promise<void> {
    await writeFile(this.#path, '', { mode: 0o600 });
  }

  async clear(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}
