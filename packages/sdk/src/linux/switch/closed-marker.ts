/** Remembers, over restarts of plugin and node, that hosts reach the outside by functions only. */
import { existsSync } from 'node:fs';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Of the node, where the plugin's pod has it mounted: what is there outlives a restart of the node. */
const keptDirectory = '/var/lib/dpu-operator/switch';

/** An empty file: that it is there is all it tells. */
export class ClosedMarker {
  readonly #directory: string;
  readonly #file: string;

  /** @param file Its name there. Default: `closed` */
  constructor(directory: string, file = 'closed') {
    this.#directory = directory;
    this.#file = file;
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

  /** The marker of one VLAN, beside this one: what is closed for that alone. */
  ofVlan(vlan: number): ClosedMarker {
    return new ClosedMarker(this.#directory, `${this.#file}-vlan-${vlan}`);
  }

  /** Those whose markers are set. */
  async vlans(): Promise<number[]> {
    const prefix = `${this.#file}-vlan-`;
    const files = (await readdir(this.#directory)).filter((name) => name.startsWith(prefix));
    return files.map((name) => Number(name.slice(prefix.length)));
  }

  /** @throws Error when it cannot be told: then nothing may be opened. */
  async isSet(): Promise<boolean> {
    try {
      await stat(join(this.#directory, this.#file));
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
      throw error;
    }
  }

  async set(): Promise<void> {
    await writeFile(join(this.#directory, this.#file), '', { mode: 0o600 });
  }

  async clear(): Promise<void> {
    await rm(join(this.#directory, this.#file), { force: true });
  }
}
